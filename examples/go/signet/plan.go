package signet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
)

// inputKind is what a crypto.Signer was given to sign.
type inputKind int

const (
	message  inputKind = iota
	digested           // a digest by the scheme's hash
	unhashed           // anything, for PKCS#1 v1.5
)

// plan is how the C interface signs what crypto.Signer was asked for.
type plan struct {
	input  inputKind
	scheme tls.SignatureScheme
}

// hashRow has the schemes with one hash; 0 for none.
type hashRow struct {
	hash              crypto.Hash
	pkcs1, pss, ecdsa tls.SignatureScheme
}

var hashRows = []hashRow{
	{crypto.SHA1, tls.PKCS1WithSHA1, 0, tls.ECDSAWithSHA1},
	{crypto.SHA224, 0x0301, 0, 0x0303},
	{crypto.SHA256, tls.PKCS1WithSHA256, tls.PSSWithSHA256, tls.ECDSAWithP256AndSHA256},
	{crypto.SHA384, tls.PKCS1WithSHA384, tls.PSSWithSHA384, tls.ECDSAWithP384AndSHA384},
	{crypto.SHA512, tls.PKCS1WithSHA512, tls.PSSWithSHA512, tls.ECDSAWithP521AndSHA512},
}

func rowOf(hash crypto.Hash) hashRow {
	for _, row := range hashRows {
		if row.hash == hash {
			return row
		}
	}
	return hashRow{hash: hash}
}

// planFor says how a key signs; an *Error where it cannot.
func planFor(key crypto.PublicKey, options crypto.SignerOpts) (plan, error) {
	hash := options.HashFunc()
	way := plan{input: digested}
	switch key.(type) {
	case *rsa.PublicKey:
		if pss, ok := options.(*rsa.PSSOptions); ok {
			if err := checkSalt(pss, hash); err != nil {
				return plan{}, err
			}
			way.scheme = rowOf(hash).pss
		} else if hash == 0 || hash == crypto.MD5SHA1 {
			return plan{input: unhashed}, nil
		} else {
			way.scheme = rowOf(hash).pkcs1
		}
	case *ecdsa.PublicKey:
		way.scheme = rowOf(hash).ecdsa
	case ed25519.PublicKey:
		if hash == 0 {
			return plan{message, tls.Ed25519}, nil
		}
	default:
		return plan{}, unsupported("Go has no type for the public key", "Use an RSA, ECDSA or Ed25519 key.")
	}
	if way.scheme == 0 {
		return plan{}, unsupported(fmt.Sprintf("a key of type %T does not sign digests by hash %v", key, hash),
			"Sign with SHA-256, or with Ed25519 the message itself.")
	}
	return way, nil
}

// checkSalt refuses salts that are not as long as the hash, the only ones of TLS. PSSSaltLengthAuto leaves
// the length to the signer.
func checkSalt(options *rsa.PSSOptions, hash crypto.Hash) error {
	length := options.SaltLength
	if length == rsa.PSSSaltLengthAuto || length == rsa.PSSSaltLengthEqualsHash {
		return nil
	}
	if hash.Available() && length == hash.Size() {
		return nil
	}
	return unsupported(fmt.Sprintf("a PSS salt of %d bytes", length), "Use rsa.PSSSaltLengthEqualsHash.")
}
