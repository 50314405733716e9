use crate::error::{text, Error};
use crate::ffi;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use std::fmt;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// A certificate chain and a private-key operation. It is a key of rustls. Clones are the same
/// identity, and cheap.
pub struct Identity(NonNull<ffi::signet_identity>);

// SAFETY: signet.h allows any thread at the same time.
unsafe impl Send for Identity {}
unsafe impl Sync for Identity {}

// In all functions of the C interface that are called below, the identity lives, and what it returns lives as long.
impl Identity {
    /// Takes over an identity.
    pub(crate) fn own(from: NonNull<ffi::signet_identity>) -> Self {
        Self(from)
    }

    /// A further reference to an identity that belongs to another object.
    ///
    /// # Safety
    /// `from` lives, and is not NULL.
    pub(crate) unsafe fn copy(from: *const ffi::signet_identity) -> Self {
        Self(NonNull::new(ffi::signet_identity_copy(from)).expect("memory"))
    }

    pub(crate) fn as_ptr(&self) -> *const ffi::signet_identity {
        self.0.as_ptr()
    }

    /// Names exactly this identity, without PIN.
    pub fn uri(&self) -> String {
        unsafe { text(ffi::signet_identity_uri(self.as_ptr())) }
    }

    /// Of the certificate, as RFC 4514 writes it.
    pub fn subject(&self) -> String {
        unsafe { text(ffi::signet_identity_subject(self.as_ptr())) }
    }

    /// The leaf first.
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let count = unsafe { ffi::signet_identity_certificate_count(self.as_ptr()) };
        let certificate = |index| unsafe {
            let mut size = 0;
            let bytes = ffi::signet_identity_certificate(self.as_ptr(), index, &mut size);
            CertificateDer::from(std::slice::from_raw_parts(bytes, size).to_vec())
        };
        (0..count).map(certificate).collect()
    }

    /// What the key can sign with, best first.
    pub fn schemes(&self) -> Result<Vec<SignatureScheme>, Error> {
        let (mut numbers, mut error) = ([0u16; 64], null_mut());
        let count =
            unsafe { ffi::signet_identity_schemes(self.as_ptr(), numbers.as_mut_ptr(), numbers.len(), &mut error) };
        if !error.is_null() {
            return Err(Error::take(error));
        }
        Ok(numbers.iter().take(count).map(|number| SignatureScheme::from(*number)).collect())
    }

    /// Logs in to the token, so that `sign` asks for nothing more.
    pub fn unlock(&self) -> Result<(), Error> {
        let mut error = null_mut();
        match unsafe { ffi::signet_identity_unlock(self.as_ptr(), &mut error) } {
            true => Ok(()),
            false => Err(Error::take(error)),
        }
    }

    /// Signs a message. It waits for the token, and asks the prompt where that wants a PIN.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; unsafe { ffi::signet_identity_max_signature_size(self.as_ptr()) }];
        let mut error = null_mut();
        let size = unsafe {
            ffi::signet_identity_sign(
                self.as_ptr(),
                scheme.into(),
                message.as_ptr(),
                message.len(),
                signature.as_mut_ptr(),
                signature.len(),
                &mut error,
            )
        };
        if !error.is_null() {
            return Err(Error::take(error));
        }
        signature.truncate(size);
        Ok(signature)
    }

    /// The identity for rustls, which signs with one of these schemes.
    pub fn certified_key(&self, schemes: Vec<SignatureScheme>) -> CertifiedKey {
        CertifiedKey::new(self.certificates(), Arc::new(Key { identity: self.clone(), schemes }))
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        unsafe { Self::copy(self.as_ptr()) }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        unsafe { ffi::signet_identity_free(self.0.as_ptr()) }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Identity").field(&self.subject()).finish()
    }
}

/// An identity's key, and what it may sign with.
#[derive(Debug)]
struct Key {
    identity: Identity,
    schemes: Vec<SignatureScheme>,
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.schemes.iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(SchemeSigner { identity: self.identity.clone(), scheme }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let mut size = 0;
        let bytes = unsafe { ffi::signet_identity_public_key(self.identity.as_ptr(), &mut size) };
        (!bytes.is_null()).then(|| unsafe { std::slice::from_raw_parts(bytes, size) }.into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.schemes.first().map_or(0, |scheme| u16::from(*scheme)) {
            0x0807 => SignatureAlgorithm::ED25519,
            0x0808 => SignatureAlgorithm::ED448,
            number if number >> 8 < 8 && number & 0xff == 3 => SignatureAlgorithm::ECDSA,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

/// A key with the scheme that it signs with.
#[derive(Debug)]
struct SchemeSigner {
    identity: Identity,
    scheme: SignatureScheme,
}

impl Signer for SchemeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(self.identity.sign(self.scheme, message)?)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
