// Command go_client fetches a page from a server that asks for a client certificate:
//
//	go_client HOST PORT CA.pem IDENTITY-URI...
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"

	"example.org/signet/signet"
)

// ask reads a PIN from the terminal, or from whatever standard input is.
func ask(request signet.PINRequest) ([]byte, bool) {
	fmt.Fprintf(os.Stderr, "PIN or password for %s: ", request.Name)
	stty("-echo")
	defer stty("echo")
	var pin []byte
	for next := make([]byte, 1); ; pin = append(pin, next[0]) {
		if _, err := os.Stdin.Read(next); err != nil || next[0] == '\n' {
			fmt.Fprintln(os.Stderr)
			return pin, err == nil
		}
	}
}

func stty(mode string) {
	command := exec.Command("stty", mode)
	command.Stdin = os.Stdin
	_ = command.Run() // fails where there is no terminal
}

func fetch(host, port, trust string, uris []string) error {
	source, err := signet.NewSource(signet.Options{Prompt: ask})
	if err != nil {
		return err
	}
	defer source.Close()
	var identities []*signet.Identity
	for _, uri := range uris {
		identity, err := source.Open(uri)
		if err != nil {
			return err
		}
		defer identity.Close()
		identities = append(identities, identity)
	}
	pem, err := os.ReadFile(trust)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)

	selector := signet.NewSelector(identities...)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, GetClientCertificate: selector.GetClientCertificate}}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("https://" + net.JoinHostPort(host, port) + "/")
	if err != nil {
		if choice := selector.LastChoice(); choice != nil {
			return fmt.Errorf("%w\n%s", err, choice.Explanation)
		}
		return err
	}
	defer response.Body.Close()
	var page bytes.Buffer
	_, err = io.Copy(&page, response.Body)
	fmt.Printf("%s %s\n%s", response.Proto, response.Status, page.String())
	return err
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: go_client HOST PORT CA.pem IDENTITY-URI...")
		os.Exit(2)
	}
	if err := fetch(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
