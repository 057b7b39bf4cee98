//! Which run it was, for people who are told of it elsewhere.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;

use crate::telemetry::{Service, host_name};

/// Digits of a digest that tell one workflow from another.
const DIGEST_DIGITS: usize = 12;

/// One run of a workflow: where, and of what.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub host: Option<String>,
    /// The id that telemetry and each line of the log have.
    pub run: &'a str,
    pub service: Service<'a>,
}

impl<'a> Origin<'a> {
    /// A run on this machine.
    pub fn here(run: &'a str, service: Service<'a>) -> Self {
        Self {
            host: host_name(),
            run,
            service,
        }
    }

    /// A message with the host, the run, its trace if there is one to look at, and the binary.
    pub fn add_to(&self, message: &str, context: &Context) -> String {
        let trace = context.span().span_context().clone();
        let has_trace = trace.is_valid() && trace.is_sampled();
        let parts = [
            self.host.as_ref().map(|host| format!("host {host}")),
            Some(format!("run {}", self.run)),
            has_trace.then(|| format!("trace {}", trace.trace_id())),
            self.binary(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{message} ({})", parts.join(", "))
    }

    /// Name and version of the binary, and what it was built from.
    fn binary(&self) -> Option<String> {
        let Service {
            name,
            version,
            digest,
        } = self.service;
        let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
        let digest = digits.get(..DIGEST_DIGITS).unwrap_or(digits);
        let known = [name, version, digest].into_iter();
        let known: Vec<&str> = known.filter(|text| !text.is_empty()).collect();
        (known.len() > 1).then(|| format!("binary {}", known.join(" ")))
    }
}
