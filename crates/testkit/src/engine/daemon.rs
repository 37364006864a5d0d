//! A `dockerd` for a private Engine: which one, with which arguments, on which disk.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use super::EngineError;
use crate::packages::{self, Unpacked};
use crate::workspace;

/// A `dockerd` and what it needs around it.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) program: PathBuf,
    pub(super) path: OsString,
    pub(super) libraries: Option<OsString>,
    /// Whether it keeps images in containerd.
    has_containerd_store: bool,
}

impl Daemon {
    pub(super) fn find() -> Result<Self, EngineError> {
        if let Some(program) = workspace::on_path("dockerd") {
            let path = env::var_os("PATH").unwrap_or_default();
            return Ok(Self {
                program,
                path,
                libraries: None,
                has_containerd_store: false,
            });
        }
        Self::unpacked(&packages::ENGINE.provide()?)
    }

    /// The later Engine of [`packages::MODERN_ENGINE`], whatever is on the path.
    pub(super) fn modern() -> Result<Self, EngineError> {
        let engine = packages::MODERN_ENGINE.provide()?;
        Self::unpacked(&engine.and(packages::RUNC.provide()?))
    }

    fn unpacked(packages: &Unpacked) -> Result<Self, EngineError> {
        let program = packages
            .program("dockerd")
            .ok_or_else(|| io::Error::other("the packages hold no `dockerd`"))?;
        Ok(Self {
            program,
            path: packages.path(),
            libraries: packages.library_path()?,
            has_containerd_store: false,
        })
    }

    pub(super) fn with_containerd_store(self) -> Self {
        Self {
            has_containerd_store: true,
            ..self
        }
    }

    pub(super) fn arguments(run: &Path, data: &Path, host: &str) -> Vec<OsString> {
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
    pub(super) fn configuration(&self, run: &Path) -> String {
        // Engines up to 20.10 write a key below /etc unless told otherwise; later ones refuse keys they do
        // not know.
        if self.has_containerd_store {
            serde_json::json!({ "features": { "containerd-snapshotter": true } }).to_string()
        } else if self.version().starts_with("Docker version 20.10") {
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

/// A new folder for images: beside the socket, or below `target` if only that is on a file system that
/// overlays can lie on. If neither is, the Engine falls back to copying (its `vfs` driver), which is slow but
/// right.
pub(super) fn data_root(run: &Path) -> io::Result<PathBuf> {
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
