//! A place to run the program in: a home, a current directory, and none of the caller's variables.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::SystemTime;

use fs_err as fs;
use shipload_testkit::workspace;
use tempfile::TempDir;

/// An empty home and an empty current directory, removed when dropped.
pub(crate) struct Sandbox {
    root: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// # Setting the scene
impl Sandbox {
    pub(crate) fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// A sandbox in memory where the system has such a place: deep trees are slow to remove from a disk.
    pub(crate) fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            Self::below(memory)
        } else {
            Self::new()
        }
    }

    fn below(place: &Path) -> Self {
        let root = tempfile::tempdir_in(place).unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        // Other users are to get in: some tests run the program as one.
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        Self { root }
    }

    /// A sandbox whose current directory has these files, all with mode 0644 and the time 1,700,000,000.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::new();
        for (name, text) in files {
            sandbox.write(name, text);
        }
        sandbox
    }

    /// The current directory.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir().join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.as_ref()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .file()
            .set_modified(time)
            .unwrap();
    }

    /// The names in the current directory, sorted.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let entries = fs::read_dir(self.dir()).unwrap();
        let mut names: Vec<OsString> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }
}

/// # Running
impl Sandbox {
    /// The program with nothing but a home and a path.
    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        self.hermetic(env!("CARGO_BIN_EXE_shipload"), arguments)
    }

    /// The program as the user 65534, or `None` (and a note) where this user may not become another.
    pub(crate) fn command_as_nobody(&self, arguments: &[impl AsRef<OsStr>]) -> Option<Command> {
        if !rustix::process::geteuid().is_root() || workspace::on_path("setpriv").is_none() {
            shipload_testkit::engine::skip("only root with `setpriv` can become another user");
            return None;
        }
        // The build directory may not be open to others.
        let program = self.root.path().join("shipload");
        fs::copy(env!("CARGO_BIN_EXE_shipload"), &program).unwrap();
        let mut all: Vec<&OsStr> = vec![OsStr::new("--reuid=65534"), OsStr::new("--regid=65534")];
        all.extend([OsStr::new("--clear-groups"), program.as_os_str()]);
        all.extend(arguments.iter().map(AsRef::as_ref));
        Some(self.hermetic("setpriv", &all))
    }

    pub(crate) fn hermetic(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[impl AsRef<OsStr>],
    ) -> Command {
        let mut command = Command::new(program);
        let home = self.root.path().join("home");
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("DOCKER_CONFIG", home.join(".docker"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TERM", "xterm")
            .current_dir(self.dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Run {
        self.finish(self.command(arguments).spawn().unwrap())
    }

    /// Runs it with something to read on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        self.finish(child)
    }

    /// Waits for a program started in here, and shows its messages with `[work]` for the current directory.
    pub(crate) fn finish(&self, child: Child) -> Run {
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        let real = fs::canonicalize(self.dir()).unwrap();
        Run {
            code: status.code(),
            stdout,
            stderr: stderr.replace(real.to_str().unwrap(), "[work]"),
        }
    }

    /// Runs a git command that must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut command = self.hermetic("git", arguments);
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "n")
                .env(format!("GIT_{who}_EMAIL"), "e")
                .env(format!("GIT_{who}_DATE"), "1600000000 +0000");
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// # Judging
impl Run {
    /// Fails unless the run was a success without a word on standard error.
    #[track_caller]
    pub(crate) fn fine(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        self
    }

    /// Fails unless the run ended so, with nothing on standard output.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, stderr: &str) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(code), stderr));
        assert!(self.stdout.is_empty(), "standard output is for results");
    }

    /// Standard output as text.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.stdout).unwrap()
    }

    /// The names of the members of the archive on standard output.
    #[track_caller]
    pub(crate) fn members(self) -> Vec<String> {
        names(&self.stdout)
    }
}

/// The names of the members of a tar.
#[track_caller]
pub(crate) fn names(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| shipload::context::show(&entry.unwrap().path_bytes()))
        .collect()
}
