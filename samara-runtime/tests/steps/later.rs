//! What is returned before its work is done: futures and streams, however they are made.

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use futures::future::{BoxFuture, LocalBoxFuture};
use futures::stream::{BoxStream, LocalBoxStream};
use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use opentelemetry::trace::Status;
use samara::telemetry::names;

use crate::recorded::{Trace, attribute, failed, points, succeeded, traced};
use crate::{LoadError, runtime, yield_once};

#[samara::step]
fn inner() {}

/// Work that waits, has a step of its own, and fails for zero.
async fn work(n: u64) -> Result<u64, LoadError> {
    yield_once().await;
    inner();
    n.checked_sub(1).ok_or(LoadError::Full)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// What one call of a step leaves that fails in its future.
fn is_failed_around_its_work(trace: &Trace, name: &str) {
    let span = trace.span(name);
    assert_eq!(trace.parent(trace.span("inner")), name);
    assert!(span.end_time >= trace.span("inner").end_time, "{name}");
    assert_eq!(span.status, Status::error("the disk is full"), "{name}");
    assert_eq!(
        attribute(span, names::ERROR_TYPE).as_deref(),
        Some("Full"),
        "{name}"
    );
    assert_eq!(points(name), failed("Full", 1));
}

macro_rules! fails_around_its_work {
    ($($name:ident($call:expr);)*) => {$({
        let (outcome, trace) = traced(|| run($call));
        assert!(matches!(outcome, Err(LoadError::Full)), stringify!($name));
        is_failed_around_its_work(&trace, stringify!($name));
    })*};
}

#[test]
fn a_returned_future_is_followed_however_the_function_makes_it() {
    struct Loader;
    #[async_trait::async_trait]
    trait Load {
        async fn of_async_trait(&self, n: u64) -> Result<u64, LoadError>;
    }
    #[async_trait::async_trait]
    impl Load for Loader {
        #[samara::step]
        async fn of_async_trait(&self, n: u64) -> Result<u64, LoadError> {
            work(n).await
        }
    }
    trait Service {
        type Future: Future<Output = Result<u64, LoadError>>;
        fn associated(&self, n: u64) -> Self::Future;
    }
    impl Service for Loader {
        type Future = BoxFuture<'static, Result<u64, LoadError>>;
        #[samara::step]
        fn associated(&self, n: u64) -> Self::Future {
            Box::pin(work(n))
        }
    }

    #[samara::step]
    fn called(n: u64) -> impl Future<Output = Result<u64, LoadError>> {
        work(n)
    }
    #[samara::step]
    fn boxed(n: u64) -> BoxFuture<'static, Result<u64, LoadError>> {
        work(n).boxed()
    }
    #[samara::step]
    fn boxed_locally(n: &u64) -> LocalBoxFuture<'_, Result<u64, LoadError>> {
        Box::pin(work(*n))
    }
    #[samara::step]
    fn matched(n: u64) -> Pin<Box<dyn Future<Output = Result<u64, LoadError>> + Send>> {
        match n {
            0 => Box::pin(async move { work(n).await }),
            _ => Box::pin(async { Ok(1) }),
        }
    }
    #[samara::step]
    #[expect(clippy::let_and_return, reason = "the form is what is tried")]
    fn named_first(n: u64) -> impl Future<Output = Result<u64, LoadError>> + Send {
        let named = async move { work(n).await };
        named
    }
    #[samara::step]
    fn returned_early(n: u64) -> BoxFuture<'static, Result<u64, LoadError>> {
        if n == 0 {
            return Box::pin(work(n));
        }
        Box::pin(ready(Ok(n)))
    }
    #[samara::step]
    fn an_async_block(n: u64) -> impl Future<Output = Result<u64, LoadError>> {
        async move {
            let n = work(n).await?;
            Ok(n)
        }
    }
    #[samara::step]
    fn given<F>(future: F) -> impl Future<Output = F::Output>
    where
        F: Future<Output = Result<u64, LoadError>>,
    {
        future
    }
    #[samara::step]
    fn unpinned(n: u64) -> Box<dyn Future<Output = Result<u64, LoadError>> + Unpin + Send> {
        Box::new(Box::pin(work(n)))
    }
    #[samara::step]
    async fn of_an_async_function(n: u64) -> BoxFuture<'static, Result<u64, LoadError>> {
        work(n).boxed()
    }
    #[samara::step]
    async fn opaque_of_an_async_function(n: u64) -> impl Future<Output = Result<u64, LoadError>> {
        work(n)
    }
    #[samara::step]
    fn in_a_result(n: u64) -> Result<BoxFuture<'static, Result<u64, LoadError>>, LoadError> {
        Ok(work(n).boxed())
    }
    #[samara::step]
    fn opaque_in_a_result(
        n: u64,
    ) -> Result<impl Future<Output = Result<u64, LoadError>>, LoadError> {
        Ok(work(n))
    }
    #[samara::step]
    fn in_an_option(n: u64) -> Option<BoxFuture<'static, Result<u64, LoadError>>> {
        Some(work(n).boxed())
    }
    #[samara::step]
    fn opaque_in_an_option(n: u64) -> Option<impl Future<Output = Result<u64, LoadError>>> {
        Some(work(n))
    }
    fails_around_its_work! {
        called(called(0));
        boxed(boxed(0));
        boxed_locally(boxed_locally(&0));
        matched(matched(0));
        named_first(named_first(0));
        returned_early(returned_early(0));
        an_async_block(an_async_block(0));
        given(given(work(0)));
        unpinned(unpinned(0));
        associated(Loader.associated(0));
        of_async_trait(Loader.of_async_trait(0));
        of_an_async_function(async { of_an_async_function(0).await.await });
        opaque_of_an_async_function(async { opaque_of_an_async_function(0).await.await });
        in_a_result(in_a_result(0).expect("a future"));
        opaque_in_a_result(opaque_in_a_result(0).expect("a future"));
        in_an_option(in_an_option(0).expect("a future"));
        opaque_in_an_option(opaque_in_an_option(0).expect("a future"));
    }
}

