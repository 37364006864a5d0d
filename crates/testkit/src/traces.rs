//! What libraries tell `tracing` at every level, kept so that a test can look for what must not be there.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static TRACES: OnceLock<()> = OnceLock::new();
static TEXT: Mutex<String> = Mutex::new(String::new());

/// From now on everything that this process traces is kept, of all tests in it.
///
/// # Panics
/// When something else listens already.
pub fn keep() {
    TRACES.get_or_init(|| {
        let set = tracing::subscriber::set_global_default(Keeper(AtomicU64::new(1)));
        assert!(set.is_ok(), "somebody else listens");
    });
}

/// What was traced since [`keep`].
pub fn kept() -> String {
    TEXT.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Writes everything down; spans are numbered.
struct Keeper(AtomicU64);

/// The line is made before the lock is taken: what is shown may trace in turn.
fn note(what: &str, write: impl FnOnce(&mut Line)) {
    let mut line = Line(what.to_owned());
    write(&mut line);
    line.0.push('\n');
    TEXT.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push_str(&line.0);
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        note(span.metadata().name(), |line| span.record(line));
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        note("recorded", |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        note(event.metadata().target(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_kept() {
        keep();
        keep();
        let _span = tracing::trace_span!("outer", of = "span").entered();
        tracing::trace!(secret = ?"in a field", "in the words");
        let kept = kept();
        for part in ["outer of=\"span\"", "secret=\"in a field\"", "in the words"] {
            assert!(kept.contains(part), "{kept}");
        }
    }
}
