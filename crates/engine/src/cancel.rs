//! A switch that another thread or task can throw to stop a build.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Stops what it was taken from; cheap to clone, and may be used from a signal handler's thread.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    thrown: AtomicBool,
    wake: Notify,
}

impl CancelToken {
    /// A token that nothing listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop; asking again changes nothing.
    pub fn cancel(&self) {
        self.0.thrown.store(true, Ordering::Release);
        self.0.wake.notify_waiters();
    }

    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.thrown.load(Ordering::Acquire)
    }

    /// Waits until it is asked to stop.
    pub async fn cancelled(&self) {
        let wake = self.0.wake.notified();
        tokio::pin!(wake);
        // Listening starts before looking, so that a call in between is not missed.
        wake.as_mut().enable();
        if !self.is_cancelled() {
            wake.await;
        }
    }
}
