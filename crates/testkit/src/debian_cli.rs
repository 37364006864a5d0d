//! docker CLIs that build on a real Engine, with BuildKit too, to which they send directories over a session.
//!
//! Neither is the `docker` of the `PATH`, which is the reference for what is uploaded to the classic builder
//! ([`crate::docker_cli`]). Both are unpacked below `target/engine` with the Engines whose release they are of.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use tempfile::TempDir;

use crate::engine::Handle;
use crate::packages::{self, Unpacked};

/// A docker CLI out of Debian's packages. Threads may share it.
#[derive(Debug)]
pub struct DebianCli {
    program: PathBuf,
    libraries: Option<OsString>,
    /// Its `DOCKER_CONFIG`.
    config: TempDir,
}

/// Which of the two builders of an Engine is to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// `POST /build` with an archive.
    Classic,
    /// A session, over which BuildKit asks for what it wants.
    BuildKit,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With an image.
    Built,
    /// Without, after these words.
    Failed(String),
}

/// Finding
impl DebianCli {
    /// The CLI that comes with [`packages::ENGINE`]: on Debian 12 that of 20.10, which has its BuildKit client built in.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn debian() -> Result<Self, String> {
        let unpacked = packages::ENGINE.provide();
        Self::of(&unpacked.map_err(|error| error.to_string())?)
    }

    /// The CLI of [`packages::MODERN_ENGINE`], which leaves builds to its plugin `buildx`.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn modern() -> Result<Self, String> {
        let unpacked = packages::MODERN_ENGINE.provide();
        Self::of(&unpacked.map_err(|error| error.to_string())?)
    }

    fn of(packages: &Unpacked) -> Result<Self, String> {
        let program = packages
            .program("docker")
            .ok_or("the packages hold no `docker`")?;
        let prepare = || {
            let config = tempfile::tempdir()?;
            // The plugin's place in the package is looked at only below `/usr`.
            if let Some(plugin) = packages.program("docker-buildx") {
                let plugins = config.path().join("cli-plugins");
                fs::create_dir(&plugins)?;
                std::os::unix::fs::symlink(plugin, plugins.join("docker-buildx"))?;
            }
            Ok((config, packages.library_path()?))
        };
        let (config, libraries) = prepare().map_err(|error: io::Error| error.to_string())?;
        Ok(Self {
            program,
            libraries,
            config,
        })
    }
}

/// Running
impl DebianCli {
    /// Where it keeps its settings, `buildx` its builders in `buildx` below.
    pub fn config(&self) -> &Path {
        self.config.path()
    }

    /// The program without arguments, to be run against `engine`; nothing is taken from the caller's environment but `PATH`.
    pub fn command(&self, engine: &Handle) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.config.path())
            .env("DOCKER_CONFIG", self.config.path())
            .env("DOCKER_HOST", &engine.host)
            .stdin(Stdio::null());
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

/// Building
impl DebianCli {
    /// Runs `docker build --network none ARGUMENTS CONTEXT` with `DOCKER_BUILDKIT` as `builder` wants it.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn build(
        &self,
        engine: &Handle,
        builder: Builder,
        context: &Path,
        arguments: &[String],
    ) -> io::Result<Ended> {
        let with_buildkit = match builder {
            Builder::Classic => "0",
            Builder::BuildKit => "1",
        };
        let mut command = self.command(engine);
        command
            .args(["build", "--network", "none"])
            .args(arguments)
            .arg(context)
            .env("DOCKER_BUILDKIT", with_buildkit)
            .env("BUILDKIT_PROGRESS", "plain");
        let output = command.output()?;
        if output.status.success() {
            return Ok(Ended::Built);
        }
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Ended::Failed(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine;

    #[test]
    fn a_heredoc_is_copied_by_the_later_engine_and_not_by_the_usual() {
        let (Some(usual), Some(modern)) = (engine::shared(), engine::modern()) else {
            return;
        };
        let (debian, cli) = match (DebianCli::debian(), DebianCli::modern()) {
            (Ok(debian), Ok(cli)) => (debian, cli),
            (Err(why), _) | (_, Err(why)) => return engine::skip(&why),
        };
        let context = tempfile::tempdir().unwrap();
        let dockerfile = "FROM scratch\nARG V=x.txt\nCOPY <<END /${V#x.}\n$V\nEND\n";
        fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
        let tag = modern.unique("shipload/debian-cli");
        let build = |cli: DebianCli, engine: &Handle| {
            let arguments = ["--tag".to_owned(), tag.clone()];
            cli.build(engine, Builder::BuildKit, context.path(), &arguments)
                .unwrap()
        };
        assert_eq!(build(cli, &modern), Ended::Built);
        let version = usual.describe().unwrap();
        if version.starts_with("20.10") {
            let Ended::Failed(words) = build(debian, &usual) else {
                panic!("{version} knows heredocs")
            };
            assert!(words.contains("unknown instruction: $V"), "{words}");
        }
    }

    #[test]
    fn the_later_engine_has_the_classic_builder_too() {
        let Some(modern) = engine::modern() else {
            return;
        };
        let mut archive = tar::Builder::new(Vec::new());
        let text = b"FROM scratch\nLABEL classic=yes\n";
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        archive
            .append_data(&mut header, "Dockerfile", &text[..])
            .unwrap();
        let archive = archive.into_inner().unwrap();
        let body = Some(("application/x-tar", &archive[..]));
        let answer = modern.request("POST", "/build?version=1", body).unwrap();
        let said = answer.text();
        assert!(said.contains("Successfully built"), "{said}");
    }
}
