//! Standard output in place of a server: OTLP as JSON, laid out for people.

use std::io::{self, ErrorKind, Write as _};

use opentelemetry_http::Bytes;

use super::super::signal::Signal;
use super::json::{Layout, json};
use super::{Answer, Lack};

/// Shows a request. Who reads standard output no further has seen enough, as `head` does.
pub(super) fn show(signal: Signal, body: Bytes) -> Answer {
    let text = match json(signal, body, Layout::People) {
        Ok(text) => text,
        Err(error) => return unshown(error.to_string()),
    };
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => unshown(error.to_string()),
        _ => Answer::Taken {
            rejected: 0,
            message: String::new(),
            understood: true,
        },
    }
}

fn unshown(cause: String) -> Answer {
    Answer::None {
        lack: Lack::Other,
        cause,
    }
}
