//! What a process holds, so that a test can tell that nothing is left of what it did: threads, and open files.

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;

/// What this process holds at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    threads: BTreeMap<String, usize>,
    files: BTreeMap<String, usize>,
}

impl Held {
    /// Threads by their names, and open files by what they are.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub fn now() -> io::Result<Self> {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir("/proc/self/task")? {
            // It may have ended since.
            if let Ok(name) = fs::read_to_string(task?.path().join("comm")) {
                *threads.entry(name.trim().to_owned()).or_default() += 1;
            }
        }
        let mut files = BTreeMap::new();
        for file in fs::read_dir("/proc/self/fd")? {
            if let Ok(target) = fs::read_link(file?.path()) {
                // Sockets and pipes have numbers, which say nothing: `socket:[123]`.
                let target = target.to_string_lossy();
                let kind = target.split(":[").next().unwrap_or_default();
                *files.entry(kind.to_owned()).or_default() += 1;
            }
        }
        Ok(Self { threads, files })
    }

    /// What is held now and was not when this was taken, a line each; waits up to `patience` until it is nothing.
    ///
    /// # Errors
    /// As [`Held::now`].
    pub fn left_after(&self, patience: Duration) -> io::Result<Vec<String>> {
        let begun = Instant::now();
        loop {
            let left = Self::now()?.beyond(self);
            if left.is_empty() || begun.elapsed() > patience {
                return Ok(left);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn beyond(&self, before: &Self) -> Vec<String> {
        let counts = [
            ("thread", &self.threads, &before.threads),
            ("open", &self.files, &before.files),
        ];
        let more = counts.into_iter().flat_map(|(what, now, then)| {
            now.iter().filter_map(move |(name, count)| {
                let more = count.saturating_sub(then.get(name).copied().unwrap_or(0));
                (more > 0).then(|| format!("{what} `{name}`: {more} more"))
            })
        });
        more.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_is_kept_is_named_and_what_is_let_go_is_not() {
        let patience = Duration::from_millis(50);
        let before = Held::now().unwrap();
        let sockets = UnixStream::pair().unwrap();
        let left = before.left_after(patience).unwrap();
        // Other tests of this process may hold something at the same moment.
        assert!(left.iter().any(|line| line.starts_with("open `socket`: ")));
        drop(sockets);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let sleeper = thread::Builder::new().name("sleeper".to_owned());
        let sleeper = sleeper.spawn(move || ended.recv()).unwrap();
        let left = before.left_after(patience).unwrap();
        assert!(left.contains(&"thread `sleeper`: 1 more".to_owned()));
        drop(end);
        assert!(sleeper.join().unwrap().is_err());
        let left = before.left_after(Duration::from_secs(5)).unwrap();
        assert!(!left.iter().any(|line| line.contains("sleeper")));
    }
}
