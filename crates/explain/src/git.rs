//! `Git`: the git program, asked as carefully as a repository that somebody else made demands.
//!
//! A repository's own configuration can name programs to run. So every setting that does is overridden, no hook, signature
//! check, pager, external diff or remote is used, nothing is written, and the answer is bounded in time and bytes. Of the
//! caller's environment git sees where its programs and its user's settings are (`safe.directory` is one), and nothing else.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use shipload_context::show;

/// What is kept of the caller's environment.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CEILING_DIRECTORIES",
];

const SET: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    // What a partial clone lacks is not fetched: older versions of git know only the second.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_LITERAL_PATHSPECS", "1"),
];

/// Settings that would run a program, write, or change what is printed.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "credential.helper=",
    "gc.auto=0",
    "log.showSignature=false",
    "log.follow=false",
];

/// How long a message of git's may be that is passed on.
const MESSAGE: usize = 4096;

/// Git in a directory.
#[derive(Debug)]
pub(crate) struct Git<'a> {
    dir: &'a Path,
}

/// How much git may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long it may run.
    pub(crate) time: Duration,
    /// How many bytes it may print.
    pub(crate) bytes: usize,
}

/// What git printed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    /// Whether a limit was reached, so that it is only the beginning.
    pub(crate) is_cut: bool,
}

/// Why git did not tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// It could not be started.
    #[error("cannot run `git`")]
    Run(#[source] io::Error),
    /// The directory is in no repository.
    #[error("`{dir}` is in no git repository", dir = show(dir.as_os_str().as_bytes()))]
    NoRepository {
        /// The directory.
        dir: PathBuf,
    },
    /// It failed.
    #[error("git: {message}")]
    Failed {
        /// The first line of what it said.
        message: String,
    },
    /// It failed without a word, as where it was asked for something that is not there.
    #[error("git failed without a word")]
    Silent,
}

impl GitError {
    /// What git's standard error comes to.
    pub(crate) fn said(stderr: &[u8]) -> Self {
        let mut lines = stderr.split(|&byte| byte == b'\n');
        let Some(line) = lines.find(|line| !line.is_empty()) else {
            return Self::Silent;
        };
        let message = show(line.strip_prefix(b"fatal: ").unwrap_or(line));
        Self::Failed { message }
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("install git, or do without it".to_owned())
            }
            Self::Failed { message } if message.contains("dubious ownership") => {
                Some("make it a `safe.directory` of git if you trust it".to_owned())
            }
            _ => None,
        }
    }
}

impl<'a> Git<'a> {
    pub(crate) fn in_directory(dir: &'a Path) -> Self {
        Self { dir }
    }

    /// Runs `git ARGUMENTS` and gives what it printed, all of it or as much as `limits` allow.
    pub(crate) fn ask(
        &self,
        arguments: &[impl AsRef<OsStr>],
        limits: Limits,
    ) -> Result<Answer, GitError> {
        let mut child = self.command(arguments).spawn().map_err(GitError::Run)?;
        let read = read(&mut child, limits);
        if !matches!(read, Ok((Answer { is_cut: false, .. }, _))) {
            // It may have ended by itself by now.
            let _ = child.kill();
        }
        let status = child.wait().map_err(GitError::Run)?;
        let (answer, said) = read.map_err(GitError::Run)?;
        if answer.is_cut || status.success() {
            return Ok(answer);
        }
        let is_in_none = b"not a git repository";
        if said
            .windows(is_in_none.len())
            .any(|part| part == is_in_none)
        {
            let dir = self.dir.to_owned();
            return Err(GitError::NoRepository { dir });
        }
        Err(GitError::said(&said))
    }

    /// `git ARGUMENTS`, with nothing to read and pipes to write to.
    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new("git");
        command.arg("--no-pager").arg("-C").arg(self.dir);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let kept = KEPT
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        command
            .args(arguments)
            .env_clear()
            .envs(kept)
            .envs(SET.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// One of the two that a program writes to.
struct Pipe {
    /// `None` once it is closed.
    end: Option<OwnedFd>,
    bytes: Vec<u8>,
}

impl Pipe {
    fn new(end: Option<impl Into<OwnedFd>>) -> Self {
        let (end, bytes) = (end.map(Into::into), Vec::new());
        Self { end, bytes }
    }

    /// Reads what is there, or that it is closed.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let Some(end) = &self.end else { return Ok(()) };
        match rustix::io::read(end, &mut *buffer) {
            Ok(0) => self.end = None,
            Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Reads what a program prints and what it says, until it closes both or a limit is reached.
fn read(child: &mut Child, limits: Limits) -> io::Result<(Answer, Vec<u8>)> {
    let deadline = Instant::now() + limits.time;
    let mut out = Pipe::new(child.stdout.take());
    let mut err = Pipe::new(child.stderr.take());
    let mut buffer = vec![0; 64 << 10];
    let mut is_cut = false;
    while !is_cut && (out.end.is_some() || err.end.is_some()) {
        let open = [&out, &err]
            .into_iter()
            .filter_map(|pipe| pipe.end.as_ref());
        let mut waiting: Vec<_> = open.map(|end| PollFd::new(end, PollFlags::IN)).collect();
        let left = deadline.saturating_duration_since(Instant::now());
        match poll(&mut waiting, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |pipe: &Pipe| {
            let end = pipe.end.as_ref().map(AsRawFd::as_raw_fd);
            let ready = waiting.iter().filter(|wait| !wait.revents().is_empty());
            ready
                .map(|wait| wait.as_fd().as_raw_fd())
                .any(|ready| Some(ready) == end)
        };
        let (out_ready, err_ready) = (is_ready(&out), is_ready(&err));
        if out_ready {
            out.read(&mut buffer)?;
        }
        if err_ready {
            err.read(&mut buffer)?;
            err.bytes.truncate(MESSAGE);
        }
        is_cut = out.bytes.len() > limits.bytes || left.is_zero();
    }
    out.bytes.truncate(limits.bytes);
    let bytes = out.bytes;
    Ok((Answer { bytes, is_cut }, err.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        time: Duration::from_secs(60),
        bytes: 1 << 20,
    };

    fn of_shell(script: &str, limits: Limits) -> (Answer, Vec<u8>) {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdin(Stdio::null());
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let read = read(&mut child, limits);
        let _ = child.kill();
        child.wait().unwrap();
        read.unwrap()
    }

    #[test]
    fn both_streams_are_read_to_their_ends() {
        let script = "for i in 1 2 3 4 5 6 7 8; do head -c 99999 /dev/zero; head -c 99999 /dev/zero >&2; done";
        let (answer, said) = of_shell(script, LIMITS);
        assert_eq!((answer.bytes.len(), answer.is_cut), (8 * 99_999, false));
        assert_eq!(said.len(), MESSAGE);
    }

    #[test]
    fn nothing_takes_longer_or_more_than_it_may() {
        let few = Limits {
            bytes: 1000,
            ..LIMITS
        };
        let (answer, _) = of_shell("exec cat /dev/zero", few);
        assert_eq!((answer.bytes.len(), answer.is_cut), (1000, true));
        let short = Limits {
            time: Duration::from_millis(200),
            ..LIMITS
        };
        let started = Instant::now();
        let (answer, _) = of_shell("echo first; exec sleep 600", short);
        assert_eq!(
            (answer.bytes.as_slice(), answer.is_cut),
            (&b"first\n"[..], true)
        );
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
