//! An Engine of our own: started, waited for, and gone with the process that started it.
//!
//! `supervise.sh` stands between us and `dockerd`. It holds one end of a pipe, of which we hold the other;
//! when that is closed, by us or by the kernel because we ended, it stops the Engine and removes its files
//! and mounts.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::process::{Pid, Signal};
use thiserror::Error;

use super::daemon::{Daemon, data_root};
use super::{HOST_VARIABLE, Handle, MODERN_HOST_VARIABLE};
use crate::packages::PackageError;

/// How long an Engine may take until it answers: about one second here, so a minute means "never".
const PATIENCE: Duration = Duration::from_secs(60);

/// An Engine of our own, gone with all its data when this is dropped.
#[derive(Debug)]
pub struct Private {
    handle: Handle,
    run: PathBuf,
    engine: Pid,
    supervisor: Child,
    // Closing it is the order to stop. An option, so that it can be closed before the wait.
    leash: Option<ChildStdin>,
}

/// Why there is no Engine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Only root can start one.
    #[error("only root can start an Engine")]
    NotRoot,
    /// There is no `dockerd`, and none could be fetched.
    #[error("no `dockerd` on the path, and none could be fetched")]
    Packages(#[from] PackageError),
    /// It ended instead of answering.
    #[error("the Engine ended before it answered; its last words:\n{log}")]
    Ended {
        /// The end of its log.
        log: String,
    },
    /// It runs, but does not answer.
    #[error("the Engine did not answer in {} seconds; its last words:\n{log}", PATIENCE.as_secs())]
    Silent {
        /// The end of its log.
        log: String,
    },
    /// A file or process could not be handled.
    #[error("cannot start an Engine")]
    Io(#[from] io::Error),
}

impl EngineError {
    /// Whether this machine cannot have an Engine, as against one that was there and did not come up.
    pub fn is_impossible(&self) -> bool {
        matches!(self, Self::NotRoot | Self::Packages(_))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let set = format!(
            "set {HOST_VARIABLE} ({MODERN_HOST_VARIABLE} for the later one) to the address of an Engine that \
             may be used"
        );
        match self {
            Self::NotRoot => Some(format!("run as root, or {set}")),
            Self::Packages(_) => Some(format!("install Docker Engine, or {set}")),
            Self::Ended { .. } | Self::Silent { .. } | Self::Io(_) => Some(set),
        }
    }
}

/// Starts an Engine of our own and waits until it answers.
///
/// # Errors
/// When this is not root, no `dockerd` can be had, or it does not come up; see [`EngineError::hint`].
pub fn start_private() -> Result<Private, EngineError> {
    start_private_with(&[])
}

/// Starts an Engine of our own of a later release: 26.1, whose BuildKit knows heredocs and all of variables.
///
/// # Errors
/// As [`start_private`].
pub fn start_modern() -> Result<Private, EngineError> {
    if !rustix::process::geteuid().is_root() {
        return Err(EngineError::NotRoot);
    }
    Private::start(&Daemon::modern()?, &[])
}

/// Starts an Engine of our own of that release, which keeps its images in containerd, as Engines do by default from 29 on.
///
/// # Errors
/// As [`start_private`].
pub fn start_containerd_store() -> Result<Private, EngineError> {
    if !rustix::process::geteuid().is_root() {
        return Err(EngineError::NotRoot);
    }
    Private::start(&Daemon::modern()?.with_containerd_store(), &[])
}

/// Starts an Engine of our own with further arguments, such as a second address with TLS.
///
/// # Errors
/// As [`start_private`].
pub fn start_private_with(arguments: &[String]) -> Result<Private, EngineError> {
    if !rustix::process::geteuid().is_root() {
        return Err(EngineError::NotRoot);
    }
    Private::start(&Daemon::find()?, arguments)
}

/// Living
impl Private {
    fn start(daemon: &Daemon, arguments: &[String]) -> Result<Self, EngineError> {
        // Short, because the path of a Unix socket ends at 107 bytes and containerd adds to it.
        let folder = tempfile::Builder::new().prefix("sl-").tempdir_in("/tmp")?;
        let run = folder.path().to_path_buf();
        let data = data_root(&run)?;
        fs::write(run.join("daemon.json"), daemon.configuration(&run))?;
        let host = format!("unix://{}", run.join("s").display());

        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(include_str!("supervise.sh"))
            .arg("supervise")
            .arg(&run)
            .arg(&data);
        command
            .arg(&daemon.program)
            .args(Daemon::arguments(&run, &data, &host))
            .args(arguments);
        command
            .env("PATH", &daemon.path)
            .env("HOME", &run)
            .env_remove("TMPDIR");
        if let Some(libraries) = &daemon.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        // In a group of its own Ctrl-C does not reach it: it has to outlive us for as long as it cleans up.
        command.process_group(0);
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // From here on the supervisor removes it.
        let run = folder.keep();
        let leash = supervisor.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = supervisor.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let engine = line.trim().parse().ok().and_then(Pid::from_raw);
        let engine = engine.ok_or_else(|| io::Error::other("the supervisor named no process"))?;
        let private = Self {
            handle: Handle { host },
            run,
            engine,
            supervisor,
            leash,
        };
        private.wait(&private.run.join("log"))?;
        Ok(private)
    }

    /// The Engine, as [`super::shared`] would hand it out.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Its address, as `DOCKER_HOST` would have it.
    pub fn host(&self) -> &str {
        &self.handle.host
    }

    /// The process id of `dockerd`.
    pub fn pid(&self) -> u32 {
        self.engine.as_raw_nonzero().get().unsigned_abs()
    }

    /// The folder of its socket, log and state. It is gone when the Engine is.
    pub fn folder(&self) -> &Path {
        &self.run
    }

    /// Kills `dockerd` without giving it time for anything, as a crash would.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn kill(&self) -> io::Result<()> {
        Ok(rustix::process::kill_process(self.engine, Signal::KILL)?)
    }

    fn wait(&self, log: &Path) -> Result<(), EngineError> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.handle.answers() {
                return Ok(());
            }
            if !runs(self.engine) {
                return Err(EngineError::Ended { log: tail(log) });
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(EngineError::Silent { log: tail(log) })
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        drop(self.leash.take());
        // The supervisor ends by itself, at the latest some seconds after the Engine was killed.
        let _ = self.supervisor.wait();
    }
}

/// Whether the process runs; one that has ended but was not waited for yet does not.
fn runs(process: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

/// The last lines of a log, for a message.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().rev().take(12).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
