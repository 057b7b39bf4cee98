//! SIGINT and SIGTERM: the first one ends a run in order, and soon; a second one at once.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::{Either, pending, select};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::client;
use crate::error::{Error, Result};
use crate::workflow::Exit;

/// How long a pause takes to notice a signal.
const TICK: Duration = Duration::from_millis(50);

/// The longest that a run which is to end goes on with what it sends: with all that it begins to send after a signal, and with what was on
/// its way before.
const HASTE: Duration = Duration::from_secs(5);

/// A signal that has come.
#[derive(Debug, Clone, Copy)]
struct Came {
    name: &'static str,
    at: Instant,
}

/// The last signal that has come, of the whole process as signals are.
static CAME: LazyLock<watch::Sender<Option<Came>>> = LazyLock::new(|| watch::Sender::new(None));

/// When something was to be sent for the first time after a signal.
static HASTENED: OnceLock<Instant> = OnceLock::new();

/// From now on signals do not kill the process, but end its run. Where no thread is to be had, they kill it.
pub(crate) fn listen() {
    let (ready, is_ready) = mpsc::channel();
    let thread = thread::Builder::new().name("samara-signals".to_owned());
    let spawned = thread.spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_io().build();
        runtime.map(|runtime| runtime.block_on(receive(ready)))
    });
    if spawned.is_ok() {
        // An error says that nobody listens.
        let _ = is_ready.recv();
    }
}

async fn receive(ready: mpsc::Sender<()>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let _ = ready.send(());
    loop {
        let name = match select(pin!(interrupt.recv()), pin!(terminate.recv())).await {
            Either::Left(_) => "SIGINT",
            Either::Right(_) => "SIGTERM",
        };
        let at = Instant::now();
        if CAME.send_replace(Some(Came { name, at })).is_some() {
            std::process::exit(Exit::Interrupted as i32);
        }
        // Nobody may read stderr, and then this does not end.
        let thread = thread::Builder::new().name("samara-signal".to_owned());
        let _ = thread.spawn(move || {
            tracing::warn!("{name}: the run ends in order; another one ends it at once");
        });
    }
}

/// Whether a signal has come.
pub(crate) fn has_come() -> bool {
    CAME.borrow().is_some()
}

/// Fails once a signal has come.
pub(crate) fn check() -> Result<()> {
    match *CAME.borrow() {
        None => Ok(()),
        Some(Came { name, .. }) => Err(Error::Interrupted { signal: name }),
    }
}

/// What the work comes to, unless a signal comes before.
pub(crate) async fn or_signal<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match select(pin!(signalled()), pin!(work)).await {
        Either::Left((signal, _)) => Err(Error::Interrupted { signal }),
        Either::Right((outcome, _)) => outcome,
    }
}

async fn signalled() -> &'static str {
    let mut came = CAME.subscribe();
    match came.wait_for(Option::is_some).await.map(|came| *came) {
        Ok(Some(Came { name, .. })) => name,
        _ => pending().await,
    }
}

/// How long what begins now may go on sending, if a signal has come: less and less, and in the end no time at all.
pub(crate) fn time_left() -> Option<Duration> {
    let hastened = || HASTENED.get_or_init(Instant::now).elapsed();
    has_come().then(|| HASTE.saturating_sub(hastened()))
}

/// Why what a run was to send came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// A signal left no time for it.
    #[error("the run was interrupted")]
    Interrupted,
    /// It took longer than it may.
    #[error("{}", client::unanswered(*.0))]
    TooLong(Duration),
    /// It has no thread any more, or never had one.
    #[error("there is no thread that sends it")]
    Lost,
}

/// What some sending comes to, within its time limit and within the time that a signal leaves it. What is not over by then is left to itself,
/// and ends with the process.
pub(crate) fn in_time<T: Send + 'static>(
    limit: Duration,
    send: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unfinished> {
    let (began, left) = (Instant::now(), time_left());
    let is_interrupted = || match left {
        Some(left) => began.elapsed() >= left,
        None => CAME.borrow().is_some_and(|came| came.at.elapsed() >= HASTE),
    };
    if left == Some(Duration::ZERO) {
        return Err(Unfinished::Interrupted);
    }
    let (done, is_done) = mpsc::channel();
    let thread = thread::Builder::new().name("samara-send".to_owned());
    let spawned = thread.spawn(move || done.send(send()));
    spawned.map_err(|_| Unfinished::Lost)?;
    loop {
        match is_done.recv_timeout(TICK) {
            Ok(outcome) => return Ok(outcome),
            Err(RecvTimeoutError::Disconnected) => return Err(Unfinished::Lost),
            Err(RecvTimeoutError::Timeout) if is_interrupted() => {
                return Err(Unfinished::Interrupted);
            }
            Err(RecvTimeoutError::Timeout) if began.elapsed() >= limit => {
                return Err(Unfinished::TooLong(limit));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Waits, but no longer than until a signal comes.
pub(crate) fn pause(duration: Duration) {
    let began = Instant::now();
    while !has_come() {
        match duration.saturating_sub(began.elapsed()) {
            Duration::ZERO => return,
            left => thread::sleep(left.min(TICK)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_it_may_is_left_to_itself() {
        let (short, long) = (Duration::from_millis(100), Duration::from_secs(60));
        assert_eq!(in_time(long, || 1), Ok(1));
        let endless = || thread::sleep(Duration::from_secs(3600));
        assert_eq!(in_time(short, endless), Err(Unfinished::TooLong(short)));
        let failing = || -> u8 { panic!("it fails") };
        assert_eq!(in_time(long, failing), Err(Unfinished::Lost));
    }
}
