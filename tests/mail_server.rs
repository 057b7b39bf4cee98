//! A mail server: SMTP with STARTTLS, TLS and AUTH, that can be told to misbehave.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How the server comes to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    None,
    /// Once the client asks for it.
    StartTls,
    /// From the first byte on.
    Tls,
}

/// What the server is like.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub security: Security,
    /// The user and the password of those who may send.
    pub login: (&'static str, &'static str),
    /// How a command is answered, if not well; an empty answer is silence.
    pub instead: Option<(&'static str, &'static str)>,
}

impl Behaviour {
    pub fn good(security: Security) -> Self {
        Self {
            security,
            login: ("samara", "hunter2"),
            instead: None,
        }
    }
}

/// A mail that the server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub encrypted: bool,
    pub authenticated: bool,
    pub from: String,
    pub to: Vec<String>,
    pub text: String,
}

pub struct MailServer {
    port: u16,
    mails: Receiver<Mail>,
}

impl MailServer {
    pub fn start(behaviour: Behaviour) -> Self {
        Self::start_at("127.0.0.1:0", behaviour)
    }

    pub fn start_at(address: &str, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(address).expect("the port is free and may be taken");
        let port = listener.local_addr().expect("bound").port();
        let (send, mails) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let session = Session {
                    behaviour: behaviour.clone(),
                    encrypted: false,
                    authenticated: false,
                    mails: send.clone(),
                };
                // A client that goes away is none of the server's business.
                let _ = session.serve(stream.expect("a client"));
            }
        });
        Self { port, mails }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// All mails so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.try_iter().collect()
    }
}

/// The certificate of whoever signed the server's.
pub fn authority() -> PathBuf {
    certificate("ca.pem")
}

/// A certificate or key of these tests.
pub fn certificate(name: &str) -> PathBuf {
    let mail = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/mail");
    PathBuf::from(mail).join(name)
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn encrypted(stream: TcpStream) -> Box<dyn Stream> {
    let chain = CertificateDer::from_pem_file(certificate("localhost.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(certificate("localhost.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a key for the certificate");
    let connection = ServerConnection::new(Arc::new(config)).expect("a connection");
    Box::new(StreamOwned::new(connection, stream))
}

struct Session {
    behaviour: Behaviour,
    encrypted: bool,
    authenticated: bool,
    mails: Sender<Mail>,
}

impl Session {
    fn serve(mut self, stream: TcpStream) -> std::io::Result<()> {
        let again = stream.try_clone()?;
        if self.behaviour.security == Security::Tls {
            self.encrypted = true;
            return self.converse(encrypted(stream), true).map(drop);
        }
        if self.converse(Box::new(stream), true)? {
            self.encrypted = true;
            self.converse(encrypted(again), false)?;
        }
        Ok(())
    }

    /// Answers until the client goes, or asks for TLS: then it says so.
    fn converse(&mut self, stream: Box<dyn Stream>, greet: bool) -> std::io::Result<bool> {
        let mut stream = BufReader::new(stream);
        if greet {
            self.answer(&mut stream, "GREETING", "220 localhost ready")?;
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        while let Some(line) = next_line(&mut stream)? {
            let command = line.split(' ').next().unwrap_or_default().to_uppercase();
            let good = match command.as_str() {
                "EHLO" => self.greeting(),
                "STARTTLS" => "220 go on".to_owned(),
                "AUTH" => self.authenticate(&line),
                "MAIL" if !self.may_send() => "530 authentication required".to_owned(),
                "MAIL" => {
                    from = address(&line);
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    to.push(address(&line));
                    "250 ok".to_owned()
                }
                "DATA" => "354 go on".to_owned(),
                "QUIT" => "221 bye".to_owned(),
                _ => "500 what?".to_owned(),
            };
            let is_good = self.answer(&mut stream, &command, &good)?;
            match command.as_str() {
                "STARTTLS" if is_good => return Ok(true),
                "QUIT" => return Ok(false),
                "DATA" if is_good => {
                    let text = message(&mut stream)?;
                    if self.answer(&mut stream, "MESSAGE", "250 taken")? {
                        let mail = Mail {
                            encrypted: self.encrypted,
                            authenticated: self.authenticated,
                            from: from.clone(),
                            to: std::mem::take(&mut to),
                            text,
                        };
                        let _ = self.mails.send(mail);
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// Passwords are for those who are alone with the server.
    fn greeting(&self) -> String {
        match (self.behaviour.security, self.encrypted) {
            (Security::StartTls, false) => "250-localhost\r\n250 STARTTLS",
            _ => "250-localhost\r\n250 AUTH PLAIN LOGIN",
        }
        .to_owned()
    }

    fn may_send(&self) -> bool {
        self.authenticated || self.behaviour.login.0.is_empty()
    }

    fn authenticate(&mut self, line: &str) -> String {
        let (user, password) = self.behaviour.login;
        let expected = base64(format!("\0{user}\0{password}").as_bytes());
        self.authenticated = line == format!("AUTH PLAIN {expected}");
        match self.authenticated {
            true => "235 welcome".to_owned(),
            false => format!("535 no such user or password: {line}"),
        }
    }

    /// Answers well, or as the server was told to. Says whether it was well.
    fn answer(
        &self,
        stream: &mut BufReader<Box<dyn Stream>>,
        command: &str,
        good: &str,
    ) -> std::io::Result<bool> {
        let instead = self.behaviour.instead.filter(|(at, _)| *at == command);
        let text = instead.map_or(good, |(_, text)| text);
        if text.is_empty() {
            thread::sleep(Duration::from_secs(60));
        }
        write!(stream.get_mut(), "{text}\r\n")?;
        stream.get_mut().flush()?;
        Ok(instead.is_none())
    }
}

fn next_line(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line)?;
    Ok((length > 0).then(|| line.trim_end().to_owned()))
}

fn message(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<String> {
    let mut text = String::new();
    while let Some(line) = next_line(stream)?.filter(|line| line != ".") {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// What stands between `<` and `>`.
fn address(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(String::new(), |(address, _)| address.to_owned())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunks = bytes.chunks(3).map(|chunk| {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        let digit = |place: usize| match place <= chunk.len() {
            true => char::from(DIGITS[(bits >> (18 - 6 * place)) as usize & 63]),
            false => '=',
        };
        String::from_iter([0, 1, 2, 3].map(digit))
    });
    chunks.collect()
}
