//! What a step reports, whatever happens in it.

mod caller;
mod later;
mod recorded;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use samara::telemetry::names;
use tokio::runtime::{Builder, Runtime};

use recorded::{attribute, failed, points, succeeded, text, traced, traces, unsampled};

#[derive(Debug, thiserror::Error, samara::ErrorType)]
enum LoadError {
    #[error("no host `{0}`")]
    Unreachable(String),
    #[error("the disk is full")]
    Full,
}

/// Several threads, so that a future moves from one to another.
fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .expect("threads")
}

/// Lets every other task run first.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|task| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn a_step_is_a_span_with_its_place_in_the_source_and_a_point_in_the_histogram() {
    const LINE: u32 = line!() + 3;
    #[samara::step(id = "sum-rows", kind = "transform")]
    /// Documentation.
    fn sum_rows(rows: &[u64]) -> u64 {
        rows.iter().sum()
    }
    let (sum, trace) = traced(|| sum_rows(&[1, 2]));
    assert_eq!(sum, 3);
    let span = trace.span("sum-rows");
    let function = "steps::a_step_is_a_span_with_its_place_in_the_source_and_a_point_in_the_histogram::sum_rows";
    let expected = [
        (names::STEP_NAME, "sum-rows".to_owned()),
        (names::STEP_KIND, "transform".to_owned()),
        (names::CODE_FUNCTION_NAME, function.to_owned()),
        (names::CODE_FILE_PATH, file!().to_owned()),
        (names::CODE_LINE_NUMBER, LINE.to_string()),
    ];
    assert_eq!(span.attributes.len(), expected.len());
    for (key, value) in expected {
        assert_eq!(attribute(span, key), Some(value), "{key}");
    }
    assert_eq!((trace.parent(span), &span.status), ("test", &Status::Unset));
    assert!(span.start_time <= span.end_time);
    assert!(span.events.is_empty());
    let kind = vec!["samara.step.kind=transform".to_owned()];
    assert_eq!(points("sum-rows"), [(kind, 1)]);
}

#[test]
fn a_method_is_named_with_its_type() {
    struct Loader;
    trait Load {
        fn of_trait(&self);
    }
    impl Loader {
        #[samara::step]
        fn of_type(&self) {}
        #[samara::step]
        async fn of_type_later(&self) {}
    }
    impl Load for Loader {
        #[samara::step]
        fn of_trait(&self) {}
    }
    let ((), trace) = traced(|| {
        Loader.of_type();
        Loader.of_trait();
        runtime().block_on(Loader.of_type_later());
    });
    let function = |name| attribute(trace.span(name), names::CODE_FUNCTION_NAME).expect("set");
    assert!(function("of_type").ends_with("Loader::of_type"));
    assert!(function("of_type_later").ends_with("Loader::of_type_later"));
    let of_trait = function("of_trait");
    assert!(of_trait.contains("Loader as ") && of_trait.ends_with("Load>::of_trait"));
}

#[test]
fn an_error_is_a_status_an_exception_event_and_a_class() {
    #[samara::step]
    fn fails() -> Result<u64, LoadError> {
        Err(LoadError::Unreachable("db".to_owned()))
    }
    let (outcome, trace) = traced(fails);
    assert!(matches!(outcome, Err(LoadError::Unreachable(host)) if host == "db"));
    let span = trace.span("fails");
    assert_eq!(span.status, Status::error("no host `db`"));
    assert_eq!(
        attribute(span, names::ERROR_TYPE).as_deref(),
        Some("Unreachable")
    );
    assert_eq!(span.events.len(), 1);
    let event = &span.events[0];
    assert_eq!(event.name, names::EXCEPTION_EVENT);
    let said = |key| text(&event.attributes, key);
    assert_eq!(said(names::EXCEPTION_TYPE).as_deref(), Some("Unreachable"));
    assert_eq!(
        said(names::EXCEPTION_MESSAGE).as_deref(),
        Some("no host `db`")
    );
    assert_eq!(points("fails"), failed("Unreachable", 1));
}

