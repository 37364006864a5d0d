//! buildah as the reference for podman: what `COPY . /` puts into an image.
//!
//! `podman build` runs buildah's code. Building with it needs root and takes a good part of a second, so
//! tests mostly replay what it answered once.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use fs_err as fs;

use crate::member;
use crate::oracle::Answer;
use crate::tree::Case;
use crate::workspace;

/// The buildah of this machine. Threads may share it.
#[derive(Debug)]
pub struct Buildah {
    program: PathBuf,
    version: String,
}

impl Buildah {
    /// How it is asked; the Dockerfile says `FROM scratch` and `COPY . /`.
    pub const COMMAND: &'static str = "buildah --storage-driver vfs build --isolation chroot --output type=tar,dest=OUT \
                                       --file CONTEXT/DOCKERFILE CONTEXT";

    /// Takes the `buildah` on the `PATH`.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn find() -> Result<Self, String> {
        let program = workspace::on_path("buildah").ok_or("`buildah` is not on the path")?;
        let output = Command::new(&program).arg("--version").output();
        let output =
            output.map_err(|error| format!("cannot run `{}`: {error}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split(' ').nth(2).unwrap_or_default().to_owned();
        Ok(Self { program, version })
    }

    /// The version, such as `1.28.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The paths in the image that it builds of a case, written below a new directory.
    ///
    /// # Errors
    /// When the case cannot be written, the program not be run, or its output not be read.
    pub fn answer(&self, case: &Case) -> io::Result<Answer> {
        let directory = tempfile::tempdir()?;
        let place = |name: &str| directory.path().join(name);
        fs::create_dir(place("context"))?;
        case.tree.write(&place("context"))?;
        let output = Command::new(&self.program)
            .args(["--storage-driver", "vfs", "--root"])
            .arg(place("root"))
            .arg("--runroot")
            .arg(place("runroot"))
            .args(["build", "--isolation", "chroot", "--quiet", "--output"])
            .arg(format!("type=tar,dest={}", place("image.tar").display()))
            .arg("--file")
            .arg(place("context").join(&case.dockerfile))
            .arg(place("context"))
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Ok(Answer::Refused);
        }
        let members = member::read(&fs::read(place("image.tar"))?)?;
        let paths: BTreeSet<_> = members.into_iter().map(|member| member.path).collect();
        Ok(Answer::Sent(paths))
    }
}
