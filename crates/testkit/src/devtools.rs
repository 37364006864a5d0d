//! `docker-devtools` as the reference for BuildKit: it lists a context with BuildKit's own walk.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::oracle::Answer;
use crate::tree::{Case, TreeSpec};
use crate::workspace;

/// Names the program to tests; `cargo xtask test` sets it.
pub const PROGRAM_VARIABLE: &str = "SHIPLOAD_DOCKER_DEVTOOLS";

/// The `docker-devtools` of this machine. Threads may share it.
#[derive(Debug)]
pub struct Devtools {
    program: PathBuf,
    version: String,
}

impl Devtools {
    /// How it is asked.
    pub const COMMAND: &'static str =
        "docker-devtools build-context ls --whole-context --zero --file CONTEXT/DOCKERFILE CONTEXT";

    /// Takes what `SHIPLOAD_DOCKER_DEVTOOLS` names, else the one on the `PATH`, else the one that `cargo
    /// xtask` keeps below `target`.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn find() -> Result<Self, String> {
        let named = env::var_os(PROGRAM_VARIABLE).filter(|name| !name.is_empty());
        let kept = workspace::target().join("tools/venv/bin/docker-devtools");
        let program = named
            .map(PathBuf::from)
            .or_else(|| workspace::on_path("docker-devtools"))
            .or_else(|| kept.is_file().then_some(kept))
            .ok_or("`docker-devtools` is not installed (`cargo xtask test` installs it)")?;
        let output = Command::new(&program).arg("--version").output();
        let output =
            output.map_err(|error| format!("cannot run `{}`: {error}", program.display()))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Self { program, version })
    }

    /// The version, such as `0.1.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The paths that BuildKit takes for a case, written below a new directory.
    ///
    /// # Errors
    /// When the case cannot be written or the program not be run.
    pub fn answer(&self, case: &Case) -> io::Result<Answer> {
        let context = tempfile::tempdir()?;
        case.tree.write(context.path())?;
        let dockerfile = context.path().join(&case.dockerfile);
        self.list(context.path(), &dockerfile, &["--whole-context"])
    }

    /// The paths that BuildKit takes of a tree for a `COPY` of these sources, as its frontend and its walk have it: what they lead
    /// to, and links on the way. `$` and quotes in them are the Dockerfile's.
    ///
    /// # Errors
    /// When the tree cannot be written or the program not be run.
    pub fn copied(&self, tree: &TreeSpec, sources: &[String]) -> io::Result<Answer> {
        let (context, outside) = (tempfile::tempdir()?, tempfile::tempdir()?);
        tree.write(context.path())?;
        let words: Vec<&str> = sources.iter().map(String::as_str).chain(["/to/"]).collect();
        let dockerfile = outside.path().join("Dockerfile");
        let words = serde_json::to_string(&words)?;
        fs_err::write(&dockerfile, format!("FROM scratch\nCOPY {words}\n"))?;
        self.list(context.path(), &dockerfile, &[])
    }

    fn list(&self, context: &Path, dockerfile: &Path, flags: &[&str]) -> io::Result<Answer> {
        let output = Command::new(&self.program)
            .args(["build-context", "ls", "--zero", "--file"])
            .arg(dockerfile)
            .args(flags)
            .arg(context)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_own_check = message
                .lines()
                .any(|line| line.starts_with("docker-devtools: rule "));
            return Ok(if is_own_check {
                Answer::Unclear
            } else {
                Answer::Refused
            });
        }
        let paths = output
            .stdout
            .split(|&byte| byte == 0)
            .filter(|path| !path.is_empty());
        Ok(Answer::Sent(paths.map(<[u8]>::to_vec).collect()))
    }
}
