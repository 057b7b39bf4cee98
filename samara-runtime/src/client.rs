//! What all HTTP of a run has in common: the client, and the words for what goes wrong.

use std::io;
use std::time::Duration;

use http::Uri;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// A blocking client whose requests take this long at most, from the look-up of the name to the last byte of the answer. TLS and its
/// certificates are set up when the first `https` request needs them.
pub(crate) fn config(timeout: Duration) -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .tls_config(tls)
}

/// Whether a request can go there: it is a full URL.
pub(crate) fn is_full(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
}

/// The URL without user, password and query, which may hold secrets.
pub(crate) fn shown(uri: &Uri) -> String {
    format!("{}{}", origin(uri), uri.path())
}

/// Scheme, host and port of a URL.
pub(crate) fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host_and_port}")
}

/// Why a request failed, in the words of a person.
pub(crate) fn cause(error: &ureq::Error, timeout: Duration) -> String {
    match error {
        ureq::Error::Timeout(_) => unanswered(timeout),
        ureq::Error::Io(error) => io_cause(error),
        // The URL itself may hold secrets.
        ureq::Error::BadUri(_) => "the URL cannot be used".to_owned(),
        error => error.to_string(),
    }
}

/// That a server took longer than it may, in the words of a person.
pub(crate) fn unanswered(timeout: Duration) -> String {
    format!("no answer within {} s", timeout.as_secs_f32())
}

/// Whether the name of a host led to no address.
pub(crate) fn is_unresolved(error: &io::Error) -> bool {
    // What the resolver says has no kind of its own.
    error.to_string().starts_with("failed to lookup address")
}

/// Why a connection failed, in the words of a person.
pub(crate) fn io_cause(error: &io::Error) -> String {
    match error.kind() {
        // How the connector hands on what TLS says.
        io::ErrorKind::InvalidData => format!("TLS failed: {error}"),
        // A kind has a plain name ("connection refused"), but kinds that std does not know have one that says nothing.
        kind if error.raw_os_error().is_some() && !kind.to_string().contains("uncategorized") => {
            kind.to_string()
        }
        _ => error.to_string(),
    }
}
