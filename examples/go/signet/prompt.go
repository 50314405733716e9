package signet

/*
#include <signet/signet.h>

// Go cannot write const: this type gives the functions below the signature that signet.h wants.
typedef const signet_pin_request *pin_request_pointer;
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// PINKind is which PIN is asked for.
type PINKind int

// The kinds, as signet.h has them.
const (
	UserPIN            PINKind = C.SIGNET_PIN_USER
	ContextPIN         PINKind = C.SIGNET_PIN_CONTEXT
	SecurityOfficerPIN PINKind = C.SIGNET_PIN_SECURITY_OFFICER
	Password           PINKind = C.SIGNET_PIN_PASSWORD
)

// PINRequest is what a Prompt is asked for.
type PINRequest struct {
	Kind     PINKind
	Name     string // the token's label, or the file's path
	URI      string
	CountLow bool // a wrong PIN was entered since the last right one
	FinalTry bool // one more wrong PIN locks the token
}

// Prompt answers with a PIN, which is overwritten with zeros after use, or declines with false. It is called
// from any goroutine, and must not use the token that it is asked for.
type Prompt func(PINRequest) (pin []byte, ok bool)

//export signetGoPrompt
func signetGoPrompt(asked C.pin_request_pointer, answer *C.signet_pin, handle C.uintptr_t) C.bool {
	pin, ok := cgo.Handle(handle).Value().(Prompt)(PINRequest{
		Kind:     PINKind(C.signet_pin_request_kind(asked)),
		Name:     C.GoString(C.signet_pin_request_name(asked)),
		URI:      C.GoString(C.signet_pin_request_uri(asked)),
		CountLow: bool(C.signet_pin_request_count_low(asked)),
		FinalTry: bool(C.signet_pin_request_final_try(asked)),
	})
	defer func() {
		for i := range pin {
			pin[i] = 0
		}
	}()
	if !ok {
		return false
	}
	var bytes *C.char
	if len(pin) > 0 {
		bytes = (*C.char)(unsafe.Pointer(&pin[0]))
	}
	return C.signet_pin_set(answer, bytes, C.size_t(len(pin)))
}

//export signetGoRelease
func signetGoRelease(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
