package signet

// #include <signet/signet.h>
import "C"

import (
	"crypto/tls"
	"fmt"
	"sync"
)

// goSchemes is what crypto/tls signs with as a client.
var goSchemes = []tls.SignatureScheme{
	tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512, tls.PKCS1WithSHA256, tls.PKCS1WithSHA384,
	tls.PKCS1WithSHA512, tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512,
	tls.Ed25519, tls.PKCS1WithSHA1, tls.ECDSAWithSHA1,
}

// Choice is what a server's request was answered with.
type Choice struct {
	Identity    *Identity // its certificates are the path to send; nil where nothing fits
	Scheme      tls.SignatureScheme
	Explanation string // a line for each identity: why it was chosen or not
}

// Select chooses the identity that answers a request of a server. It asks no token and no file.
func Select(request *tls.CertificateRequestInfo, identities []*Identity) (*Choice, error) {
	asked := C.signet_request_new(C.uint16_t(request.Version))
	defer C.signet_request_free(asked)
	added := C.bool(asked != nil)
	for _, name := range request.AcceptableCAs {
		added = added && (len(name) == 0 || C.signet_request_add_authority(asked, bytesOf(name), C.size_t(len(name))))
	}
	for _, scheme := range request.SignatureSchemes {
		added = added && C.signet_request_add_scheme(asked, C.uint16_t(scheme))
	}
	for _, scheme := range goSchemes {
		added = added && C.signet_request_add_stack_scheme(asked, C.uint16_t(scheme))
	}
	if !added {
		return nil, errNoMemory
	}
	return selectAmong(asked, identities)
}

func selectAmong(asked *C.signet_request, identities []*Identity) (*Choice, error) {
	var held []*C.signet_identity // references of our own: nobody frees them meanwhile
	defer func() {
		for _, identity := range held {
			C.signet_identity_free(identity)
		}
	}()
	for _, identity := range identities {
		err := identity.object.use(func(pointer *C.signet_identity) error {
			held = append(held, C.signet_identity_copy(pointer))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var first **C.signet_identity
	if len(held) > 0 {
		first = &held[0]
	}
	var failed *C.signet_error
	made := C.signet_select(asked, first, C.size_t(len(held)), &failed)
	if made == nil {
		return nil, failure(failed)
	}
	defer C.signet_choice_free(made)
	return &Choice{
		Identity:    copyIdentity(C.signet_choice_identity(made)),
		Scheme:      tls.SignatureScheme(C.signet_choice_scheme(made)),
		Explanation: C.GoString(C.signet_choice_explain(made)),
	}, nil
}

// Selector answers the servers of a tls.Config:
//
//	config.GetClientCertificate = selector.GetClientCertificate
type Selector struct {
	identities []*Identity
	mutex      sync.Mutex
	last       *Choice
}

// NewSelector chooses among identities, which must not be closed before the last handshake.
func NewSelector(identities ...*Identity) *Selector { return &Selector{identities: identities} }

// GetClientCertificate answers with the identity that fits best, or with none: a server that does not require one then continues.
func (s *Selector) GetClientCertificate(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	choice, err := Select(request, s.identities)
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	s.last = choice
	s.mutex.Unlock()
	if choice.Identity == nil {
		return &tls.Certificate{}, nil
	}
	certificate := choice.Identity.TLS(choice.Scheme)
	possible := *request
	possible.AcceptableCAs = nil // compared above, by the rules for names of RFC 5280
	if err := possible.SupportsCertificate(certificate); err != nil {
		return nil, fmt.Errorf("signet: %s: %w", choice.Identity.Subject(), err)
	}
	return certificate, nil
}

// LastChoice is the answer to the server that asked last; nil where none did.
func (s *Selector) LastChoice() *Choice {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.last
}
