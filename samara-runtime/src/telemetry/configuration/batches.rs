//! How spans and log records are gathered into requests.
//!
//! The SDK reads these variables, too, but says nothing of a value that it cannot use, takes some that break it, and leaves out the time limit.

use std::time::Duration;

use opentelemetry_sdk::{logs, trace};

use super::value::{Milliseconds, Positive, Timeout};
use super::variables::{Chosen, Variables};

/// How spans (`OTEL_BSP_*`) or log records (`OTEL_BLRP_*`) are gathered into requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    /// How long one waits for others.
    pub delay: Chosen<Milliseconds>,
    /// How many may wait.
    pub queue: Chosen<Positive>,
    /// How many a request holds at most.
    pub size: Chosen<Positive>,
    /// The longest that a request may take.
    pub timeout: Option<Chosen<Timeout>>,
}

impl Batches {
    pub(super) fn of_spans(variables: &mut Variables<'_>) -> Self {
        Self::resolve("BSP", Duration::from_secs(5), variables)
    }

    pub(super) fn of_records(variables: &mut Variables<'_>) -> Self {
        Self::resolve("BLRP", Duration::from_secs(1), variables)
    }

    /// The defaults are those of the specification.
    fn resolve(processor: &str, delay: Duration, variables: &mut Variables<'_>) -> Self {
        let name = |what: &str| format!("OTEL_{processor}_{what}");
        Self {
            delay: variables.chosen(&[&name("SCHEDULE_DELAY")], Milliseconds(delay)),
            queue: variables.chosen(&[&name("MAX_QUEUE_SIZE")], Positive(2048)),
            size: variables.chosen(&[&name("MAX_EXPORT_BATCH_SIZE")], Positive(512)),
            timeout: variables.given(&[&name("EXPORT_TIMEOUT")]),
        }
    }

    /// No request holds more than the queue does.
    fn size(&self) -> usize {
        self.size.value.0.min(self.queue.value.0)
    }

    pub(in crate::telemetry) fn for_spans(&self) -> trace::BatchConfig {
        trace::BatchConfigBuilder::default()
            .with_scheduled_delay(self.delay.value.0)
            .with_max_queue_size(self.queue.value.0)
            .with_max_export_batch_size(self.size())
            .build()
    }

    pub(in crate::telemetry) fn for_records(&self) -> logs::BatchConfig {
        logs::BatchConfigBuilder::default()
            .with_scheduled_delay(self.delay.value.0)
            .with_max_queue_size(self.queue.value.0)
            .with_max_export_batch_size(self.size())
            .build()
    }
}