#[test]
fn a_question_mark_and_an_early_return_end_the_step_where_they_stand() {
    #[samara::step]
    fn parses(text: &str) -> Result<i64, Box<dyn std::error::Error>> {
        if text.is_empty() {
            return Ok(0);
        }
        Ok(text.parse()?)
    }
    #[samara::step]
    async fn parses_later(text: &str) -> Result<i64, std::num::ParseIntError> {
        yield_once().await;
        let number: i64 = text.parse()?;
        Ok(number)
    }
    let ((), trace) = traced(|| {
        assert!(parses("").is_ok());
        assert!(runtime().block_on(parses_later("x")).is_err());
    });
    assert_eq!(trace.span("parses").status, Status::Unset);
    let later = trace.span("parses_later");
    assert_eq!(later.status, Status::error("invalid digit found in string"));
    let class = Some("core::num::error::ParseIntError");
    assert_eq!(attribute(later, names::ERROR_TYPE).as_deref(), class);
    traced(|| parses("x").is_err());
    let error = failed("alloc::boxed::Box<dyn core::error::Error>", 1);
    assert_eq!(points("parses"), [error, succeeded(1)].concat());
}

#[test]
fn an_error_without_a_text_is_still_a_failure() {
    struct Silent;
    #[derive(Debug)]
    struct ForProgrammers;
    #[samara::step]
    fn silent() -> Result<(), Silent> {
        Err(Silent)
    }
    #[samara::step]
    fn for_programmers() -> Result<(), ForProgrammers> {
        Err(ForProgrammers)
    }
    #[samara::step(err = Debug)]
    fn as_asked() -> Result<(), LoadError> {
        Err(LoadError::Full)
    }
    let ((), trace) = traced(|| {
        assert!(silent().is_err());
        assert!(for_programmers().is_err());
        assert!(as_asked().is_err());
    });
    let silent = trace.span("silent");
    assert_eq!(silent.status, Status::error(""));
    assert!(
        attribute(silent, names::ERROR_TYPE)
            .expect("set")
            .ends_with("::Silent")
    );
    assert_eq!(
        text(&silent.events[0].attributes, names::EXCEPTION_MESSAGE),
        None
    );
    assert_eq!(
        trace.span("for_programmers").status,
        Status::error("ForProgrammers")
    );
    assert_eq!(trace.span("as_asked").status, Status::error("Full"));
}

#[test]
fn a_panic_ends_the_step_as_an_error_with_its_message_and_goes_on() {
    #[samara::step]
    fn panics() -> u64 {
        panic!("as it was")
    }
    #[samara::step]
    async fn panics_later() -> u64 {
        yield_once().await;
        panic!("as it was")
    }
    #[samara::step]
    fn panics_with_a_value() -> ! {
        panic!("{} rows", 3)
    }
    #[samara::step]
    fn panics_with_no_text() -> ! {
        std::panic::panic_any(3)
    }
    let ((), trace) = traced(|| {
        let later = || runtime().block_on(panics_later());
        for panicked in [catch_unwind(panics), catch_unwind(AssertUnwindSafe(later))] {
            let payload = panicked.expect_err("a panic");
            assert_eq!(payload.downcast_ref(), Some(&"as it was"));
        }
        for panics in [panics_with_a_value, panics_with_no_text] {
            assert!(catch_unwind(|| panics()).is_err());
        }
    });
    for (name, message) in [
        ("panics", "as it was"),
        ("panics_later", "as it was"),
        ("panics_with_a_value", "3 rows"),
        ("panics_with_no_text", "a panic without a text"),
    ] {
        let span = trace.span(name);
        assert_eq!(span.status, Status::error(message));
        let exception = &span.events[0];
        let said = KeyValue::new(names::EXCEPTION_MESSAGE, message);
        assert_eq!(exception.name, names::EXCEPTION_EVENT);
        assert!(exception.attributes.contains(&said), "{exception:?}");
        assert_eq!(attribute(span, names::ERROR_TYPE).as_deref(), Some("panic"));
        assert_eq!(points(name), failed("panic", 1));
    }
}

