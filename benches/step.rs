//! What one call of a small function costs, bare, as a step, and with what a step could be replaced with.
//!
//! The order matters: providers and subscribers are installed once a process, so whatever runs without them runs first.
//! What is measured, how to read it and what came of it: `docs/performance.md`.

mod calls;
mod setup;

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};

use calls::Outcome;

/// Spans in one trace of fastrace, which has them in a buffer until their root ends. The cost of the root is shared among them.
const CALLS_IN_A_TRACE: u64 = 100;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(2000))
        .sample_size(60)
        .nresamples(10_000)
        .without_plots()
        .configure_from_args();

    let mut rows = Rows(criterion.benchmark_group("off"));
    rows.call("bare", calls::bare);
    rows.call("step", calls::step);
    rows.call("step, attributes", calls::step_attributes);
    rows.call("tracing", calls::traced);
    rows.call("fastrace", calls::fastraced);
    rows.future("async bare", calls::bare_async);
    rows.future("async step", calls::step_async);
    rows.future("async tracing", calls::traced_async);
    rows.future("async fastrace", calls::fastraced_async);
    drop(rows);

    let tracer = setup::install();

    let unsampled = setup::parent(false).attach();
    let mut rows = Rows(criterion.benchmark_group("not sampled"));
    rows.call("step", calls::step);
    rows.call("raw", calls::raw);
    rows.future("async step", calls::step_async);
    rows.future("async raw", calls::raw_async);
    drop((rows, unsampled));

    let _sampled = setup::parent(true).attach();
    let mut rows = Rows(criterion.benchmark_group("on"));
    rows.call("step", calls::step);
    rows.call("step, attributes", calls::step_attributes);
    rows.call("raw", calls::raw);
    rows.call("raw, attributes", calls::raw_attributes);
    rows.future("async step", calls::step_async);
    rows.future("async raw", calls::raw_async);

    setup::subscribe(&tracer);
    rows.call("tracing", calls::traced);
    rows.call("tracing, attributes", calls::traced_attributes);
    rows.call("tracing, histogram", calls::traced_and_measured);
    rows.future("async tracing", calls::traced_async);
    setup::lean(&tracer, || {
        rows.call("tracing, lean", calls::traced);
        rows.call("tracing, lean, histogram", calls::traced_and_measured);
    });

    rows.fastrace("fastrace", |calls| {
        for _ in 0..calls {
            let _ = black_box(calls::fastraced(black_box(20), black_box(22)));
        }
    });
    rows.fastrace("async fastrace", |calls| {
        for _ in 0..calls {
            let _ = black_box(run(calls::fastraced_async(black_box(20), black_box(22))));
        }
    });
    drop(rows);
    criterion.final_summary();
}

struct Rows<'a>(BenchmarkGroup<'a, WallTime>);

impl Rows<'_> {
    fn call(&mut self, name: &str, call: impl Fn(u64, u64) -> Outcome) {
        self.0.bench_function(name, |bencher| {
            bencher.iter(|| call(black_box(20), black_box(22)));
        });
    }

    fn future<F: Future<Output = Outcome>>(&mut self, name: &str, call: impl Fn(u64, u64) -> F) {
        self.0.bench_function(name, |bencher| {
            bencher.iter(|| run(call(black_box(20), black_box(22))));
        });
    }

    /// Calls in traces of [`CALLS_IN_A_TRACE`]. What fastrace's own thread does with them is not in the time.
    fn fastrace(&mut self, name: &str, call: impl Fn(u64)) {
        self.0.bench_function(name, |bencher| {
            bencher.iter_custom(|calls| {
                let began = Instant::now();
                let mut left = calls;
                while left > 0 {
                    let now = left.min(CALLS_IN_A_TRACE);
                    setup::in_trace(|| call(now));
                    left -= now;
                }
                let took = began.elapsed();
                fastrace::flush();
                took
            });
        });
    }
}

/// The least that runs a future. Not inlined, as the functions are not: a bare future is a call, too.
#[inline(never)]
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut task = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return output;
        }
    }
}
