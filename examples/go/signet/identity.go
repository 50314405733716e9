package signet

// #include <signet/signet.h>
import "C"

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"io"
	"unsafe"
)

// Identity is a certificate chain and a private-key operation. It is a crypto.Signer.
type Identity struct {
	object       *object[*C.signet_identity]
	public       crypto.PublicKey
	uri, subject string
	certificates [][]byte
}

// newIdentity takes ownership of an identity.
func newIdentity(from *C.signet_identity) *Identity {
	identity := &Identity{
		uri:     C.GoString(C.signet_identity_uri(from)),
		subject: C.GoString(C.signet_identity_subject(from)),
	}
	var size C.size_t
	for i := C.size_t(0); i < C.signet_identity_certificate_count(from); i++ {
		der := C.signet_identity_certificate(from, i, &size)
		identity.certificates = append(identity.certificates, C.GoBytes(unsafe.Pointer(der), C.int(size)))
	}
	der := C.signet_identity_public_key(from, &size)
	identity.public, _ = x509.ParsePKIXPublicKey(C.GoBytes(unsafe.Pointer(der), C.int(size)))
	identity.object = newObject(from, func(i *C.signet_identity) { C.signet_identity_free(i) })
	return identity
}

// copyIdentity gives an identity that belongs to another object a life of its own; nil for none.
func copyIdentity(from *C.signet_identity) *Identity {
	if from == nil {
		return nil
	}
	if copied := C.signet_identity_copy(from); copied != nil {
		return newIdentity(copied)
	}
	panic(errNoMemory) // as Go itself does
}

// URI names exactly this identity, without PIN.
func (i *Identity) URI() string { return i.uri }

// Subject of the certificate, as RFC 4514 writes it.
func (i *Identity) Subject() string { return i.subject }

// Certificates are DER, the leaf first.
func (i *Identity) Certificates() [][]byte { return i.certificates }

// Public gives a *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey, and nil for keys that Go does not
// have.
func (i *Identity) Public() crypto.PublicKey { return i.public }

// Unlock logs in to the token, so that Sign asks for nothing more.
func (i *Identity) Unlock() error {
	return i.object.use(func(identity *C.signet_identity) error {
		var failed *C.signet_error
		C.signet_identity_unlock(identity, &failed)
		return takeError(failed)
	})
}

// Sign signs a digest by PKCS#1 v1.5, PSS or ECDSA, or a message by Ed25519, as crypto.Signer says. It waits
// for the token, and asks the Prompt where that wants a PIN. The reader may be nil.
func (i *Identity) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	way, err := planFor(i.public, options)
	if err != nil {
		return nil, err
	}
	return i.sign(way, digest)
}

// SignMessage is Sign for a message that is not hashed yet, as crypto.MessageSigner of Go 1.25 says. It also
// works with tokens that hash by themselves, which sign no digests.
func (i *Identity) SignMessage(_ io.Reader, whole []byte, options crypto.SignerOpts) ([]byte, error) {
	way, err := planFor(i.public, options)
	if err != nil {
		return nil, err
	}
	if way.input == digested {
		way.input = message
	}
	return i.sign(way, whole)
}

func (i *Identity) sign(way plan, data []byte) (signature []byte, err error) {
	err = i.object.use(func(identity *C.signet_identity) error {
		signature = make([]byte, C.signet_identity_max_signature_size(identity))
		scheme, input, size := C.uint16_t(way.scheme), bytesOf(data), C.size_t(len(data))
		output, capacity := bytesOf(signature), C.size_t(len(signature))
		var failed *C.signet_error
		var length C.size_t
		switch way.input {
		case message:
			length = C.signet_identity_sign(identity, scheme, input, size, output, capacity, &failed)
		case digested:
			length = C.signet_identity_sign_digest(identity, scheme, input, size, output, capacity, &failed)
		case unhashed:
			length = C.signet_identity_sign_pkcs1(identity, input, size, output, capacity, &failed)
		}
		signature = signature[:length]
		return takeError(failed)
	})
	if err != nil {
		return nil, err
	}
	return signature, nil
}

// Close frees the identity. A key that is in use stays until its signatures have ended.
func (i *Identity) Close() { i.object.close() }

// TLS is the identity for crypto/tls, which signs with one of the schemes; none: as it likes.
func (i *Identity) TLS(schemes ...tls.SignatureScheme) *tls.Certificate {
	return &tls.Certificate{Certificate: i.certificates, PrivateKey: i, SupportedSignatureAlgorithms: schemes}
}

// bytesOf points to bytes for the time of one call; nil for none.
func bytesOf(bytes []byte) *C.uint8_t {
	if len(bytes) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&bytes[0]))
}
