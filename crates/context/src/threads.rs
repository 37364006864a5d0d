//! Threads for work that any number of them may share.

use std::num::NonZeroUsize;
use std::thread::{Builder, Scope};

/// More are never started, whatever was asked for: each costs buffers of its own, and no disk feeds so many.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// As many threads as were asked for, within reason; one a core where nothing was asked for.
pub(crate) fn count(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    asked.unwrap_or_else(cores).min(MOST)
}

/// Does `work` on several threads at once, the calling one included, and returns when all have come to its end: not more than `threads`
/// of them, by default one a core, 256 at most. What there is to do they share out among themselves.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// let (next, sum) = (AtomicUsize::new(1), AtomicUsize::new(0));
/// shipload_context::on_threads(None, || {
///     loop {
///         match next.fetch_add(1, Ordering::Relaxed) {
///             number @ 1..=100 => sum.fetch_add(number, Ordering::Relaxed),
///             _ => return,
///         };
///     }
/// });
/// assert_eq!(sum.into_inner(), 5050);
/// ```
pub fn on_threads(threads: Option<NonZeroUsize>, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        help(scope, count(threads), &work);
        work();
    });
}

/// Lets all but one of `threads` do `work`; that one is the caller, who does it too.
///
/// Where the system refuses a thread, as under a limit on processes, there are fewer of them: that costs time
/// only.
pub(crate) fn help<'scope>(
    scope: &'scope Scope<'scope, '_>,
    threads: NonZeroUsize,
    work: impl Fn() + Copy + Send + 'scope,
) {
    for _ in 1..threads.get() {
        if Builder::new().spawn_scoped(scope, work).is_err() {
            return;
        }
    }
}
