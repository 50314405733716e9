//! Identities of Signet for rustls: certificates with private keys that live in smartcards, HSMs and files.

mod error;
mod ffi;
mod identity;
mod resolver;
mod source;

pub use error::{Error, ErrorCode};
pub use identity::Identity;
pub use resolver::Resolver;
pub use source::{PinKind, PinRequest, Prompt, PromptBy, Source};
