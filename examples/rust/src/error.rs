use crate::ffi;
use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_char;

/// What went wrong, in the terms that a user can act on. Further values may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub u32);

/// The codes, as signet.h has them.
impl ErrorCode {
    pub const CERTIFICATE_ONLY: Self = Self(0);
    pub const KEY_ONLY: Self = Self(1);
    pub const NO_SIGNING_KEY: Self = Self(2);
    pub const KEY_CERTIFICATE_MISMATCH: Self = Self(3);
    pub const WRONG_PASSWORD: Self = Self(4);
    pub const WRONG_PIN: Self = Self(5);
    pub const PIN_NEEDED: Self = Self(6);
    pub const PIN_LOCKED: Self = Self(7);
    pub const PIN_FINAL_TRY: Self = Self(8);
    pub const MALFORMED: Self = Self(9);
    pub const TOO_COSTLY: Self = Self(10);
    pub const UNSUPPORTED: Self = Self(11);
    pub const NOT_FOUND: Self = Self(12);
    pub const AMBIGUOUS: Self = Self(13);
    pub const UNREADABLE: Self = Self(14);
    pub const TOKEN_ABSENT: Self = Self(15);
    pub const TOKEN_TROUBLE: Self = Self(16);
    pub const MODULE_TROUBLE: Self = Self(17);
    pub const BAD_URI: Self = Self(18);
    pub const BAD_SETTING: Self = Self(19);
    pub const BAD_ARGUMENT: Self = Self(20);
    pub const TIMEOUT: Self = Self(21);
    pub const HANDSHAKE: Self = Self(22);
    pub const UNTRUSTED_SERVER: Self = Self(23);
    pub const NETWORK: Self = Self(24);
    pub const INTERNAL: Self = Self(25);
    pub const APPLICATION: Self = Self(26);
}

/// An error of the library, as text the detail and the hint.
#[derive(Debug, Clone)]
pub struct Error {
    pub code: ErrorCode,
    /// Of the code: "wrong-pin".
    pub name: String,
    /// What happened.
    pub detail: String,
    /// What to do about it.
    pub hint: String,
    /// Concerned, without PIN; empty for none.
    pub uri: String,
    pub token: String,
    /// What the failed call returned, such as a CKR_ code; 0 for none.
    pub native_code: u64,
    message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

    /// rustls passes the error on; use `downcast_ref` to get it back.
impl From<Error> for rustls::Error {
    fn from(error: Error) -> Self {
        rustls::Error::Other(rustls::OtherError(std::sync::Arc::new(error)))
    }
}

impl Error {
    /// Takes over an error that a failed function has returned.
    pub(crate) fn take(error: *mut ffi::signet_error) -> Self {
        // SAFETY: all functions take NULL, and what they return lives until the error is freed.
        unsafe {
            let taken = Self {
                code: ErrorCode(ffi::signet_error_get_code(error)),
                name: text(ffi::signet_error_name(error)),
                detail: text(ffi::signet_error_detail(error)),
                hint: text(ffi::signet_error_hint(error)),
                uri: text(ffi::signet_error_uri(error)),
                token: text(ffi::signet_error_token(error)),
                native_code: ffi::signet_error_native_code(error).into(),
                message: text(ffi::signet_error_message(error)),
            };
            ffi::signet_error_free(error);
            taken
        }
    }

    /// An error of this crate.
    pub(crate) fn new(code: ErrorCode, detail: &CStr) -> Self {
        // SAFETY: NULL selects the code's default hint.
        Self::take(unsafe { ffi::signet_error_new(code.0, detail.as_ptr(), std::ptr::null()) })
    }

    pub(crate) fn no_memory() -> Self {
        Self::new(ErrorCode::INTERNAL, c"no memory is left")
    }
}

/// Copies a text that belongs to an object.
///
/// # Safety
/// `from` ends with a NUL.
pub(crate) unsafe fn text(from: *const c_char) -> String {
    CStr::from_ptr(from).to_string_lossy().into_owned()
}
