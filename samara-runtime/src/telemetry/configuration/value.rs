//! What a variable may say, by its type.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use thiserror::Error;

use crate::proxy::Proxy;

/// Why a text is no value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Invalid {
    /// It is none of a few words.
    #[error("expected {0}")]
    Word(String),
    /// It is no number in the range.
    #[error("expected {0}")]
    Number(&'static str),
    /// It is no URL that telemetry can be sent to.
    #[error("expected a full URL, such as {0}")]
    Url(&'static str),
    /// It is no list of headers.
    #[error("expected key=value,key=value, with blanks and commas in values as %20 and %2C")]
    Headers,
    /// It is no list of attributes.
    #[error(
        "expected key=value,key=value, with commas, percent signs and what is not ASCII in values as %2C, %25, …"
    )]
    Attributes,
    /// The file that it names cannot be used.
    #[error("{0}")]
    File(String),
    /// It is a client's certificate without its key, or the other way round.
    #[error("a client certificate and its key are needed together")]
    Alone,
    /// It is known, and not supported here.
    #[error("it is not supported here; {0}")]
    Unsupported(&'static str),
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    Text,
}

/// The word of a list that a text is.
pub(crate) fn word<T: ValueEnum>(text: &str) -> Result<T, Invalid> {
    T::from_str(text.trim(), true).map_err(|_| {
        let values = T::value_variants().iter().filter_map(T::to_possible_value);
        let names: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        Invalid::Word(names.join(", "))
    })
}

/// The name of a word.
pub(super) fn name<T: ValueEnum>(word: &T) -> String {
    let value = word.to_possible_value();
    value
        .as_ref()
        .map_or("", PossibleValue::get_name)
        .to_owned()
}

macro_rules! words {
    ($($type:ty),*) => {$(
        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                word(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&name(self))
            }
        }
    )*};
}

words!(
    ExporterKind,
    Protocol,
    Compression,
    Temporality,
    Histograms,
    ExemplarFilter,
    Propagator,
    SamplerKind,
    Switch
);

/// Where a signal goes (`OTEL_TRACES_EXPORTER` and its siblings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExporterKind {
    /// To a server.
    Otlp,
    /// To standard output.
    Console,
    /// Nowhere.
    None,
}

/// How OTLP is spoken (`OTEL_EXPORTER_OTLP_PROTOCOL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// Protobuf over gRPC.
    Grpc,
    /// Protobuf over HTTP.
    #[value(name = "http/protobuf")]
    HttpProtobuf,
    /// JSON over HTTP.
    #[value(name = "http/json")]
    HttpJson,
}

/// How requests are compressed (`OTEL_EXPORTER_OTLP_COMPRESSION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// By gzip.
    Gzip,
    /// Not at all.
    None,
}

/// What each export of a counter says (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Temporality {
    /// All since the program began.
    Cumulative,
    /// What came since the last export.
    Delta,
    /// Delta for counters and histograms that are not asked for their values.
    #[value(name = "lowmemory")]
    LowMemory,
}

/// What histograms are made of (`OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Histograms {
    /// Buckets with the boundaries of the instrument.
    #[value(name = "explicit_bucket_histogram")]
    Explicit,
    /// Buckets that adapt to the values.
    #[value(name = "base2_exponential_bucket_histogram")]
    Exponential,
}

/// Which measurements are examples of their metric, with the trace that they were made in (`OTEL_METRICS_EXEMPLAR_FILTER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExemplarFilter {
    /// Those made in a span that is sampled.
    #[value(name = "trace_based")]
    TraceBased,
    /// All.
    #[value(name = "always_on")]
    AlwaysOn,
    /// None.
    #[value(name = "always_off")]
    AlwaysOff,
}

/// What a request hands on (one of `OTEL_PROPAGATORS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Propagator {
    /// W3C Trace Context.
    #[value(name = "tracecontext")]
    TraceContext,
    /// W3C Baggage.
    Baggage,
    /// Nothing.
    None,
}

/// Which traces are sent (`OTEL_TRACES_SAMPLER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SamplerKind {
    #[value(name = "always_on")]
    AlwaysOn,
    #[value(name = "always_off")]
    AlwaysOff,
    #[value(name = "traceidratio")]
    TraceIdRatio,
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

/// A variable that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    True,
    /// Off.
    False,
}

/// What requests hand on (`OTEL_PROPAGATORS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propagators(pub Vec<Propagator>);

impl FromStr for Propagators {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut propagators = Vec::new();
        for propagator in text.split(',').map(str::parse) {
            let propagator = propagator?;
            // "Values MUST be deduplicated" (SDK configuration, OTEL_PROPAGATORS).
            if !propagators.contains(&propagator) {
                propagators.push(propagator);
            }
        }
        Ok(Self(propagators))
    }
}

impl fmt::Display for Propagators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(name).collect();
        f.write_str(&names.join(","))
    }
}

/// A time in milliseconds, as OpenTelemetry's variables have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milliseconds(pub Duration);

