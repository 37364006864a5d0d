//! A real Docker Engine for tests, without installing one.
//!
//! Tests call [`shared`], which hands out the Engine that `SHIPLOAD_TEST_HOST` names; `cargo xtask test` starts one and
//! sets the variable. A test that must stop, kill or fill its Engine calls [`start_private`].
//!
//! A private Engine is `dockerd` from the `PATH`, else Debian's, unpacked by [`packages`]. It has its
//! own data, run folder, configuration and socket, no bridge and no firewall rules, so it neither sees nor disturbs an
//! Engine of the machine. Containers and builds need the network `none`. A small shell script (`supervise.sh`) stands
//! between us and the Engine and removes everything when this process ends, however it ends.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use fs_err as fs;
use rustix::process::{Pid, Signal};
use thiserror::Error;

use crate::http::{self, Answer};
use crate::packages::{self, PackageError};
use crate::workspace;

/// Names the Engine that tests use, such as `unix:///run/docker.sock`.
pub const HOST_VARIABLE: &str = "SHIPLOAD_TEST_HOST";

/// Names a file to which every test that skips itself adds a line: its name, a tab, and why.
pub const SKIPS_VARIABLE: &str = "SHIPLOAD_TEST_SKIPS";

/// How long an Engine may take until it answers: about one second here, so a minute means "never".
const PATIENCE: Duration = Duration::from_secs(60);

/// An Engine that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle {
    /// Its address, as `DOCKER_HOST` would have it.
    pub host: String,
}

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
        let set = format!("set {HOST_VARIABLE} to the address of an Engine that may be used");
        match self {
            Self::NotRoot => Some(format!("run as root, or {set}")),
            Self::Packages(_) => Some(format!("install Docker Engine, or {set}")),
            Self::Ended { .. } | Self::Silent { .. } | Self::Io(_) => Some(set),
        }
    }
}

/// The Engine for tests, or `None` when the test is to return at once.
///
/// A test that needs an Engine starts with
/// `let Some(engine) = engine::shared() else { return };`
///
/// # Panics
/// When there is no Engine and `CI` is set, because nothing may be skipped there.
pub fn shared() -> Option<Handle> {
    let engine = shared_host();
    if engine.is_none() {
        skip(&format!(
            "no Engine: {HOST_VARIABLE} is not set (`cargo xtask test` sets it)"
        ));
    }
    engine
}

/// The Engine that `SHIPLOAD_TEST_HOST` names, answering or not.
pub fn shared_host() -> Option<Handle> {
    let host = env::var(HOST_VARIABLE)
        .ok()
        .filter(|host| !host.is_empty())?;
    Some(Handle { host })
}

/// An Engine for one test alone, or `None` when the test is to return at once: where [`shared`] has none either, or
/// this machine cannot have one.
///
/// # Panics
/// As [`shared`], and when an Engine that could be had does not come up.
#[expect(clippy::panic, reason = "this is how a test fails")]
pub fn private() -> Option<Private> {
    shared()?;
    match start_private() {
        Ok(engine) => Some(engine),
        Err(error) if error.is_impossible() => {
            skip(&format!("no Engine of its own: {error}"));
            None
        }
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

/// Says that the running test is skipped, and why; the summary of `cargo xtask test` lists it.
///
/// # Panics
/// When `CI` is set, because nothing may be skipped there.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub fn skip(why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(
        !workspace::is_ci(),
        "`{test}` may not be skipped in CI: {why}"
    );
    eprintln!("skipped `{test}`: {why}");
    if let Some(file) = env::var_os(SKIPS_VARIABLE) {
        // One short write to a file opened for appending is not torn by other tests' writes.
        let line = format!("{test}\t{why}\n");
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(PathBuf::from(file));
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            eprintln!("cannot note it: {error}");
        }
    }
}

/// Starts an Engine of our own and waits until it answers.
///
/// # Errors
/// When this is not root, no `dockerd` can be had, or it does not come up; see [`EngineError::hint`].
pub fn start_private() -> Result<Private, EngineError> {
    if !rustix::process::geteuid().is_root() {
        return Err(EngineError::NotRoot);
    }
    Private::start(&Daemon::find()?)
}

/// Asking
impl Handle {
    /// An image name that no other test of this run has, starting with `stem`.
    pub fn unique(&self, stem: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!(
            "{stem}-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// Sends one request to the Engine; see [`http::request`]. It may take two minutes.
    ///
    /// # Errors
    /// As [`http::request`].
    pub fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, &[u8])>,
    ) -> io::Result<Answer> {
        http::request(&self.host, method, path, body, Duration::from_secs(120))
    }

