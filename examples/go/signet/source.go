// Package signet makes the TLS client identities of Signet a crypto.Signer and the answer to
// tls.Config.GetClientCertificate, wherever their private keys live. All types may be used from any
// goroutine.
package signet

/*
#cgo pkg-config: signet
#include <stdlib.h>
#include <signet/signet.h>

// Written in Go, in prompt.go. A handle is a number, never a Go pointer.
extern bool signetGoPrompt(const signet_pin_request *asked, signet_pin *answer, uintptr_t handle);
extern void signetGoRelease(uintptr_t handle);

static bool ask(const signet_pin_request *asked, signet_pin *answer, void *data) {
  return signetGoPrompt(asked, answer, (uintptr_t)data);
}
static void release(void *data) { signetGoRelease((uintptr_t)data); }

static signet_source *new_asking_source(const signet_settings *settings, signet_prompt_by by, uintptr_t handle,
                                        signet_error **error) {
  return signet_source_new_owning(settings, ask, by, (void *)handle, release, error);
}
*/
import "C"

import (
	"runtime/cgo"
	"strings"
	"unsafe"
)

// newText copies a URI for C; an error where C would see the end of it too early.
func newText(uri string) (*C.char, error) {
	if strings.ContainsRune(uri, 0) {
		return nil, newError(BadURI, "bad-uri", "the URI has a NUL in it", "Write a NUL as %00.")
	}
	return C.CString(uri), nil
}

func freeText(text *C.char) { C.free(unsafe.Pointer(text)) }

// Options of a Source. The zero value has the user's settings, and PINs from URIs and settings only.
type Options struct {
	Settings        map[string]string // on top of the user's, under the names of openssl.cnf
	Prompt          Prompt
	PromptByProgram bool // no person answers: a PIN is sent to a token once
}

// Source turns URIs into identities.
type Source struct {
	object *object[*C.signet_source]
}

// NewSource opens nothing yet.
func NewSource(options Options) (*Source, error) {
	var failed *C.signet_error
	settings := C.signet_settings_new(&failed)
	if settings == nil {
		return nil, failure(failed)
	}
	defer C.signet_settings_free(settings)
	for name, value := range options.Settings {
		if err := set(settings, name, value); err != nil {
			return nil, err
		}
	}
	var source *C.signet_source
	if options.Prompt == nil {
		source = C.signet_source_new(settings, nil, C.SIGNET_PROMPT_BY_PROGRAM, nil, &failed)
	} else {
		by := C.signet_prompt_by(C.SIGNET_PROMPT_BY_PERSON)
		if options.PromptByProgram {
			by = C.SIGNET_PROMPT_BY_PROGRAM
		}
		source = C.new_asking_source(settings, by, C.uintptr_t(cgo.NewHandle(options.Prompt)), &failed)
	}
	if source == nil {
		return nil, failure(failed)
	}
	return &Source{newObject(source, func(s *C.signet_source) { C.signet_source_free(s) })}, nil
}

func set(settings *C.signet_settings, name, value string) error {
	key, text := C.CString(name), C.CString(value)
	defer freeText(key)
	defer freeText(text)
	var failed *C.signet_error
	C.signet_settings_set(settings, key, text, &failed)
	return takeError(failed)
}

// Open gives the one identity that a pkcs11: or pkcs12: URI names.
func (s *Source) Open(uri string) (identity *Identity, err error) {
	text, err := newText(uri)
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	err = s.object.use(func(source *C.signet_source) error {
		var failed *C.signet_error
		opened := C.signet_source_open(source, text, &failed)
		if opened == nil {
			return failure(failed)
		}
		identity = newIdentity(opened)
		return nil
	})
	return identity, err
}

// List gives all identities that a URI matches, and what is wrong with tokens and files that it matches.
func (s *Source) List(uri string) (identities []*Identity, problems []error, err error) {
	text, err := newText(uri)
	if err != nil {
		return nil, nil, err
	}
	defer freeText(text)
	err = s.object.use(func(source *C.signet_source) error {
		var failed *C.signet_error
		listing := C.signet_source_list(source, text, &failed)
		if listing == nil {
			return failure(failed)
		}
		defer C.signet_listing_free(listing)
		for i := C.size_t(0); i < C.signet_listing_identity_count(listing); i++ {
			identities = append(identities, copyIdentity(C.signet_listing_identity(listing, i)))
		}
		for i := C.size_t(0); i < C.signet_listing_problem_count(listing); i++ {
			problems = append(problems, copyError(C.signet_listing_problem(listing, i)))
		}
		return nil
	})
	return identities, problems, err
}

// Close frees the source; its identities stay.
func (s *Source) Close() { s.object.close() }