#[test]
fn what_fails_before_there_is_a_future_fails_the_step_at_once() {
    #[samara::step]
    fn refused(n: u64) -> Result<BoxFuture<'static, u64>, LoadError> {
        let _n = n.checked_sub(1).ok_or(LoadError::Full)?;
        Ok(Box::pin(ready(1)))
    }
    #[samara::step(err = Debug)]
    fn refused_opaquely(n: u64) -> Result<impl Future<Output = u64>, LoadError> {
        let n = n.checked_sub(1).ok_or(LoadError::Full)?;
        Ok(ready(n))
    }
    #[samara::step]
    fn nothing() -> Option<BoxFuture<'static, u64>> {
        None
    }
    let ((), trace) = traced(|| {
        assert!(refused(0).is_err());
        assert!(refused_opaquely(0).is_err());
        assert!(nothing().is_none());
    });
    assert_eq!(
        trace.span("refused").status,
        Status::error("the disk is full")
    );
    assert_eq!(trace.span("refused_opaquely").status, Status::error("Full"));
    assert_eq!(points("nothing"), succeeded(1));
}

#[test]
fn what_is_done_before_the_future_is_returned_belongs_to_its_step() {
    #[samara::step]
    fn prepares() -> impl Future<Output = ()> {
        inner();
        ready(())
    }
    let ((), trace) = traced(|| {
        let future = prepares();
        // Of the caller, not of the step that waits to be polled.
        before_it_is_polled();
        run(future);
    });
    #[samara::step]
    fn before_it_is_polled() {}
    assert_eq!(trace.parent(trace.span("inner")), "prepares");
    assert_eq!(trace.parent(trace.span("before_it_is_polled")), "test");
    assert_eq!(trace.parent(trace.span("prepares")), "test");
    assert_eq!(points("prepares"), succeeded(1));
}

#[test]
fn a_returned_future_that_panics_or_is_dropped_ends_its_step_so() {
    #[samara::step]
    fn panics_in_its_future() -> BoxFuture<'static, u64> {
        Box::pin(async {
            yield_once().await;
            panic!("as it was")
        })
    }
    #[samara::step]
    fn is_dropped() -> impl Future<Output = ()> {
        pending()
    }
    let ((), trace) = traced(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| run(panics_in_its_future())));
        let payload = panicked.expect_err("a panic");
        assert_eq!(payload.downcast_ref(), Some(&"as it was"));
        let mut task = Context::from_waker(Waker::noop());
        assert!(pin!(is_dropped()).poll(&mut task).is_pending());
    });
    assert_eq!(
        trace.span("panics_in_its_future").status,
        Status::error("as it was")
    );
    assert_eq!(trace.span("is_dropped").status, Status::Unset);
    assert_eq!(points("panics_in_its_future"), failed("panic", 1));
    assert_eq!(points("is_dropped"), failed("cancelled", 1));
}