    /// Whether it answers to a ping within two seconds.
    pub fn answers(&self) -> bool {
        http::request(&self.host, "GET", "/_ping", None, Duration::from_secs(2))
            .is_ok_and(|answer| answer.status == 200)
    }

    /// What the Engine is, for messages: "20.10.24, storage overlay2".
    ///
    /// # Errors
    /// When it does not answer with what an Engine answers.
    pub fn describe(&self) -> io::Result<String> {
        let info = self.request("GET", "/info", None)?.json()?;
        let field = |name: &str| info[name].as_str().unwrap_or("unknown").to_owned();
        Ok(format!(
            "{}, storage {}",
            field("ServerVersion"),
            field("Driver")
        ))
    }
}

/// Living
impl Private {
    fn start(daemon: &Daemon) -> Result<Self, EngineError> {
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
            .args(Daemon::arguments(&run, &data, &host));
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

    /// The Engine, as [`shared`] would hand it out.
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

/// A `dockerd` and what it needs around it.
#[derive(Debug)]
struct Daemon {
    program: PathBuf,
    path: OsString,
    libraries: Option<OsString>,
}

impl Daemon {
    fn find() -> Result<Self, EngineError> {
        if let Some(program) = workspace::on_path("dockerd") {
            let path = env::var_os("PATH").unwrap_or_default();
            return Ok(Self {
                program,
                path,
                libraries: None,
            });
        }
        let unpacked = packages::ENGINE.provide()?;
        let program = unpacked
            .program("dockerd")
            .ok_or_else(|| io::Error::other("the packages hold no `dockerd`"))?;
        Ok(Self {
            program,
            path: unpacked.path(),
            libraries: unpacked.library_path()?,
        })
    }

    fn arguments(run: &Path, data: &Path, host: &str) -> Vec<OsString> {
        let with_path = |option: &str, path: &Path| {
            let mut argument = OsString::from(option);
            argument.push(path);
            argument
        };
        let mut arguments = vec![
            with_path("--config-file=", &run.join("daemon.json")),
            with_path("--data-root=", data),
            with_path("--exec-root=", &run.join("exec")),
            with_path("--pidfile=", &run.join("pid")),
            OsString::from(format!("--host={host}")),
        ];
        arguments.extend(
            [
                "--bridge=none",
                "--iptables=false",
                "--ip-forward=false",
                "--ip-masq=false",
                "--userland-proxy=false",
                "--shutdown-timeout=2",
            ]
            .map(OsString::from),
        );
        arguments
    }

    /// The configuration file, instead of the machine's.
    fn configuration(&self, run: &Path) -> String {
        // Engines up to 20.10 write a key below /etc unless told otherwise; later ones refuse keys they do not know.
        if self.version().starts_with("Docker version 20.10") {
            serde_json::json!({ "deprecated-key-path": run.join("key.json") }).to_string()
        } else {
            "{}".to_owned()
        }
    }

    fn version(&self) -> String {
        let mut command = Command::new(&self.program);
        command.arg("--version").env("PATH", &self.path);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let output = command
            .output()
            .map(|output| output.stdout)
            .unwrap_or_default();
        String::from_utf8_lossy(&output).into_owned()
    }
}

/// A new folder for images: beside the socket, or below `target` if only that is on a file system that overlays can
/// lie on. If neither is, the Engine falls back to copying (its `vfs` driver), which is slow but right.
fn data_root(run: &Path) -> io::Result<PathBuf> {
    let beside = run.join("data");
    fs::create_dir(&beside)?;
    if carries_overlays(&beside) {
        return Ok(beside);
    }
    let target = workspace::target().join("engine");
    fs::create_dir_all(&target)?;
    if carries_overlays(&target) {
        return Ok(tempfile::Builder::new()
            .prefix("data-")
            .tempdir_in(target)?
            .keep());
    }
    Ok(beside)
}

/// Whether `dir` lies neither on an overlay itself, nor in memory, nor on another machine.
fn carries_overlays(dir: &Path) -> bool {
    const OVERLAYFS: u64 = 0x794c_7630;
    const TMPFS: u64 = 0x0102_1994;
    const NFS: u64 = 0x6969;
    const V9FS: u64 = 0x0102_1997;
    rustix::fs::statfs(dir).is_ok_and(|stat| {
        // The field's width and sign differ between architectures; the magic numbers fit in all of them.
        u64::try_from(stat.f_type).is_ok_and(|kind| ![OVERLAYFS, TMPFS, NFS, V9FS].contains(&kind))
    })
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
