//! The docker CLI as the reference for classic builds: what it uploads for a context.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use crate::fake_engine::FakeEngine;
use crate::member;
use crate::oracle::Answer;
use crate::tree::Case;
use crate::workspace;

/// The first release whose rules are those of current sources; Debian's 20.10 has older ones.
const OLDEST: u32 = 25;

/// The docker CLI of this machine, connected to a [`FakeEngine`] of its own. Threads may share it.
#[derive(Debug)]
pub struct DockerCli {
    program: PathBuf,
    version: String,
    config: TempDir,
    engine: FakeEngine,
    builds: AtomicU64,
}

/// What came of one `docker build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packed {
    /// The archive it uploaded, as plain tar.
    Archive(Vec<u8>),
    /// It failed, with these words.
    ///
    /// Also if it did not notice: when a rule turns out malformed in the middle of the walk, it logs that,
    /// sends a context that lacks the rest, and reports success. That is no answer to agree with.
    Failed(String),
}

impl DockerCli {
    /// How it is asked.
    pub const COMMAND: &'static str =
        "DOCKER_BUILDKIT=0 docker build --quiet --tag TAG --file CONTEXT/DOCKERFILE CONTEXT";

    /// Takes the first `docker` on the `PATH`, which must be of version 25 or later.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn find() -> Result<Self, String> {
        let program = workspace::on_path("docker").ok_or("`docker` is not on the path")?;
        let output = Command::new(&program).arg("--version").output();
        let output =
            output.map_err(|error| format!("cannot run `{}`: {error}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split([' ', ',']).nth(2).unwrap_or_default().to_owned();
        let major: u32 = version
            .split('.')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        if major < OLDEST {
            return Err(format!(
                "`docker` is version {version}, older than {OLDEST}"
            ));
        }
        let start = || Ok((tempfile::tempdir()?, FakeEngine::start()?));
        let (config, engine) = start().map_err(|error: io::Error| error.to_string())?;
        Ok(Self {
            program,
            version,
            config,
            engine,
            builds: AtomicU64::new(0),
        })
    }

    /// The version, such as `28.2.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs `DOCKER_BUILDKIT=0 docker build -f DOCKERFILE CONTEXT`, `dockerfile` relative to the context.
    ///
    /// # Errors
    /// When the program cannot be run, or claims success without a whole upload.
    pub fn pack(&self, context: &Path, dockerfile: &str) -> io::Result<Packed> {
        let tag = format!("build-{}", self.builds.fetch_add(1, Ordering::Relaxed));
        let output = Command::new(&self.program)
            .args(["build", "--quiet", "--tag", &tag, "--file"])
            .arg(context.join(dockerfile))
            .arg(context)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.config.path())
            .env("DOCKER_CONFIG", self.config.path())
            .env("DOCKER_HOST", self.engine.host())
            .env("DOCKER_BUILDKIT", "0")
            .stdin(Stdio::null())
            .output()?;
        let upload = self.engine.take(&tag);
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() || messages.contains("msg=\"Error matching ") {
            return Ok(Packed::Failed(messages));
        }
        match upload {
            Some(upload) if upload.is_complete => Ok(Packed::Archive(upload.archive)),
            _ => Err(io::Error::other(
                "`docker build` succeeded without a whole upload",
            )),
        }
    }

    /// The paths that it sends for a case, written below a new directory.
    ///
    /// # Errors
    /// As [`DockerCli::pack`], and when the case cannot be written or the archive not be read.
    pub fn answer(&self, case: &Case) -> io::Result<Answer> {
        let context = tempfile::tempdir()?;
        case.tree.write(context.path())?;
        match self.pack(context.path(), &case.dockerfile)? {
            Packed::Failed(_) => Ok(Answer::Refused),
            Packed::Archive(archive) => {
                let members = member::read(&archive)?;
                let paths: BTreeSet<_> = members.into_iter().map(|member| member.path).collect();
                Ok(Answer::Sent(paths))
            }
        }
    }
}
