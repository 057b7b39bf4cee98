//! What all HTTP of a run has in common: the client, and the words for what goes wrong.

use std::io;
use std::time::Duration;

use http::Uri;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

use crate::proxy;

/// A blocking client for requests to a URL that take this long at most, from the look-up of the name to the last byte of the answer. TLS and
/// its certificates are set up when the first `https` request needs them.
pub(crate) fn config(url: &Uri, timeout: Duration) -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .proxy(proxy::Chosen::of(url).map(|chosen| chosen.proxy.into_http()))
        .http_status_as_error(false)
        // One turns a POST into a GET, which delivers nothing and yet succeeds, and takes headers to another host.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls)
}

/// Whether a request can go there: it is a full URL, and its port is one.
pub(crate) fn is_full(uri: &Uri) -> bool {
    let (Some("http" | "https"), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return false;
    };
    let expected = match uri.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    !host.is_empty() && place(uri) == expected
}

/// The URL without user, password and query, which may hold secrets.
pub(crate) fn shown(uri: &Uri) -> String {
    format!("{}{}", origin(uri), uri.path())
}

/// Scheme, host and port of a URL.
pub(crate) fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{}", place(uri))
}

/// Host and port of a URL, as they are written there.
fn place(uri: &Uri) -> &str {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place)
}

/// Why a request to a URL failed, in the words of a person.
pub(crate) fn cause(error: &ureq::Error, timeout: Duration, uri: &Uri) -> String {
    let cause = match error {
        ureq::Error::Timeout(_) => unanswered(timeout),
        ureq::Error::Io(error) => io_cause(error),
        // The URL itself may hold secrets.
        ureq::Error::BadUri(_) => "the URL cannot be used".to_owned(),
        error => error.to_string(),
    };
    on_the_way(cause, uri)
}

/// A cause with the proxy by which requests to the URL go, if there is one.
pub(crate) fn on_the_way(cause: String, uri: &Uri) -> String {
    match proxy::Chosen::of(uri) {
        Some(chosen) => format!("{cause}, by the proxy {}", chosen.proxy.place()),
        None => cause,
    }
}

/// That a server took longer than it may, in the words of a person.
pub(crate) fn unanswered(timeout: Duration) -> String {
    let tenths = (timeout.as_secs_f32() * 10.0).round();
    format!("no answer within {} s", tenths / 10.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_url_has_a_scheme_a_host_and_no_port_that_is_none() {
        for (text, full) in [
            ("http://localhost:4318/v1/traces", true),
            ("https://user:word@collector/v1/traces", true),
            ("http://[::1]:4318", true),
            ("http://[::1]/v1", true),
            ("http://localhost:431x/v1/traces", false),
            ("http://localhost:99999", false),
            ("localhost:4318", false),
            ("ftp://localhost", false),
        ] {
            let uri: Option<Uri> = text.parse().ok();
            assert_eq!(uri.is_some_and(|uri| is_full(&uri)), full, "{text}");
        }
    }
}
