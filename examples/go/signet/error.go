package signet

// #include <signet/signet.h>
import "C"

// ErrorCode is what went wrong, in the terms that a user can act on. Further values may come.
type ErrorCode int

// The codes, as signet.h has them.
const (
	CertificateOnly        ErrorCode = C.SIGNET_ERROR_CERTIFICATE_ONLY
	KeyOnly                ErrorCode = C.SIGNET_ERROR_KEY_ONLY
	NoSigningKey           ErrorCode = C.SIGNET_ERROR_NO_SIGNING_KEY
	KeyCertificateMismatch ErrorCode = C.SIGNET_ERROR_KEY_CERTIFICATE_MISMATCH
	WrongPassword          ErrorCode = C.SIGNET_ERROR_WRONG_PASSWORD
	WrongPIN               ErrorCode = C.SIGNET_ERROR_WRONG_PIN
	PINNeeded              ErrorCode = C.SIGNET_ERROR_PIN_NEEDED
	PINLocked              ErrorCode = C.SIGNET_ERROR_PIN_LOCKED
	PINFinalTry            ErrorCode = C.SIGNET_ERROR_PIN_FINAL_TRY
	Malformed              ErrorCode = C.SIGNET_ERROR_MALFORMED
	TooCostly              ErrorCode = C.SIGNET_ERROR_TOO_COSTLY
	Unsupported            ErrorCode = C.SIGNET_ERROR_UNSUPPORTED
	NotFound               ErrorCode = C.SIGNET_ERROR_NOT_FOUND
	Ambiguous              ErrorCode = C.SIGNET_ERROR_AMBIGUOUS
	Unreadable             ErrorCode = C.SIGNET_ERROR_UNREADABLE
	TokenAbsent            ErrorCode = C.SIGNET_ERROR_TOKEN_ABSENT
	TokenTrouble           ErrorCode = C.SIGNET_ERROR_TOKEN_TROUBLE
	ModuleTrouble          ErrorCode = C.SIGNET_ERROR_MODULE_TROUBLE
	BadURI                 ErrorCode = C.SIGNET_ERROR_BAD_URI
	BadSetting             ErrorCode = C.SIGNET_ERROR_BAD_SETTING
	BadArgument            ErrorCode = C.SIGNET_ERROR_BAD_ARGUMENT
	Timeout                ErrorCode = C.SIGNET_ERROR_TIMEOUT
	Handshake              ErrorCode = C.SIGNET_ERROR_HANDSHAKE
	UntrustedServer        ErrorCode = C.SIGNET_ERROR_UNTRUSTED_SERVER
	Network                ErrorCode = C.SIGNET_ERROR_NETWORK
	Internal               ErrorCode = C.SIGNET_ERROR_INTERNAL
	Application            ErrorCode = C.SIGNET_ERROR_APPLICATION
)

// Error is an error of the library. Find it with errors.As.
type Error struct {
	Code       ErrorCode
	Name       string // of the code: "wrong-pin"
	Detail     string // what happened
	Hint       string // what to do about it
	URI, Token string // concerned, without PIN; empty for none
	NativeCode uint64 // what the failed call returned, such as a CKR_ code; 0 for none
	message    string
}

func (e *Error) Error() string { return e.message }

// copyError gives a copy of an error, which stays its owner's; nil for none.
func copyError(from *C.signet_error) error {
	if from == nil {
		return nil
	}
	return &Error{
		Code:       ErrorCode(C.signet_error_get_code(from)),
		Name:       C.GoString(C.signet_error_name(from)),
		Detail:     C.GoString(C.signet_error_detail(from)),
		Hint:       C.GoString(C.signet_error_hint(from)),
		URI:        C.GoString(C.signet_error_uri(from)),
		Token:      C.GoString(C.signet_error_token(from)),
		NativeCode: uint64(C.signet_error_native_code(from)),
		message:    C.GoString(C.signet_error_message(from)),
	}
}

// takeError gives an error that a call may have returned, and frees it; nil for none.
func takeError(from *C.signet_error) error {
	defer C.signet_error_free(from)
	return copyError(from)
}

// failure is takeError of a call that failed.
func failure(from *C.signet_error) error {
	if err := takeError(from); err != nil {
		return err
	}
	return errNoMemory
}

// errNoMemory is what is left to say where there was no memory for an error either.
var errNoMemory = newError(Internal, "internal", "no memory is left", "Free memory.")

// newError makes an error of this package.
func newError(code ErrorCode, name, detail, hint string) *Error {
	return &Error{Code: code, Name: name, Detail: detail, Hint: hint, message: detail + ". " + hint}
}

func unsupported(detail, hint string) error {
	return newError(Unsupported, "unsupported", detail, hint)
}
