//! Fetches a page from a server that asks for a client certificate:
//!   rust_client HOST PORT CA.pem IDENTITY-URI...

use rustls::pki_types::{pem::PemObject, CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use signet_rustls::{PinRequest, PromptBy, Resolver, Source};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use zeroize::Zeroizing;

type AnyError = Box<dyn std::error::Error>;

/// Reads a PIN from the terminal, or from whatever standard input is.
fn ask(request: &PinRequest) -> Option<Zeroizing<Vec<u8>>> {
    eprint!("PIN or password for {}: ", request.name);
    let stty = |mode| Command::new("stty").arg(mode).stderr(std::process::Stdio::null()).status(); // no terminal: fails
    let _ = stty("-echo");
    let (mut pin, mut next) = (Zeroizing::new(Vec::with_capacity(64)), [0]);
    let mut complete = false;
    while !complete && matches!(std::io::stdin().read(&mut next), Ok(1)) {
        complete = next[0] == b'\n';
        if !complete {
            pin.push(next[0]);
        }
    }
    let _ = stty("echo");
    eprintln!();
    complete.then_some(pin)
}

fn connect(host: &str, port: &str, trust: &str, resolver: Arc<Resolver>) -> Result<String, AnyError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(trust)? {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_client_cert_resolver(resolver);
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned())?)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(format!("{host}:{port}"))?);
    write!(stream, "GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut page = Vec::new();
    match stream.read_to_end(&mut page) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof || page.is_empty() => Err(error.into()),
        _ => Ok(String::from_utf8_lossy(&page).into_owned()), // many servers of HTTP/1.0 just hang up
    }
}

fn fetch(host: &str, port: &str, trust: &str, uris: &[String]) -> Result<String, AnyError> {
    let source = Source::with_prompt(PromptBy::Person, Box::new(ask))?;
    let identities = uris.iter().map(|uri| source.open(uri)).collect::<Result<Vec<_>, _>>()?;
    let resolver = Arc::new(Resolver::new(identities));
    connect(host, port, trust, resolver.clone()).map_err(|error| match resolver.explain_last() {
        Some(why) => format!("{error}\n{why}").into(),
        None => error,
    })
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, host, port, trust, uris @ ..] = arguments.as_slice() else {
        eprintln!("usage: rust_client HOST PORT CA.pem IDENTITY-URI...");
        return ExitCode::from(2);
    };
    match fetch(host, port, trust, uris) {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
