//! SIGINT and SIGTERM: the first one ends a run in order, a second one at once.

use std::future::Future;
use std::pin::pin;
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::{Either, pending, select};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::workflow::Exit;

/// How long a pause takes to notice a signal.
const TICK: Duration = Duration::from_millis(50);

/// The signal that has come, of the whole process as signals are.
static CAME: LazyLock<watch::Sender<Option<&'static str>>> =
    LazyLock::new(|| watch::Sender::new(None));

/// From now on signals do not kill the process, but end its run. Where no thread is to be had, they kill it as before.
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
        if CAME.send_replace(Some(name)).is_some() {
            std::process::exit(Exit::Interrupted as i32);
        }
        tracing::warn!("{name}: the run ends in order; another one ends it at once");
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
        Some(signal) => Err(Error::Interrupted { signal }),
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
    match came.wait_for(Option::is_some).await.map(|signal| *signal) {
        Ok(Some(signal)) => signal,
        _ => pending().await,
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