#[test]
fn a_future_that_is_dropped_ends_its_step_as_cancelled() {
    struct Farewell;
    impl Drop for Farewell {
        fn drop(&mut self) {
            says_goodbye();
        }
    }
    #[samara::step]
    fn says_goodbye() {}
    #[samara::step]
    async fn is_cancelled() {
        let _farewell = Farewell;
        pending::<()>().await;
    }
    #[samara::step]
    async fn never_begins() {}

    let ((), trace) = traced(|| {
        drop(never_begins());
        let mut task = Context::from_waker(Waker::noop());
        assert!(pin!(is_cancelled()).poll(&mut task).is_pending());
    });
    let span = trace.span("is_cancelled");
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        attribute(span, names::ERROR_TYPE).as_deref(),
        Some("cancelled")
    );
    assert!(span.events.is_empty());
    assert_eq!(points("is_cancelled"), failed("cancelled", 1));
    assert_eq!(trace.parent(trace.span("says_goodbye")), "is_cancelled");
    assert_eq!(trace.spans.len(), 2);
}

#[test]
fn steps_nest_across_await_points_and_threads() {
    #[samara::step]
    async fn outer() {
        for _ in 0..20 {
            yield_once().await;
        }
        middle().await;
        inner("after");
    }
    #[samara::step]
    async fn middle() {
        yield_once().await;
        inner("within");
        yield_once().await;
    }
    #[samara::step(attributes(place))]
    fn inner(place: &str) {}

    let ((), trace) = traced(|| {
        let runtime = runtime();
        let outer = runtime.block_on(async { samara::spawn(outer()).await });
        outer.expect("no panic");
    });
    assert_eq!(trace.parent(trace.span("outer")), "test");
    assert_eq!(trace.parent(trace.span("middle")), "outer");
    let parents = trace.spans.iter().filter(|span| span.name == "inner");
    let mut parents: Vec<_> = parents
        .map(|span| (attribute(span, "place").expect("set"), trace.parent(span)))
        .collect();
    parents.sort();
    let expected = [
        ("after".to_owned(), "outer"),
        ("within".to_owned(), "middle"),
    ];
    assert_eq!(parents, expected);
}

#[test]
fn a_recursive_step_is_a_chain_of_spans() {
    #[samara::step(attributes(n))]
    fn factorial(n: u64) -> u64 {
        if n == 0 { 1 } else { n * factorial(n - 1) }
    }
    let (product, trace) = traced(|| factorial(4));
    assert_eq!(product, 24);
    let with = |n: u64| {
        let is_of = |span: &&_| attribute(span, "n") == Some(n.to_string());
        trace.spans.iter().find(is_of).expect("a span")
    };
    for n in 0..4 {
        assert_eq!(with(n).parent_span_id, with(n + 1).span_context.span_id());
    }
    assert_eq!(trace.parent(with(4)), "test");
    assert_eq!(points("factorial"), succeeded(5));
}

#[test]
fn tasks_and_threads_take_the_step_along() {
    #[samara::step]
    async fn spawns() {
        let task = samara::spawn(async { in_task() });
        let thread = std::thread::spawn(samara::in_current_context(in_thread));
        task.await.expect("no panic");
        thread.join().expect("no panic");
    }
    #[samara::step]
    fn in_task() {}
    #[samara::step]
    fn in_thread() {}
    let ((), trace) = traced(|| runtime().block_on(spawns()));
    assert_eq!(trace.parent(trace.span("in_task")), "spawns");
    assert_eq!(trace.parent(trace.span("in_thread")), "spawns");
}

#[test]
fn of_a_thousand_steps_on_eight_tasks_none_is_lost_and_each_has_its_parent() {
    #[samara::step(attributes(task))]
    async fn task_of_steps(task: u64) {
        for _ in 0..125 {
            one_of_many(task).await;
        }
    }
    #[samara::step(attributes(task))]
    async fn one_of_many(task: u64) {
        yield_once().await;
    }
    let ((), trace) = traced(|| {
        runtime().block_on(async {
            let tasks: Vec<_> = (0..8)
                .map(|task| samara::spawn(task_of_steps(task)))
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
        });
    });
    let named = |name: &'static str| trace.spans.iter().filter(move |span| span.name == name);
    assert_eq!(named("task_of_steps").count(), 8);
    assert_eq!(named("one_of_many").count(), 1000);
    for span in named("one_of_many") {
        let parent = named("task_of_steps")
            .find(|parent| parent.span_context.span_id() == span.parent_span_id)
            .expect("its task");
        assert_eq!(attribute(parent, "task"), attribute(span, "task"));
    }
    assert_eq!(points("one_of_many"), succeeded(1000));
}

