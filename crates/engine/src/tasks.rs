//! `Tasks`: the tasks that a connection starts, which end with it.
//!
//! hyper wants something to start tasks on for each HTTP/2 connection and stream. Started on the runtime they would outlive
//! a build that is cancelled; here they belong to whoever holds the [`Tasks`].

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::JoinSet;

/// Tasks that are stopped when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Arc<Mutex<JoinSet<()>>>);

/// Starts tasks as long as its [`Tasks`] are there, and nothing afterwards. Does not keep them.
#[derive(Debug, Clone)]
pub(crate) struct Spawner(Weak<Mutex<JoinSet<()>>>);

impl Tasks {
    pub(crate) fn spawner(&self) -> Spawner {
        Spawner(Arc::downgrade(&self.0))
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.abort_all();
    }
}

impl Spawner {
    pub(crate) fn spawn(&self, task: impl Future<Output: Send> + Send + 'static) {
        let Some(tasks) = self.0.upgrade() else {
            return;
        };
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended is forgotten, or a long build would remember every stream.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            task.await;
        });
    }
}

impl<F> hyper::rt::Executor<F> for Spawner
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
