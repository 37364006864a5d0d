//! Ctrl-C and SIGTERM: the first asks the work to stop, so that nothing half done is left; the second ends the process.

use std::io;

use rustix::process::Signal;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Exit, Failure};

/// Calls `stop` on a thread of its own at the first signal.
pub(crate) fn on_interrupt(stop: impl Fn() + Send + 'static) -> Result<(), Failure> {
    start(stop).map_err(|error| Failure::new("cannot take signals").caused_by(&error))
}

fn start(stop: impl Fn() + Send + 'static) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    // Taken before this returns: no signal is missed.
    let (mut interrupt, mut terminate) = {
        let _guard = runtime.enter();
        // A file that reaches the limit on file sizes is then an error of the write, and the process lives to clean up.
        let _ = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?;
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    let wait = async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        stop();
        // The work may hang in a read or write that nobody answers.
        next().await;
        std::process::exit(Exit::Interrupted.code().into());
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(wait))?;
    Ok(())
}
