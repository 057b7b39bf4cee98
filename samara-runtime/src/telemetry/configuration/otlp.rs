//! Where a signal goes by OTLP, and how.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;

use super::super::signal::Signal;
use super::value::{Compression, Headers, Invalid, Pem, Protocol, Switch, Timeout};
use super::variables::{Chosen, Variables};
use crate::client;
use crate::settings::Given;

/// Time for one request where nobody says anything: not OpenTelemetry's ten seconds, since a run that has ended waits for it.
const TIMEOUT: Timeout = Timeout(Duration::from_secs(4));

/// Where a signal goes by OTLP, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// Where it goes: the full URL, to which nothing is added.
    pub endpoint: Chosen<Endpoint>,
    /// How it is spoken.
    pub protocol: Chosen<Protocol>,
    /// How requests are compressed.
    pub compression: Chosen<Compression>,
    /// The longest that one request may take.
    pub timeout: Chosen<Timeout>,
    /// What goes with each request.
    pub headers: Chosen<Headers>,
    /// Whom to trust beside, or rather than, those whom the system trusts.
    pub certificate: Option<Chosen<Pem>>,
    /// By what the client proves who it is.
    pub identity: Option<Identity>,
}

/// A certificate of the client, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: Chosen<Pem>,
    /// Its key.
    pub key: Chosen<Pem>,
}

impl Otlp {
    /// What settings and variables say of a signal. Without any endpoint there is only the default one, on this machine.
    pub(super) fn resolve(
        signal: Signal,
        setting: Option<&Given>,
        variables: &mut Variables<'_>,
    ) -> Self {
        let protocol = variables.chosen(&both(signal, "PROTOCOL").each(), Protocol::HttpProtobuf);
        let endpoint = given_endpoint(signal, protocol.value, setting, variables);
        let identity = identity(signal, variables);
        Self {
            endpoint: endpoint
                .unwrap_or_else(|| Chosen::default(Endpoint::local(signal, protocol.value))),
            compression: variables.chosen(&both(signal, "COMPRESSION").each(), Compression::None),
            timeout: variables.chosen(&both(signal, "TIMEOUT").each(), TIMEOUT),
            headers: variables.chosen(&both(signal, "HEADERS").each(), Headers::default()),
            certificate: variables.given(&both(signal, "CERTIFICATE").each()),
            identity,
            protocol,
        }
    }
}

impl Otlp {
    /// Takes no longer for a request than this.
    pub(in crate::telemetry) fn hurry(&mut self, timeout: &Chosen<Timeout>) {
        if timeout.value.0 < self.timeout.value.0 {
            self.timeout = timeout.clone();
        }
    }
}

/// A client key without a certificate, or the other way round, is nothing.
fn identity(signal: Signal, variables: &mut Variables<'_>) -> Option<Identity> {
    let certificate: Option<Chosen<Pem>> =
        variables.given(&both(signal, "CLIENT_CERTIFICATE").each());
    let key: Option<Chosen<Pem>> = variables.given(&both(signal, "CLIENT_KEY").each());
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
        (None, None) => None,
        (Some(alone), None) | (None, Some(alone)) => {
            variables.ignore(&alone.origin.to_string(), &alone.value.path, Invalid::Alone);
            None
        }
    }
}

/// Whether any endpoint is given for a signal.
pub(super) fn given_endpoint(
    signal: Signal,
    protocol: Protocol,
    setting: Option<&Given>,
    variables: &mut Variables<'_>,
) -> Option<Chosen<Endpoint>> {
    if protocol == Protocol::Grpc {
        return given_target(signal, setting, variables);
    }
    if let Some(endpoint) = variables.setting(setting) {
        return Some(endpoint);
    }
    let [own, common] = both(signal, "ENDPOINT").0;
    if let Some(endpoint) = variables.given(&[&own]) {
        return Some(endpoint);
    }
    let Chosen { value, origin } = variables.given::<Base>(&[&common])?;
    let value = value.0.with_path_of(signal);
    Some(Chosen { value, origin })
}

/// As [`given_endpoint`], for gRPC: host and port do, and `OTEL_EXPORTER_OTLP_INSECURE` says whether TLS is spoken there (OTLP exporter
/// specification, "Configuration Options").
fn given_target(
    signal: Signal,
    setting: Option<&Given>,
    variables: &mut Variables<'_>,
) -> Option<Chosen<Endpoint>> {
    let Chosen { value, origin } = variables
        .setting::<Target>(setting)
        .or_else(|| variables.given(&both(signal, "ENDPOINT").each()))?;
    let insecure = variables.given::<Switch>(&both(signal, "INSECURE").each());
    let value = match value {
        Target::Url(endpoint) => endpoint,
        Target::Place {
            secure,
            insecure: plain,
        } => match insecure.is_some_and(|insecure| insecure.value == Switch::True) {
            true => plain,
            false => secure,
        },
    };
    Some(Chosen { value, origin })
}

/// Where gRPC goes.
enum Target {
    Url(Endpoint),
    /// Host and port alone, as the URL with and the one without TLS.
    Place {
        secure: Endpoint,
        insecure: Endpoint,
    },
}

impl FromStr for Target {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let url = |text: &str| {
            let url = text.parse::<Endpoint>();
            url.map_err(|_| Invalid::Url("http://localhost:4317"))
        };
        match text.contains("://") {
            true => url(text).map(Self::Url),
            false => Ok(Self::Place {
                secure: url(&format!("https://{text}"))?,
                insecure: url(&format!("http://{text}"))?,
            }),
        }
    }
}

/// The variable of a signal, and the one of all signals.
struct Both([String; 2]);

impl Both {
    fn each(&self) -> [&str; 2] {
        [&self.0[0], &self.0[1]]
    }
}

fn both(signal: Signal, name: &str) -> Both {
    Both([
        format!("OTEL_EXPORTER_OTLP_{}_{name}", signal.in_variables()),
        format!("OTEL_EXPORTER_OTLP_{name}"),
    ])
}

/// A URL that OTLP can be sent to, used as it was given. It may hold secrets, so they are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Uri);

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.shown()).finish()
    }
}

impl FromStr for Endpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let uri: Option<Uri> = text.trim().parse().ok();
        uri.filter(client::is_full)
            .map(Self)
            .ok_or(Invalid::Url("http://localhost:4318/v1/traces, for traces"))
    }
}

/// What the URLs of all signals begin with.
struct Base(Endpoint);

impl FromStr for Base {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let url = text.parse().map(Self);
        url.map_err(|_: Invalid| Invalid::Url("http://localhost:4318"))
    }
}

impl Endpoint {
    /// Where a collector on this machine listens.
    fn local(signal: Signal, protocol: Protocol) -> Self {
        match protocol {
            Protocol::Grpc => Self(Uri::from_static("http://localhost:4317")),
            _ => Self(Uri::from_static("http://localhost:4318")).with_path_of(signal),
        }
    }

    /// OTLP exporter specification, "Endpoint URLs for OTLP/HTTP".
    fn with_path_of(&self, signal: Signal) -> Self {
        let text = self.0.to_string();
        let (base, query) = text
            .split_once('?')
            .map_or((text.as_str(), None), |(base, query)| (base, Some(query)));
        let mut text = format!("{}/v1/{}", base.trim_end_matches('/'), signal.name());
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        // A URL with a longer path is one still; if it is not, its server says so.
        Self(text.parse().unwrap_or_else(|_| self.0.clone()))
    }

    /// The URL itself.
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// The URL without user, password and query, which may hold secrets.
    pub fn shown(&self) -> String {
        client::shown(&self.0)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}
