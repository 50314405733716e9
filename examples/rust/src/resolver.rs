use crate::error::{text, Error};
use crate::ffi;
use crate::identity::Identity;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::SignatureScheme;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

/// Answers servers that ask for a client certificate with the identity that fits best, or with none: a server that only
/// asks goes on then.
#[derive(Debug)]
pub struct Resolver {
    identities: Vec<Identity>,
    last: Mutex<Option<String>>,
}

/// What was chosen, and why.
struct Choice {
    chosen: Option<(Identity, SignatureScheme)>,
    explanation: String,
}

impl Resolver {
    pub fn new(identities: Vec<Identity>) -> Self {
        Self { identities, last: Mutex::new(None) }
    }

    /// Tells for each identity why it was chosen or not for the server that asked last; None where no server asked.
    pub fn explain_last(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn select(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Result<Choice, Error> {
        let request = Request::new(version_of(schemes))?;
        let pointers: Vec<_> = self.identities.iter().map(Identity::as_ptr).collect();
        let mut error = null_mut();
        // SAFETY: request, names and identities live during the calls, and the choice until it is freed.
        unsafe {
            let authorities_added =
                authorities.iter().all(|name| ffi::signet_request_add_authority(request.0, name.as_ptr(), name.len()));
            let schemes_added =
                schemes.iter().all(|scheme| ffi::signet_request_add_scheme(request.0, u16::from(*scheme)));
            if !authorities_added || !schemes_added {
                return Err(Error::no_memory());
            }
            let choice = ffi::signet_select(request.0, pointers.as_ptr(), pointers.len(), &mut error);
            if choice.is_null() {
                return Err(Error::take(error));
            }
            let identity = ffi::signet_choice_identity(choice);
            let scheme = SignatureScheme::from(ffi::signet_choice_scheme(choice));
            let made = Choice {
                chosen: if identity.is_null() { None } else { Some((Identity::copy(identity), scheme)) },
                explanation: text(ffi::signet_choice_explain(choice)),
            };
            ffi::signet_choice_free(choice);
            Ok(made)
        }
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let (chosen, explanation) = match self.select(authorities, schemes) {
            Ok(choice) => (choice.chosen, choice.explanation),
            Err(error) => (None, error.to_string()),
        };
        *self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(explanation);
        chosen.map(|(identity, scheme)| Arc::new(identity.certified_key(vec![scheme])))
    }

    fn has_certs(&self) -> bool {
        !self.identities.is_empty()
    }
}

/// rustls does not tell the version. For TLS 1.3 it leaves away the schemes that only earlier versions have: SHA-1, and
/// RSA without PSS.
fn version_of(schemes: &[SignatureScheme]) -> u16 {
    let earlier =
        |scheme: &SignatureScheme| matches!(u16::from(*scheme) >> 8, 0x02 | 0x03) || u16::from(*scheme) & 0xff == 1;
    if schemes.iter().any(earlier) {
        TLS12
    } else {
        TLS13
    }
}

/// Owns a request.
struct Request(*mut ffi::signet_request);

impl Request {
    fn new(version: u16) -> Result<Self, Error> {
        // SAFETY: takes any number.
        let request = unsafe { ffi::signet_request_new(version) };
        if request.is_null() {
            return Err(Error::no_memory());
        }
        Ok(Self(request))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // SAFETY: it is ours, and used no more.
        unsafe { ffi::signet_request_free(self.0) }
    }
}
