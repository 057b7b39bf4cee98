//! Alerts by e-mail, over SMTP.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::address::AddressError;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, SmtpTransport};
use lettre::{Message as Email, Transport as _};
use thiserror::Error;
use uuid::Uuid;

use super::channel::Message;
use super::model::EmailChannel;
use crate::client;
use crate::interrupt::{self, Unfinished};
use crate::variables::{self, VariableError};

/// Time for each exchange with the server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Time for all of them: a server that goes on talking is not listened to for ever.
const LIMIT: Duration = Duration::from_secs(30);

/// Why an e-mail could not be sent.
#[derive(Debug, Error)]
pub(crate) enum EmailError {
    #[error(transparent)]
    Variable(#[from] VariableError),
    #[error("`{field}` is no e-mail address: {source}")]
    Address {
        field: &'static str,
        source: AddressError,
    },
    #[error("the e-mail cannot be written: {0}")]
    Content(#[from] lettre::error::Error),
    #[error("TLS cannot be set up: {0}")]
    Tls(SmtpError),
    #[error("{0}")]
    Smtp(String),
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

impl EmailChannel {
    pub(super) fn send(&self, message: &Message) -> Result<(), EmailError> {
        let email = self.compose(message)?;
        let username = variables::resolve(&self.username)?;
        let password = variables::resolve(self.password.expose())?;
        let server = self.server(&username, &password)?;
        let sent = interrupt::in_time(LIMIT, move || server.send(&email))?;
        sent.map_err(|error| EmailError::Smtp(without(&username, &password, &cause(&error))))?;
        Ok(())
    }

    /// Whether there is an e-mail to send, and somebody who could send it.
    pub(super) fn check(&self) -> Result<(), EmailError> {
        self.compose(&Message {
            title: String::new(),
            body: String::new(),
        })?;
        self.server("", "").map(drop)
    }

    fn compose(&self, message: &Message) -> Result<Email, EmailError> {
        let from = mailbox("from_email", &self.from_email)?;
        let id = format!("<{}@{}>", Uuid::new_v4(), from.email.domain());
        let subject = message
            .title
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let mut email = Email::builder()
            .from(from)
            .subject(subject)
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to_emails {
            email = email.to(mailbox("to_emails", to)?);
        }
        Ok(email.body(message.body.clone())?)
    }

    /// Port 465 speaks TLS from the start, port 587 must switch to it; any other does if the server offers it.
    fn server(&self, username: &str, password: &str) -> Result<SmtpTransport, EmailError> {
        let host = variables::resolve(&self.smtp_server)?;
        let tls = TlsParameters::new(host.clone()).map_err(EmailError::Tls)?;
        let tls = match self.smtp_port {
            465 => Tls::Wrapper(tls),
            587 => Tls::Required(tls),
            _ => Tls::Opportunistic(tls),
        };
        let server = SmtpTransport::builder_dangerous(host)
            // Checked to be a port when the file was read.
            .port(u16::try_from(self.smtp_port).unwrap_or(u16::MAX))
            .tls(tls)
            .timeout(Some(TIMEOUT));
        let server = match username {
            "" => server,
            name => server.credentials(Credentials::new(name.to_owned(), password.to_owned())),
        };
        Ok(server.build())
    }
}

/// Whether a text without variables is an address, perhaps with a name: `Ada <ada@example.com>`.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

fn mailbox(field: &'static str, text: &str) -> Result<Mailbox, EmailError> {
    let address = variables::resolve(text)?;
    address
        .parse()
        .map_err(|source| EmailError::Address { field, source })
}

/// What went wrong, in the words of the server if it said any.
fn cause(error: &SmtpError) -> String {
    match error.is_timeout() || has_run_out_of_time(error) {
        true => client::unanswered(TIMEOUT),
        false => error.to_string(),
    }
}

/// Whether a socket gave up waiting, which Unix has another word for than lettre knows.
fn has_run_out_of_time(error: &SmtpError) -> bool {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    let mut io = causes.filter_map(|error| error.downcast_ref::<io::Error>());
    io.any(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// A text of a server, which may repeat what it was told, without the password in any form in which it was told.
fn without(username: &str, password: &str, text: &str) -> String {
    // The longer ones first: they may hold the shorter ones.
    let told = [
        STANDARD.encode(format!("\0{username}\0{password}")),
        STANDARD.encode(password),
        password.to_owned(),
    ];
    let secrets = told.iter().filter(|_| !password.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}