#[test]
fn an_error_of_a_returned_future_is_told_as_asked() {
    #[samara::step(err = Debug)]
    fn for_programmers(n: u64) -> BoxFuture<'static, Result<u64, LoadError>> {
        work(n).boxed()
    }
    #[samara::step(err = Debug)]
    fn rows_for_programmers() -> impl Stream<Item = Result<u64, LoadError>> {
        stream::iter([Err(LoadError::Full)])
    }
    let (_, trace) = traced(|| {
        run(async {
            for_programmers(0).await.is_err() && rows_for_programmers().count().await == 1
        })
    });
    assert_eq!(trace.span("for_programmers").status, Status::error("Full"));
    let rows = trace.span("rows_for_programmers");
    assert_eq!(rows.status, Status::error("Full"));
}

#[test]
fn a_returned_stream_is_followed_to_its_end() {
    fn rows() -> impl Stream<Item = u64> {
        stream::iter(0..3).then(|n| async move {
            yield_once().await;
            inner();
            n
        })
    }
    #[samara::step]
    fn streamed() -> impl Stream<Item = u64> + Send {
        rows()
    }
    #[samara::step]
    fn boxed_stream() -> BoxStream<'static, u64> {
        rows().boxed()
    }
    #[samara::step]
    fn local_stream(_rows: &[u64]) -> LocalBoxStream<'_, u64> {
        rows().boxed_local()
    }
    #[samara::step]
    fn stream_in_a_result() -> Result<impl Stream<Item = u64>, LoadError> {
        Ok(rows())
    }
    #[samara::step]
    async fn stream_later() -> BoxStream<'static, u64> {
        rows().boxed()
    }
    let is_around = |name: &str, trace: &Trace| {
        let inner: Vec<_> = (trace.spans.iter())
            .filter(|span| span.name == "inner")
            .collect();
        assert_eq!(inner.len(), 3, "{name}");
        assert!(
            inner.iter().all(|span| trace.parent(span) == name),
            "{name}"
        );
        assert_eq!(points(name), succeeded(1));
    };
    let collected = |rows: BoxStream<'_, u64>| assert_eq!(run(rows.collect::<Vec<_>>()), [0, 1, 2]);
    is_around("streamed", &traced(|| collected(streamed().boxed())).1);
    is_around("boxed_stream", &traced(|| collected(boxed_stream())).1);
    let ((), trace) = traced(|| assert_eq!(run(local_stream(&[]).count()), 3));
    is_around("local_stream", &trace);
    let rows = || run(stream_in_a_result().expect("a stream").count());
    is_around("stream_in_a_result", &traced(rows).1);
    let rows = || run(async { stream_later().await.count().await });
    is_around("stream_later", &traced(rows).1);
}

#[test]
fn an_item_that_is_an_error_fails_the_step_of_its_stream() {
    #[samara::step]
    fn read_to_the_end() -> impl Stream<Item = Result<u64, LoadError>> {
        stream::iter([Ok(1), Err(LoadError::Full), Ok(2)])
    }
    #[samara::step]
    fn dropped_at_the_error() -> BoxStream<'static, Result<u64, LoadError>> {
        stream::iter([Ok(1), Err(LoadError::Full), Ok(2)]).boxed()
    }
    #[samara::step]
    fn dropped_before() -> BoxStream<'static, Result<u64, LoadError>> {
        stream::iter([Ok(1), Err(LoadError::Full)]).boxed()
    }
    #[samara::step]
    fn panics_in_the_middle() -> impl Stream<Item = u64> {
        stream::iter([1, 0]).map(|n| 1_u64.checked_div(n).expect("not zero"))
    }
    let ((), trace) = traced(|| {
        run(async {
            assert_eq!(read_to_the_end().count().await, 3);
            let mut rows = dropped_at_the_error();
            while let Some(Ok(_)) = rows.next().await {}
            drop(rows);
            drop(dropped_before().next().await);
            let rest = AssertUnwindSafe(panics_in_the_middle().count());
            assert!(rest.catch_unwind().await.is_err());
        });
    });
    for name in ["read_to_the_end", "dropped_at_the_error"] {
        assert_eq!(trace.span(name).status, Status::error("the disk is full"));
        assert_eq!(trace.span(name).events.len(), 1);
        assert_eq!(points(name), failed("Full", 1));
    }
    assert_eq!(points("dropped_before"), failed("cancelled", 1));
    assert_eq!(points("panics_in_the_middle"), failed("panic", 1));
    assert_eq!(
        trace.span("panics_in_the_middle").status,
        Status::error("not zero")
    );
}
