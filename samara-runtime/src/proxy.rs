//! The proxy on the way of a request, as the process's variables have it: for HTTP and for gRPC by the same rules.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The variables that name a proxy. Small letters go before capitals, as for curl.
pub(crate) const VARIABLES: [&str; 6] = [
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// The variables that name hosts and networks to which no proxy leads.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A proxy.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    /// As `ureq` takes it.
    http: ureq::Proxy,
    /// As `hyper` takes it.
    intercept: Intercept,
}

/// A proxy, and the variable that names it.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// The proxy.
    pub proxy: Proxy,
    /// The name of the variable.
    pub variable: &'static str,
}

impl Chosen {
    /// The proxy by which requests to a URL go. A variable that is empty or cannot be used counts for nothing.
    pub fn of(url: &Uri) -> Option<Self> {
        Self::by(url, |name| std::env::var(name).ok())
    }

    fn by(url: &Uri, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let other_scheme = match url.scheme_str() {
            Some("https") => "http_proxy",
            _ => "https_proxy",
        };
        let given = |name| variable(name).filter(|value| !value.trim().is_empty());
        let chosen = VARIABLES
            .into_iter()
            .filter(|name| !name.eq_ignore_ascii_case(other_scheme))
            .find_map(|variable| {
                let proxy = Proxy::at(&given(variable)?)?;
                Some(Self { proxy, variable })
            })?;
        let exceptions = EXCEPTIONS.into_iter().find_map(given);
        let direct = exceptions.is_some_and(|exceptions| is_exception(url, &exceptions));
        (!direct).then_some(chosen)
    }
}

impl Proxy {
    /// The proxy at a URL, if it is one and of a kind that is known.
    pub fn at(text: &str) -> Option<Self> {
        let matcher = Matcher::builder().all(text).build();
        Some(Self {
            http: ureq::Proxy::new(text).ok()?,
            intercept: matcher.intercept(&Uri::from_static("http://anywhere"))?,
        })
    }

    /// Its host and port.
    pub fn place(&self) -> String {
        format!("{}:{}", self.http.host(), self.http.port())
    }

    /// The proxy as `ureq` takes it.
    pub fn into_http(self) -> ureq::Proxy {
        self.http
    }

    /// How it is spoken to.
    pub fn protocol(&self) -> ureq::ProxyProtocol {
        self.http.protocol()
    }

    /// Who asks it, for a proxy that speaks HTTP.
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.intercept.basic_auth()
    }

    /// Who asks it, for a proxy that speaks SOCKS: user and password.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.intercept.raw_auth()
    }
}

/// Whether hosts and networks, with commas or blanks between them, have the host of a URL.
fn is_exception(url: &Uri, exceptions: &str) -> bool {
    let exceptions = exceptions.replace(char::is_whitespace, ",");
    // By the matcher, `*` has names only; by curl, addresses, too.
    let is_all = exceptions == "*";
    let matcher = Matcher::builder().all("http://any").no(exceptions).build();
    is_all || matcher.intercept(url).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &'static str, variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let chosen = Chosen::by(&Uri::from_static(url), variable);
        chosen.map(|chosen| chosen.proxy.place())
    }

    #[test]
    fn a_scheme_has_its_proxy_and_what_has_none_goes_by_that_of_all() {
        let http = ("http_proxy", "http://user:word@one:3128");
        let https = ("HTTPS_PROXY", "two:3128");
        let all = ("ALL_PROXY", "socks5h://three");
        let both = [http, https, all];
        assert_eq!(place("http://a", &both).as_deref(), Some("one:3128"));
        assert_eq!(place("https://a", &both).as_deref(), Some("two:3128"));
        assert_eq!(
            place("https://a", &[http, all]).as_deref(),
            Some("three:1080")
        );
        assert_eq!(place("http://a", &[https]), None);
        let capitals = ("HTTP_PROXY", "four:3128");
        assert_eq!(
            place("http://a", &[capitals, http]).as_deref(),
            Some("one:3128")
        );
        let unusable = ("HTTP_PROXY", "ftp://one");
        assert_eq!(
            place("http://a", &[unusable, http]).as_deref(),
            Some("one:3128")
        );
    }

    #[test]
    fn exceptions_are_hosts_their_domains_and_networks() {
        let proxy = ("ALL_PROXY", "http://proxy:3128");
        for (url, exceptions, direct) in [
            ("http://collector:4318", "localhost, collector", true),
            ("http://collector:4318", "COLLECTOR", true),
            ("http://collector:4318", "localhost collector", true),
            ("http://a.svc.cluster.local", ".cluster.local", true),
            ("http://a.svc.cluster.local", "svc.cluster.local", true),
            ("http://notexample.com", "example.com", false),
            ("http://10.1.2.3:4318", "10.0.0.0/8", true),
            ("http://11.1.2.3:4318", "10.0.0.0/8", false),
            ("http://[fd00::1]:4318", "fd00::/8", true),
            ("http://10.1.2.3:4318", "*", true),
            ("http://collector", "*", true),
            ("http://collector", "", false),
        ] {
            let chosen = place(url, &[proxy, ("no_proxy", ""), ("NO_PROXY", exceptions)]);
            assert_eq!(chosen.is_none(), direct, "{url} {exceptions}");
        }
    }
}
