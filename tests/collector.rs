//! An OTLP receiver over HTTP: what an OpenTelemetry Collector gets, in protobuf or JSON, and all that a server may do instead of taking it.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::received::{Received, Request};
pub use crate::received::{attributes, counter_points, histogram_points};
use crate::telemetry::client_certificate;

/// What a server does with a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A status, such as `404 Not Found`, further lines of the head, and a body.
    Status(&'static str, &'static str, Vec<u8>),
    /// A good answer, after a while.
    Late(Duration),
    /// These bytes, and the end of the connection.
    Bytes(&'static [u8]),
    /// Nothing at all.
    Silence,
}

impl Answer {
    pub fn taken() -> Self {
        Self::Status(
            "200 OK",
            "Content-Type: application/x-protobuf\r\n",
            Vec::new(),
        )
    }
}

/// Whom the server lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Everybody, without encryption.
    Plain,
    /// Everybody, with a certificate that few trust.
    Tls,
    /// Those who have a certificate of its authority.
    Mutual,
}

/// A receiver on a port of its own, for as long as the tests run.
pub struct Collector {
    address: SocketAddr,
    security: Security,
    received: Received,
}

impl Collector {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::answering(Security::Plain, |_| Answer::taken())
    }

    /// One that answers each request by its number.
    pub fn answering(
        security: Security,
        answer: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (received, answer) = (Received::default(), Arc::new(answer));
        thread::spawn({
            let received = received.clone();
            move || {
                for stream in listener.incoming() {
                    let (stream, received) = (stream.expect("a client"), received.clone());
                    let answer = Arc::clone(&answer);
                    // A client that goes away is none of the server's business.
                    thread::spawn(move || {
                        let _ = serve(secured(stream, security), &received, answer.as_ref());
                    });
                }
            }
        });
        Self {
            address,
            security,
            received,
        }
    }

    /// Where it is, by a name that its certificate has.
    pub fn url(&self) -> String {
        match self.security {
            Security::Plain => format!("http://{}", self.address),
            _ => format!("https://localhost:{}", self.address.port()),
        }
    }

    /// The flags that send traces and metrics here.
    pub fn flags(&self) -> [String; 2] {
        let url = self.url();
        [
            format!("--otlp-traces-endpoint={url}/v1/traces"),
            format!("--otlp-metrics-endpoint={url}/v1/metrics"),
        ]
    }
}

impl Deref for Collector {
    type Target = Received;

    fn deref(&self) -> &Received {
        &self.received
    }
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn secured(stream: TcpStream, security: Security) -> Box<dyn Stream> {
    if security == Security::Plain {
        return Box::new(stream);
    }
    let connection = ServerConnection::new(Arc::new(tls(security))).expect("a connection");
    Box::new(StreamOwned::new(connection, stream))
}

fn tls(security: Security) -> ServerConfig {
    let [chain, key] = ["localhost.pem", "localhost.key"].map(crate::mail_server::certificate);
    let chain = CertificateDer::from_pem_file(chain).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS");
    let builder = match security {
        Security::Mutual => {
            let mut clients = RootCertStore::empty();
            let authority = CertificateDer::from_pem_file(client_certificate("clients.pem"));
            clients
                .add(authority.expect("a certificate"))
                .expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(clients.into(), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
        _ => builder.with_no_client_auth(),
    };
    builder
        .with_single_cert(vec![chain], key)
        .expect("a key for the certificate")
}

fn serve(
    stream: Box<dyn Stream>,
    received: &Received,
    answer: &dyn Fn(usize) -> Answer,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read(&mut stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            // What servers say to those who speak something else, such as TLS.
            Err(_) => {
                let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
                return stream.get_mut().write_all(answer);
            }
        };
        let number = received.add(request);
        let (status, head, body) = match answer(number) {
            Answer::Status(status, head, body) => (status, head, body),
            Answer::Late(delay) => {
                thread::sleep(delay);
                ("200 OK", "", Vec::new())
            }
            Answer::Bytes(bytes) => return stream.get_mut().write_all(bytes),
            Answer::Silence => {
                thread::sleep(Duration::from_secs(60));
                return Ok(());
            }
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n");
        stream
            .get_mut()
            .write_all(&[head.as_bytes(), &body].concat())?;
        stream.get_mut().flush()?;
    }
}

fn read(stream: &mut BufReader<Box<dyn Stream>>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut body)?;
    if headers.get("content-encoding").map(String::as_str) == Some("gzip") {
        let packed = std::mem::take(&mut body);
        GzDecoder::new(&packed[..]).read_to_end(&mut body)?;
    }
    Ok(Some(Request {
        path,
        headers,
        body,
    }))
}
