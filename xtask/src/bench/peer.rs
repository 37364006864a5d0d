//! What the program is compared with where no program exists: the few lines that users of a library write.
//!
//! Run as a process of its own, `cargo xtask bench-peer KIND DIR`, so that the operating system counts for it alone.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use fs_err as fs;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    kind: Kind,
    dir: PathBuf,
}

/// Which lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// The crate `tar` straight to stdout.
    Tar,
    /// The crate `tar` into memory, then to stdout, as users of `bollard` do.
    TarMemory,
    /// The crate `tar` through the crate `flate2`, level 6.
    TarGzip,
    /// Lists every directory and stats every name, on all cores, and does nothing with it.
    Walk,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match arguments.kind.run(&arguments.dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Kind {
    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::TarMemory => "tar-memory",
            Self::TarGzip => "tar-gzip",
            Self::Walk => "walk",
        }
    }

    fn run(self, dir: &Path) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Tar => archive(dir, io::BufWriter::with_capacity(64 << 10, out))?.flush(),
            Self::TarMemory => out.write_all(&archive(dir, Vec::new())?),
            Self::TarGzip => {
                let gzip = flate2::write::GzEncoder::new(out, flate2::Compression::new(6));
                archive(dir, gzip)?.finish()?.flush()
            }
            Self::Walk => writeln!(out, "{}", walk(dir)?),
        }
    }
}

fn archive<W: Write>(dir: &Path, out: W) -> io::Result<W> {
    let mut builder = tar::Builder::new(out);
    builder.follow_symlinks(false);
    builder.append_dir_all(".", dir)?;
    builder.into_inner()
}

/// The number of entries below `dir`.
fn walk(dir: &Path) -> io::Result<u64> {
    let walk = Walk {
        waiting: Mutex::new((vec![dir.to_owned()], 0)),
        changed: Condvar::new(),
        entries: AtomicU64::new(0),
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, Into::into);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| walk.work())).collect();
        for worker in workers {
            worker
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a worker panicked")))?;
        }
        Ok(walk.entries.load(Ordering::Relaxed))
    })
}

struct Walk {
    /// Directories to be listed, and how many are being listed.
    waiting: Mutex<(Vec<PathBuf>, usize)>,
    changed: Condvar,
    entries: AtomicU64,
}

impl Walk {
    fn work(&self) -> io::Result<()> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(dir) = waiting.0.pop() else {
                if waiting.1 == 0 {
                    return Ok(());
                }
                waiting = self
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            waiting.1 += 1;
            drop(waiting);
            let listed = self.list(&dir);
            waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.1 -= 1;
            self.changed.notify_all();
            waiting.0.append(&mut listed?);
        }
    }

    /// Stats what is in `dir`; returns the directories in it.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let mut dirs = Vec::new();
        let mut entries = 0;
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            entries += 1;
            if entry.metadata()?.is_dir() {
                dirs.push(entry.path());
            }
        }
        self.entries.fetch_add(entries, Ordering::Relaxed);
        Ok(dirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b/c")).unwrap();
        fs::write(dir.path().join("a/b/file"), "content").unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("a/link")).unwrap();
        dir
    }

    #[test]
    fn the_walk_meets_everything() {
        assert_eq!(walk(sample().path()).unwrap(), 5);
        assert!(walk(Path::new("/no/such/dir")).is_err());
    }

    #[test]
    fn the_archive_holds_everything() {
        let dir = sample();
        let bytes = archive(dir.path(), Vec::new()).unwrap();
        let mut names: Vec<_> = tar::Archive::new(&bytes[..])
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        names.sort();
        assert_eq!(names, ["./", "a", "a/b", "a/b/c", "a/b/file", "a/link"]);
    }
}
