use crate::error::{text, Error, ErrorCode};
use crate::ffi;
use crate::identity::Identity;
use std::ffi::{c_void, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut, NonNull};
use zeroize::Zeroizing;

/// Which PIN is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinKind {
    User,
    /// Of a key that asks at every signature.
    Context,
    SecurityOfficer,
    /// Of a PKCS#12 file.
    Password,
}

/// What a prompt is asked for.
#[derive(Debug)]
pub struct PinRequest {
    pub kind: PinKind,
    /// The token's label, or the file's path.
    pub name: String,
    pub uri: String,
    /// A wrong PIN was entered since the last right one.
    pub count_low: bool,
    /// One more wrong PIN locks the token.
    pub final_try: bool,
}

/// Answers with a PIN, or declines. It is called from any thread, and must not use the token that it is asked for. A
/// panic declines.
pub type Prompt = Box<dyn Fn(&PinRequest) -> Option<Zeroizing<Vec<u8>>> + Send + Sync>;

/// Who answers. A program's answer is sent to a token once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptBy {
    Person,
    Program,
}

/// Turns URIs into identities, with the user's settings.
#[derive(Debug)]
pub struct Source(NonNull<ffi::signet_source>);

// SAFETY: signet.h allows any thread at the same time.
unsafe impl Send for Source {}
unsafe impl Sync for Source {}

impl Source {
    /// Opens nothing yet. PINs come from URIs and settings.
    pub fn new() -> Result<Self, Error> {
        let mut error = null_mut();
        // SAFETY: NULL selects the user's settings, and no prompt.
        let source =
            unsafe { ffi::signet_source_new(null(), None, ffi::SIGNET_PROMPT_BY_PROGRAM, null_mut(), &mut error) };
        NonNull::new(source).map(Self).ok_or_else(|| Error::take(error))
    }

    /// As `new`; other PINs come from the prompt, which is dropped with the last identity of the source.
    pub fn with_prompt(by: PromptBy, prompt: Prompt) -> Result<Self, Error> {
        let by = match by {
            PromptBy::Person => ffi::SIGNET_PROMPT_BY_PERSON,
            PromptBy::Program => ffi::SIGNET_PROMPT_BY_PROGRAM,
        };
        let data = Box::into_raw(Box::new(prompt)).cast();
        let mut error = null_mut();
        // SAFETY: `release` frees the data once, also where no source is made.
        let source = unsafe { ffi::signet_source_new_owning(null(), Some(ask), by, data, Some(release), &mut error) };
        NonNull::new(source).map(Self).ok_or_else(|| Error::take(error))
    }

    /// Gives the one identity that a pkcs11: or pkcs12: URI names.
    pub fn open(&self, uri: &str) -> Result<Identity, Error> {
        let uri = CString::new(uri).map_err(|_| Error::new(ErrorCode::BAD_URI, c"the URI has a NUL in it"))?;
        let mut error = null_mut();
        // SAFETY: the source lives, and the URI is a text that ends with a NUL.
        let identity = unsafe { ffi::signet_source_open(self.0.as_ptr(), uri.as_ptr(), &mut error) };
        NonNull::new(identity).map(Identity::own).ok_or_else(|| Error::take(error))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: it is ours, and used no more.
        unsafe { ffi::signet_source_free(self.0.as_ptr()) }
    }
}

extern "C" fn ask(request: *const ffi::signet_pin_request, pin: *mut ffi::signet_pin, data: *mut c_void) -> bool {
    // SAFETY: `data` is what with_prompt made, and request and pin live during the call.
    unsafe {
        let prompt = &*data.cast::<Prompt>();
        let asked = PinRequest {
            kind: match ffi::signet_pin_request_kind(request) {
                1 => PinKind::Context,
                2 => PinKind::SecurityOfficer,
                3 => PinKind::Password,
                _ => PinKind::User,
            },
            name: text(ffi::signet_pin_request_name(request)),
            uri: text(ffi::signet_pin_request_uri(request)),
            count_low: ffi::signet_pin_request_count_low(request),
            final_try: ffi::signet_pin_request_final_try(request),
        };
        // A panic must not pass through C.
        let answer = catch_unwind(AssertUnwindSafe(|| prompt(&asked))).unwrap_or(None);
        answer.is_some_and(|bytes| ffi::signet_pin_set(pin, bytes.as_ptr().cast(), bytes.len()))
    }
}

extern "C" fn release(data: *mut c_void) {
    // SAFETY: called once, with what with_prompt made.
    let prompt = unsafe { Box::from_raw(data.cast::<Prompt>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(prompt)));
}
