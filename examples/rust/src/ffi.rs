//! The functions of signet/signet.h that this crate calls. The header says what each does.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_uint, c_ulong, c_void};

macro_rules! opaque {
    ($($name:ident),*) => { $(#[repr(C)] pub struct $name { _private: [u8; 0] })* };
}
opaque!(
    signet_error,
    signet_settings,
    signet_source,
    signet_identity,
    signet_request,
    signet_choice,
    signet_pin_request,
    signet_pin
);

pub type signet_prompt =
    extern "C" fn(request: *const signet_pin_request, pin: *mut signet_pin, data: *mut c_void) -> bool;
pub const SIGNET_PROMPT_BY_PERSON: c_uint = 0;
pub const SIGNET_PROMPT_BY_PROGRAM: c_uint = 1;

extern "C" {
    pub fn signet_error_get_code(error: *const signet_error) -> c_uint;
    pub fn signet_error_name(error: *const signet_error) -> *const c_char;
    pub fn signet_error_message(error: *const signet_error) -> *const c_char;
    pub fn signet_error_detail(error: *const signet_error) -> *const c_char;
    pub fn signet_error_hint(error: *const signet_error) -> *const c_char;
    pub fn signet_error_uri(error: *const signet_error) -> *const c_char;
    pub fn signet_error_token(error: *const signet_error) -> *const c_char;
    pub fn signet_error_native_code(error: *const signet_error) -> c_ulong;
    pub fn signet_error_new(code: c_uint, detail: *const c_char, hint: *const c_char) -> *mut signet_error;
    pub fn signet_error_free(error: *mut signet_error);

    pub fn signet_pin_request_kind(request: *const signet_pin_request) -> c_uint;
    pub fn signet_pin_request_name(request: *const signet_pin_request) -> *const c_char;
    pub fn signet_pin_request_uri(request: *const signet_pin_request) -> *const c_char;
    pub fn signet_pin_request_count_low(request: *const signet_pin_request) -> bool;
    pub fn signet_pin_request_final_try(request: *const signet_pin_request) -> bool;
    pub fn signet_pin_set(pin: *mut signet_pin, bytes: *const c_char, size: usize) -> bool;

    pub fn signet_source_new(
        settings: *const signet_settings,
        prompt: Option<signet_prompt>,
        by: c_uint,
        data: *mut c_void,
        error: *mut *mut signet_error,
    ) -> *mut signet_source;
    pub fn signet_source_new_owning(
        settings: *const signet_settings,
        prompt: Option<signet_prompt>,
        by: c_uint,
        data: *mut c_void,
        release: Option<extern "C" fn(data: *mut c_void)>,
        error: *mut *mut signet_error,
    ) -> *mut signet_source;
    pub fn signet_source_open(
        source: *const signet_source,
        uri: *const c_char,
        error: *mut *mut signet_error,
    ) -> *mut signet_identity;
    pub fn signet_source_free(source: *mut signet_source);

    pub fn signet_identity_copy(identity: *const signet_identity) -> *mut signet_identity;
    pub fn signet_identity_free(identity: *mut signet_identity);
    pub fn signet_identity_uri(identity: *const signet_identity) -> *const c_char;
    pub fn signet_identity_subject(identity: *const signet_identity) -> *const c_char;
    pub fn signet_identity_certificate_count(identity: *const signet_identity) -> usize;
    pub fn signet_identity_certificate(identity: *const signet_identity, index: usize, size: *mut usize) -> *const u8;
    pub fn signet_identity_public_key(identity: *const signet_identity, size: *mut usize) -> *const u8;
    pub fn signet_identity_schemes(
        identity: *const signet_identity,
        schemes: *mut u16,
        capacity: usize,
        error: *mut *mut signet_error,
    ) -> usize;
    pub fn signet_identity_unlock(identity: *const signet_identity, error: *mut *mut signet_error) -> bool;
    pub fn signet_identity_max_signature_size(identity: *const signet_identity) -> usize;
    pub fn signet_identity_sign(
        identity: *const signet_identity,
        scheme: u16,
        message: *const u8,
        message_size: usize,
        signature: *mut u8,
        capacity: usize,
        error: *mut *mut signet_error,
    ) -> usize;

    pub fn signet_request_new(protocol_version: u16) -> *mut signet_request;
    pub fn signet_request_add_authority(request: *mut signet_request, name: *const u8, size: usize) -> bool;
    pub fn signet_request_add_scheme(request: *mut signet_request, scheme: u16) -> bool;
    pub fn signet_request_free(request: *mut signet_request);
    pub fn signet_select(
        request: *const signet_request,
        identities: *const *const signet_identity,
        count: usize,
        error: *mut *mut signet_error,
    ) -> *mut signet_choice;
    pub fn signet_choice_identity(choice: *const signet_choice) -> *const signet_identity;
    pub fn signet_choice_scheme(choice: *const signet_choice) -> u16;
    pub fn signet_choice_explain(choice: *const signet_choice) -> *const c_char;
    pub fn signet_choice_free(choice: *mut signet_choice);
}

// The enums of signet.h have only values from 0 on: C compilers make them as wide as int.
const _: () = assert!(std::mem::size_of::<c_uint>() == std::mem::size_of::<c_int>());
