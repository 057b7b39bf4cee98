//! What a server says to a request: whether it took it, and its words.

use opentelemetry_http::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde::de::Error;
use serde::{Deserialize as _, Deserializer};

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
        let partial = match media_type(content_type).as_str() {
            _ if body.is_empty() => Some(Partial::default()),
            "application/json" => in_json(body),
            "application/x-protobuf" | "" => in_protobuf(signal, body),
            _ => None,
        };
        let understood = partial.is_some();
        let Partial { rejected, message } = partial.unwrap_or_default();
        Self::Taken {
            rejected: u64::try_from(rejected).unwrap_or_default(),
            message: short(&message),
            understood,
        }
    }
}

/// What a server says of what it took in part, or of all. The three kinds of answers differ in the name of a number.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Partial {
    #[serde(
        alias = "rejectedSpans",
        alias = "rejectedDataPoints",
        alias = "rejectedLogRecords",
        deserialize_with = "number"
    )]
    rejected: i64,
    #[serde(rename = "errorMessage")]
    message: String,
}

fn in_protobuf(signal: Signal, body: &Bytes) -> Option<Partial> {
    let body = body.clone();
    let partial = match signal {
        Signal::Traces => ExportTraceServiceResponse::decode(body)
            .ok()?
            .partial_success
            .map(|partial| (partial.rejected_spans, partial.error_message)),
        Signal::Metrics => ExportMetricsServiceResponse::decode(body)
            .ok()?
            .partial_success
            .map(|partial| (partial.rejected_data_points, partial.error_message)),
        Signal::Logs => ExportLogsServiceResponse::decode(body)
            .ok()?
            .partial_success
            .map(|partial| (partial.rejected_log_records, partial.error_message)),
    };
    let (rejected, message) = partial.unwrap_or_default();
    Some(Partial { rejected, message })
}

fn in_json(body: &Bytes) -> Option<Partial> {
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "partialSuccess")]
        partial: Option<Partial>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    Some(answer.partial.unwrap_or_default())
}

/// A 64-bit integer, which is a string or a number in JSON (OTLP specification, "JSON Protobuf Encoding").
fn number<'de, D: Deserializer<'de>>(json: D) -> Result<i64, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(i64),
        Text(String),
    }
    match Number::deserialize(json)? {
        Number::Number(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(Error::custom),
    }
}

/// A content type without its parameters, in small letters: its case says nothing (RFC 9110, 8.3.1).
fn media_type(content_type: &str) -> String {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
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
    let message = match media_type(content_type).as_str() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_json_says_what_was_rejected_as_text_or_number() {
        for body in [
            r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#,
            r#"{"partialSuccess":{"rejectedDataPoints":3,"errorMessage":"too old"}}"#,
            r#"{"partialSuccess":{"errorMessage":"too old","rejectedLogRecords":"3","more":1}}"#,
        ] {
            let answer = Answer::taken(
                Signal::Traces,
                &Bytes::from_static(body.as_bytes()),
                "Application/JSON; charset=utf-8",
            );
            let expected = Answer::Taken {
                rejected: 3,
                message: "too old".to_owned(),
                understood: true,
            };
            assert_eq!(answer, expected, "{body}");
        }
    }

    #[test]
    fn an_answer_that_says_nothing_takes_everything() {
        for (body, content_type) in [
            ("", "text/plain"),
            ("{}", "application/json"),
            (r#"{"partialSuccess":null}"#, "application/json"),
            (r#"{"partialSuccess":{}}"#, "application/json"),
        ] {
            let body = Bytes::from_static(body.as_bytes());
            let answer = Answer::taken(Signal::Logs, &body, content_type);
            let expected = Answer::Taken {
                rejected: 0,
                message: String::new(),
                understood: true,
            };
            assert_eq!(answer, expected);
        }
    }

    #[test]
    fn what_is_no_answer_of_otlp_is_not_understood() {
        for (body, content_type) in [
            ("<html>", "text/html"),
            ("<html>", "application/json"),
            ("[]", "application/json"),
            (
                r#"{"partialSuccess":{"rejectedSpans":"many"}}"#,
                "application/json",
            ),
            ("<html>", "application/x-protobuf"),
        ] {
            let body = Bytes::from_static(body.as_bytes());
            let answer = Answer::taken(Signal::Metrics, &body, content_type);
            assert!(
                matches!(
                    answer,
                    Answer::Taken {
                        understood: false,
                        ..
                    }
                ),
                "{content_type}"
            );
        }
    }
}
