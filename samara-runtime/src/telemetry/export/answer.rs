//! What a server says to a request: whether it took it, and its words.

use opentelemetry_http::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde::de::DeserializeOwned;

use super::super::signal::Signal;

/// The longest that a server's own words are handed on.
const WORDS: usize = 200;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server took it, but for `rejected` of what it held ("Partial Success" in the OTLP specification).
    Taken {
        /// How many it did not take.
        rejected: u64,
        /// What it says about that; often nothing.
        message: String,
        /// Whether it answered in OTLP. One that did not may be no collector at all.
        understood: bool,
    },
    /// It did not.
    Refused {
        /// The status, in the words of its protocol.
        status: String,
        /// Its number: of HTTP, or of gRPC.
        code: u16,
        /// What the server says; often nothing.
        message: String,
        /// Whether the specification wants it sent again.
        repeat: bool,
        /// The least seconds until then, or a date.
        after: Option<String>,
    },
    /// There was none.
    None {
        /// Why, as far as that is known for certain.
        lack: Lack,
        /// Why, for a person.
        cause: String,
    },
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Nothing listens there.
    Refused,
    /// No such host.
    Unresolved,
    /// It took too long.
    Timeout,
    /// TLS did not come about.
    Tls,
    /// Anything else: the connection was closed, or what came was not of the protocol.
    Other,
}

impl Answer {
    /// What is wrong, if anything is.
    pub fn complaint(&self) -> Option<String> {
        match self {
            Self::Taken { rejected: 0, .. } => None,
            Self::Taken { message, .. } if message.is_empty() => {
                Some("rejected by the server".to_owned())
            }
            Self::Taken { message, .. } => Some(format!("rejected by the server: {message:?}")),
            Self::Refused {
                status, message, ..
            } if message.is_empty() => Some(format!("the server answered {status}")),
            Self::Refused {
                status, message, ..
            } => Some(format!("the server answered {status}: {message:?}")),
            Self::None { cause, .. } => Some(cause.clone()),
        }
    }

    /// What a server that took everything says nevertheless: a warning, or a suggestion ("Partial Success" in the OTLP specification).
    pub fn remark(&self) -> Option<&str> {
        match self {
            Self::Taken {
                rejected: 0,
                message,
                understood: true,
            } if !message.is_empty() => Some(message),
            _ => None,
        }
    }

    /// The answer of a server that took a request, by the body of what it said. One that is no OTLP answer says nothing.
    pub(super) fn taken(signal: Signal, body: &Bytes, content_type: &str) -> Self {
        let json = content_type.starts_with("application/json");
        let understood =
            json || body.is_empty() || content_type.starts_with("application/x-protobuf");
        let (rejected, message) = match signal {
            Signal::Traces => partial(body, json, |answer: ExportTraceServiceResponse| {
                answer
                    .partial_success
                    .map(|partial| (partial.rejected_spans, partial.error_message))
            }),
            Signal::Metrics => partial(body, json, |answer: ExportMetricsServiceResponse| {
                answer
                    .partial_success
                    .map(|partial| (partial.rejected_data_points, partial.error_message))
            }),
            Signal::Logs => partial(body, json, |answer: ExportLogsServiceResponse| {
                answer
                    .partial_success
                    .map(|partial| (partial.rejected_log_records, partial.error_message))
            }),
        }
        .unwrap_or_default();
        Self::Taken {
            rejected: u64::try_from(rejected).unwrap_or_default(),
            message: short(&message),
            understood,
        }
    }
}

fn partial<T: Message + Default + DeserializeOwned>(
    body: &Bytes,
    json: bool,
    partial: impl FnOnce(T) -> Option<(i64, String)>,
) -> Option<(i64, String)> {
    let answer = match json {
        true => serde_json::from_slice(body).ok(),
        false => T::decode(body.clone()).ok(),
    };
    answer.and_then(partial)
}

/// `google.rpc.Status`, in which a server explains itself (OTLP specification, "Failures").
#[derive(Clone, PartialEq, Message, serde::Deserialize)]
#[serde(default)]
struct Status {
    #[prost(int32, tag = "1")]
    #[serde(skip)]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The words of a server that refuses, in what it says: a status, or plain text. Pages for browsers say nothing to us.
pub(super) fn words(body: &[u8], content_type: &str) -> String {
    let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    let message = match content_type.split(';').next().unwrap_or_default().trim() {
        "application/x-protobuf" => Status::decode(body)
            .map(|status| status.message)
            .unwrap_or_default(),
        "application/json" => match serde_json::from_slice::<Status>(body) {
            Ok(status) if !status.message.is_empty() => status.message,
            _ => text(body),
        },
        _ if body.trim_ascii_start().starts_with(b"<") => String::new(),
        _ => text(body),
    };
    short(&message)
}

/// The beginning of a text, without what would end a line.
pub(super) fn short(text: &str) -> String {
    let printable =
        |character: &char| !character.is_control() && *character != char::REPLACEMENT_CHARACTER;
    text.trim().chars().filter(printable).take(WORDS).collect()
}
