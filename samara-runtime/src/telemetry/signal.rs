//! The three kinds of telemetry.

/// One kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Counts and durations.
    Metrics,
    /// Log events.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Its name in a sentence, such as "traces endpoint", and at the end of the path that it is sent to over HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// Its name in a variable, such as `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
    pub(super) fn in_variables(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }

    /// The method that takes it over gRPC (opentelemetry-proto, `collector/*/v1/*_service.proto`).
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    /// So many of what it consists of.
    pub(super) fn count(self, count: u64) -> String {
        let noun = match self {
            Self::Traces => "span",
            Self::Metrics => "metric data point",
            Self::Logs => "log record",
        };
        format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
    }
}
