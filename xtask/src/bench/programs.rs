//! Which of the programs to compare with this machine has, or can be given without installing them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use shipload_testkit::packages::{self, Bundle, Release};
use shipload_testkit::workspace;

use super::rules::RuleFiles;
use crate::tools;

/// `pigz`, which few machines have.
const PIGZ: Bundle = Bundle {
    name: "pigz",
    release: Release::Machine,
    packages: &["pigz"],
    programs: &["pigz"],
};

/// `rg`, which reads everything for some patterns.
const RIPGREP: Bundle = Bundle {
    name: "ripgrep",
    release: Release::Machine,
    packages: &["ripgrep"],
    programs: &["rg"],
};

/// `ncdu`, which can write down what it found instead of showing it.
const NCDU: Bundle = Bundle {
    name: "ncdu",
    release: Release::Machine,
    packages: &["ncdu"],
    programs: &["ncdu"],
};

/// The programs that this machine has, looked for once.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) shipload: PathBuf,
    pub(super) peer: PathBuf,
    pub(super) docker_py: Result<PathBuf, String>,
    pub(super) pigz: Result<PathBuf, String>,
    pub(super) zstd: Result<PathBuf, String>,
    pub(super) curl: Result<PathBuf, String>,
    pub(super) ripgrep: Result<PathBuf, String>,
    pub(super) ncdu: Result<PathBuf, String>,
    /// docker CLIs with the names of their rows.
    pub(super) dockers: Vec<(String, PathBuf, f64)>,
    pub(super) dockers_missing: Option<String>,
    pub(super) folder: PathBuf,
    pub(super) rules: RuleFiles,
}

/// Looking for programs
impl Programs {
    /// `shipload` and `peer` are the programs of this workspace; files are kept in `folder`.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub(super) fn find(shipload: PathBuf, peer: PathBuf, folder: &Path) -> io::Result<Self> {
        let mut dockers = Vec::new();
        if let Some(docker) = workspace::on_path("docker") {
            dockers.extend(docker_row(docker));
        }
        let debian = packages::ENGINE.provide();
        if let Ok(Some(docker)) = debian.map(|bundle| bundle.program("docker")) {
            dockers.extend(docker_row(docker));
        }
        let dockers_missing = dockers
            .is_empty()
            .then(|| "docker CLI: neither on the path nor among Debian's packages".to_owned());
        Ok(Self {
            shipload,
            peer,
            docker_py: tools::docker_py(),
            pigz: provide(&PIGZ),
            zstd: on_path("zstd"),
            curl: on_path("curl"),
            ripgrep: provide(&RIPGREP),
            ncdu: provide(&NCDU),
            dockers,
            dockers_missing,
            folder: folder.to_owned(),
            rules: RuleFiles::write(folder)?,
        })
    }
}

fn on_path(name: &str) -> Result<PathBuf, String> {
    workspace::on_path(name).ok_or_else(|| format!("`{name}` is not on the path"))
}

/// The first program of a bundle: the machine's, else Debian's.
fn provide(bundle: &Bundle) -> Result<PathBuf, String> {
    let name = bundle.programs[0];
    on_path(name).or_else(|_| {
        let unpacked = bundle.provide().map_err(|error| error.to_string())?;
        unpacked
            .program(name)
            .ok_or_else(|| format!("the package has no `{name}`"))
    })
}

/// The docker CLI at `program` with its version, and how many times longer than ours it is to take.
fn docker_row(program: PathBuf) -> Option<(String, PathBuf, f64)> {
    let said = Command::new(&program).arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout);
    let version = said
        .split([' ', ','])
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let major: u32 = version.split('.').next()?.parse().ok()?;
    let times = if major < 23 { 3.0 } else { 5.0 };
    Some((format!("docker CLI {version}, classic"), program, times))
}
