//! How spans and log records are gathered into requests.
//!
//! The SDK reads these variables, too, but says nothing of a value that it cannot use, takes some that break it, and leaves out the time limit.

use std::time::Duration;

use opentelemetry_sdk::{logs, trace};

use super::value::{Delay, Positive, Timeout};
use super::variables::{Chosen, Variables};

/// The most that may wait for a request. The SDK makes room for all of them at once, so a number that stands for "no limit" would take all memory.
const QUEUE_LIMIT: usize = 65_536;

/// The SDK never rests if it is to wait for no time.
const SHORTEST: Duration = Duration::from_millis(1);

/// How spans (`OTEL_BSP_*`) or log records (`OTEL_BLRP_*`) are gathered into requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    /// How long one waits for others.
    pub delay: Chosen<Delay>,
    /// How many may wait: 65 536 at most.
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
        let queue = variables.chosen(&[&name("MAX_QUEUE_SIZE")], Positive(2048));
        Self {
            delay: variables.chosen(&[&name("SCHEDULE_DELAY")], Delay(delay)),
            queue: Chosen {
                value: Positive(queue.value.0.min(QUEUE_LIMIT)),
                ..queue
            },
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
            .with_scheduled_delay(self.delay.value.0.max(SHORTEST))
            .with_max_queue_size(self.queue.value.0)
            .with_max_export_batch_size(self.size())
            .build()
    }

    pub(in crate::telemetry) fn for_records(&self) -> logs::BatchConfig {
        logs::BatchConfigBuilder::default()
            .with_scheduled_delay(self.delay.value.0.max(SHORTEST))
            .with_max_queue_size(self.queue.value.0)
            .with_max_export_batch_size(self.size())
            .build()
    }
}