impl FromStr for Milliseconds {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let count: Option<u64> = text.trim().parse().ok().filter(|count| *count > 0);
        count
            .map(|count| Self(Duration::from_millis(count)))
            .ok_or(Invalid::Number("a number of milliseconds above zero"))
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0.as_millis())
    }
}

/// A time in milliseconds, which may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(pub Duration);

impl FromStr for Delay {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let count = text.trim().parse().map(Duration::from_millis);
        count.map(Self).map_err(|_| Invalid::Number(MILLISECONDS))
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0.as_millis())
    }
}

/// What times that may be zero are expected to be.
const MILLISECONDS: &str = "a number of milliseconds, zero or above";

/// The longest that something may take, in milliseconds as OpenTelemetry's variables have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// What stands for zero, which is no limit (OpenTelemetry specification, "Common Configuration", "Timeout").
    const UNLIMITED: Self = Self(Duration::from_millis(i32::MAX as u64));
}

impl FromStr for Timeout {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.trim().parse() {
            Ok(0) => Ok(Self::UNLIMITED),
            Ok(count) => Ok(Self(Duration::from_millis(count))),
            Err(_) => Err(Invalid::Number(MILLISECONDS)),
        }
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UNLIMITED => f.write_str("no limit"),
            Self(time) => write!(f, "{} ms", time.as_millis()),
        }
    }
}

/// A number of things, of which there is at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positive(pub usize);

impl fmt::Display for Positive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Positive {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let count = text.trim().parse().ok().filter(|count| *count > 0);
        count
            .map(Self)
            .ok_or(Invalid::Number("a number above zero"))
    }
}

/// The most that there may be of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub u32);

impl FromStr for Limit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let limit = text.trim().parse().map(Self);
        limit.map_err(|_| Invalid::Number("a number, zero or above"))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A part of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(pub f64);

impl FromStr for Ratio {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let ratio = text
            .trim()
            .parse()
            .ok()
            .filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio
            .map(Self)
            .ok_or(Invalid::Number("a number from 0 to 1"))
    }
}

/// The members of a list as W3C Baggage has it, `key=value,key=value`, each decoded and read; none if one of them cannot be.
fn members<T>(text: &str, read: impl Fn(&str, &str) -> Option<T>) -> Option<Vec<T>> {
    let members = text
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty());
    let member = |member: &str| {
        let (key, value) = member.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        read(key.trim(), &value)
    };
    members.map(member).collect()
}

/// Whether each percent sign begins the code of a character.
fn is_percent_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|code| {
        let code = code.as_bytes().get(..2);
        code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Headers that go with each request: their values may be secrets, so they are never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(pub Vec<(HeaderName, HeaderValue)>);

impl FromStr for Headers {
    type Err = Invalid;

    /// As W3C Baggage has it (OTLP exporter specification, "Specifying headers via environment variables").
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let header = |name: &str, value: &str| {
            let mut value = HeaderValue::try_from(value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::try_from(name).ok()?, value))
        };
        members(text, header).map(Self).ok_or(Invalid::Headers)
    }
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self
            .0
            .iter()
            .map(|(name, _)| format!("{name}=***"))
            .collect();
        f.write_str(&names.join(","))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Attributes of the resource (`OTEL_RESOURCE_ATTRIBUTES`): all of their values are texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceAttributes(pub Vec<(String, String)>);

impl FromStr for ResourceAttributes {
    type Err = Invalid;

    /// As W3C Baggage has it; one that cannot be read spoils all (OpenTelemetry specification, "Resource SDK").
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let attribute = |key: &str, value: &str| {
            let key = percent_decode_str(key).decode_utf8().ok()?;
            Some((key.into_owned(), value.to_owned())).filter(|(key, _)| !key.is_empty())
        };
        if !is_percent_encoded(text) {
            return Err(Invalid::Attributes);
        }
        members(text, attribute)
            .map(Self)
            .ok_or(Invalid::Attributes)
    }
}

impl fmt::Display for ResourceAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<String> = self
            .0
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        f.write_str(&members.join(","))
    }
}

/// Where a proxy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProxyUrl;

impl FromStr for ProxyUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let proxy = Proxy::at(text).map(|_| Self);
        proxy.ok_or(Invalid::Url("http://proxy:3128"))
    }
}

/// Any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

impl FromStr for Text {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Certificates or a key in a PEM file: its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// Where it was read from.
    pub path: String,
    /// What it holds.
    pub text: Vec<u8>,
}

impl FromStr for Pem {
    type Err = Invalid;

    fn from_str(path: &str) -> Result<Self, Invalid> {
        let text = std::fs::read(path).map_err(|error| Invalid::File(error.to_string()))?;
        let begins = b"-----BEGIN ";
        match text.windows(begins.len()).any(|part| part == begins) {
            true => Ok(Self {
                path: path.to_owned(),
                text,
            }),
            false => Err(Invalid::File("the file is not of the form PEM".to_owned())),
        }
    }
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}
