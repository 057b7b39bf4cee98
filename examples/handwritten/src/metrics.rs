//! What this program counts by itself. How long each step takes, Samara measures.

use std::sync::LazyLock;

use samara::opentelemetry::KeyValue;
use samara::opentelemetry::metrics::{Counter, Histogram};

/// The instruments, made when the first of them is used: telemetry is set up by then.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let meter = samara::meter("handwritten");
    let rows = meter.u64_counter("delivery.rows").with_unit("{row}");
    let file_size = meter.u64_histogram("delivery.file.size").with_unit("By");
    Metrics {
        rows: rows.with_description("Rows that were checked").build(),
        file_size: file_size
            .with_description("Sizes of the files that were read")
            .with_boundaries(vec![1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9])
            .build(),
    }
});

/// The instruments of this program.
pub struct Metrics {
    rows: Counter<u64>,
    /// How large the files are.
    pub file_size: Histogram<u64>,
}

impl Metrics {
    /// Counts the rows of a file.
    pub fn checked(&self, sound: usize, faulty: usize) {
        self.rows
            .add(sound as u64, &[KeyValue::new("verdict", "sound")]);
        self.rows
            .add(faulty as u64, &[KeyValue::new("verdict", "faulty")]);
    }
}