#[test]
fn attributes_have_the_values_of_the_arguments_before_the_body_runs() {
    #[samara::step(attributes(table, rows = rows.len(), %filter, kind.of = ?kind, share, limit, "is-dry" = dry))]
    fn loads(
        table: &str,
        rows: Vec<u8>,
        filter: std::fmt::Arguments<'_>,
        kind: Option<u8>,
        share: f64,
        limit: Option<u64>,
        dry: bool,
    ) {
        drop(rows);
    }
    let ((), trace) = traced(|| {
        loads(
            "orders",
            vec![1, 2],
            format_args!("a = {}", 1),
            Some(3),
            0.5,
            None,
            true,
        );
    });
    let span = trace.span("loads");
    let value = |key| attribute(span, key);
    assert_eq!(value("table").as_deref(), Some("orders"));
    assert_eq!(value("rows").as_deref(), Some("2"));
    assert_eq!(value("filter").as_deref(), Some("a = 1"));
    assert_eq!(value("kind.of").as_deref(), Some("Some(3)"));
    assert_eq!(value("share").as_deref(), Some("0.5"));
    assert_eq!(value("is-dry").as_deref(), Some("true"));
    assert_eq!(value("limit"), None);
}

#[test]
fn what_is_not_sampled_is_not_described_and_yet_counted() {
    thread_local!(static DESCRIBED: Cell<bool> = const { Cell::new(false) });
    fn describe() -> u64 {
        DESCRIBED.set(true);
        1
    }
    #[samara::step(attributes(value = describe()))]
    fn unheard() -> Result<(), LoadError> {
        Err(LoadError::Full)
    }
    let outcome = unsampled(unheard);
    assert!(outcome.is_err());
    assert!(!DESCRIBED.get());
    assert_eq!(points("unheard"), failed("Full", 1));
}

#[test]
fn events_and_spans_of_tracing_belong_to_the_step() {
    use tracing_subscriber::prelude::*;

    #[samara::step]
    fn calls_a_library() {
        tracing::warn!(rows = 3, "few rows");
        let _library = tracing::info_span!("library").entered();
        tracing::info!("inside");
        called_back();
    }
    #[samara::step]
    fn called_back() {}

    let layer = samara::telemetry::log::trace_layer(traces());
    let subscriber = tracing_subscriber::registry().with(layer);
    let ((), trace) = traced(|| tracing::subscriber::with_default(subscriber, calls_a_library));

    let (step, library) = (trace.span("calls_a_library"), trace.span("library"));
    assert_eq!(trace.parent(library), "calls_a_library");
    assert_eq!(trace.parent(trace.span("called_back")), "library");
    let events = |span: &opentelemetry_sdk::trace::SpanData| {
        let names = span.events.iter().map(|event| event.name.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(events(step), ["few rows"]);
    assert_eq!(events(library), ["inside"]);
    let attributes = &step.events[0].attributes;
    assert_eq!(text(attributes, "level").as_deref(), Some("WARN"));
    assert_eq!(text(attributes, "rows").as_deref(), Some("3"));
}

#[test]
fn the_span_of_a_step_is_as_long_as_its_work() {
    const NAP: Duration = Duration::from_millis(20);
    #[samara::step]
    fn naps() {
        std::thread::sleep(NAP);
    }
    let ((), trace) = traced(naps);
    let span = trace.span("naps");
    let took = span.end_time.duration_since(span.start_time);
    assert!(took.expect("forwards") >= NAP);
}

#[test]
fn telemetry_is_set_up_once_a_process() {
    traced(|| ());
    let again = samara::telemetry::Providers::default().install();
    assert_eq!(again, Err(samara::telemetry::AlreadyInstalled));
}
