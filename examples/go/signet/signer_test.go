package signet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// identities opens what SIGNET_TEST_URIS names, one URI a line.
func identities(t *testing.T) []*Identity {
	source, err := NewSource(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close() // identities outlive it
	uris := strings.Fields(os.Getenv("SIGNET_TEST_URIS"))
	if len(uris) == 0 {
		t.Fatal("SIGNET_TEST_URIS names no identity")
	}
	var opened []*Identity
	for _, uri := range uris {
		identity, err := source.Open(uri)
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, identity)
	}
	return opened
}

var text = []byte("what is signed")

func digestOf(hash crypto.Hash) []byte {
	hasher := hash.New()
	hasher.Write(text)
	return hasher.Sum(nil)
}

// verify says what is wrong with a signature.
func verify(key crypto.PublicKey, input, signature []byte, options crypto.SignerOpts) error {
	ok := false
	switch public := key.(type) {
	case *rsa.PublicKey:
		if pss, is := options.(*rsa.PSSOptions); is {
			return rsa.VerifyPSS(public, options.HashFunc(), input, signature, pss)
		}
		return rsa.VerifyPKCS1v15(public, options.HashFunc(), input, signature)
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(public, input, signature)
	case ed25519.PublicKey:
		ok = ed25519.Verify(public, input, signature)
	}
	if !ok {
		return errors.New("the signature is wrong")
	}
	return nil
}

func optionsFor(key crypto.PublicKey) []crypto.SignerOpts {
	hashes := []crypto.SignerOpts{crypto.SHA256, crypto.SHA384, crypto.SHA512}
	switch key.(type) {
	case *rsa.PublicKey:
		return append(hashes, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256},
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA384},
			&rsa.PSSOptions{SaltLength: sha512.Size, Hash: crypto.SHA512})
	case *ecdsa.PublicKey:
		return hashes
	case ed25519.PublicKey:
		return []crypto.SignerOpts{crypto.Hash(0)}
	}
	return nil
}

func TestSignaturesAreThoseOfThePublicKey(t *testing.T) {
	for _, identity := range identities(t) {
		var signer crypto.Signer = identity
		tried := optionsFor(signer.Public())
		if len(tried) == 0 {
			t.Errorf("%s: %T is no key", identity.URI(), signer.Public())
		}
		for _, options := range tried {
			input := text
			if options.HashFunc() != 0 {
				input = digestOf(options.HashFunc())
			}
			signature, err := signer.Sign(rand.Reader, input, options)
			if err == nil {
				err = verify(signer.Public(), input, signature, options)
			}
			if err == nil {
				signature, err = identity.SignMessage(rand.Reader, text, options)
			}
			if err == nil {
				err = verify(signer.Public(), input, signature, options)
			}
			if err != nil {
				t.Errorf("%s: %#v: %v", identity.URI(), options, err)
			}
		}
	}
}

func TestBareInputIsPaddedByPkcs1(t *testing.T) {
	for _, identity := range identities(t) {
		public, is := identity.Public().(*rsa.PublicKey)
		if !is {
			continue
		}
		signature, err := identity.Sign(nil, text, crypto.Hash(0))
		if err == nil {
			err = rsa.VerifyPKCS1v15(public, 0, text, signature)
		}
		if err != nil {
			t.Errorf("%s: %v", identity.URI(), err)
		}
	}
}

func TestWhatAKeyCannotSignIsAnErrorWithAHint(t *testing.T) {
	for _, identity := range identities(t) {
		var options crypto.SignerOpts = crypto.MD5
		input := make([]byte, 16)
		switch identity.Public().(type) {
		case *rsa.PublicKey:
			options, input = &rsa.PSSOptions{SaltLength: 7, Hash: crypto.SHA256}, make([]byte, sha256.Size)
		case ed25519.PublicKey:
			options, input = crypto.SHA512, make([]byte, sha512.Size) // Ed25519ph
		}
		var failed *Error
		if _, err := identity.Sign(rand.Reader, input, options); !errors.As(err, &failed) {
			t.Errorf("%s: %v", identity.URI(), err)
		} else if failed.Code != Unsupported || failed.Detail == "" || failed.Hint == "" {
			t.Errorf("%s: %+v", identity.URI(), failed)
		}
	}
}

func TestADigestOfAnotherLengthIsRefused(t *testing.T) {
	for _, identity := range identities(t) {
		if _, is := identity.Public().(ed25519.PublicKey); is {
			continue // signs messages of any length
		}
		for _, input := range [][]byte{nil, make([]byte, 31)} {
			var failed *Error
			if _, err := identity.Sign(nil, input, crypto.SHA256); !errors.As(err, &failed) || failed.Code != BadArgument {
				t.Errorf("%s: %v", identity.URI(), err)
			}
		}
	}
}

func TestAUriWithANulNamesNoOtherFile(t *testing.T) {
	source, err := NewSource(Options{})
	if err != nil {
		t.Fatal(err)
	}
	var failed *Error
	if _, err := source.Open("pkcs12:/a\x00b"); !errors.As(err, &failed) || failed.Code != BadURI {
		t.Error(err)
	}
}

func TestListingGivesIdentitiesAndProblems(t *testing.T) {
	source, err := NewSource(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, identity := range identities(t) {
		listed, problems, err := source.List(identity.URI())
		if err != nil || len(listed) == 0 && len(problems) == 0 {
			t.Errorf("%s: %v %v %v", identity.URI(), listed, problems, err)
		}
	}
	if _, problems, err := source.List("pkcs12:/nowhere.p12"); err != nil || len(problems) != 1 {
		t.Error(problems, err)
	}
	source.Close()
	if _, _, err := source.List("pkcs11:"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAnIdentityMayBeClosedWhileOthersSign(t *testing.T) {
	for _, identity := range identities(t) {
		options, input := optionsFor(identity.Public())[0], digestOf(crypto.SHA256)
		var signing sync.WaitGroup
		for i := 0; i < 8; i++ {
			signing.Add(1)
			go func() {
				defer signing.Done()
				for {
					if _, err := identity.Sign(nil, input, options); err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Errorf("%s: %v", identity.URI(), err)
						}
						return
					}
				}
			}()
		}
		for i := 0; i < 20; i++ {
			if _, err := identity.Sign(nil, input, options); err != nil {
				t.Error(err)
			}
		}
		identity.Close()
		identity.Close()
		signing.Wait()
	}
}

func TestWhatIsForgottenIsFreed(t *testing.T) {
	released := make(chan struct{})
	func() {
		prompt := Prompt(func(PINRequest) ([]byte, bool) { return nil, false })
		marker := new([64]byte)
		runtime.SetFinalizer(marker, func(*[64]byte) { close(released) })
		source, err := NewSource(Options{Prompt: func(r PINRequest) ([]byte, bool) {
			_ = marker[0]
			return prompt(r)
		}})
		if err != nil {
			t.Fatal(err)
		}
		uri := strings.Fields(os.Getenv("SIGNET_TEST_URIS"))[0]
		if _, err := source.Open(uri); err != nil {
			t.Fatal(err)
		}
	}()
	for i := 0; i < 100; i++ {
		runtime.GC()
		select {
		case <-released:
			return
		default:
			runtime.Gosched()
		}
	}
	t.Error("the prompt is still held")
}
