//! Tools that tests and benches compare with and that Debian does not package, kept below `target/tools`.

use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;
use shipload_testkit::workspace;

use crate::shell;

/// Lists a build context with current BuildKit's code. Pinned, so that an upgrade is a commit that says so.
const DEVTOOLS: &str = "docker-devtools==0.1.0";

/// Parses Dockerfiles with the parser of BuildKit 0.12.5. Pinned, because what it wraps changes with it.
const DOCKERFILE: &str = "dockerfile==3.4.0";

/// Reads what `shipload deps --format ninja` writes.
const NINJA: &str = "ninja==1.13.2";

/// docker-py, whose way to pack a directory `bench` compares with.
const DOCKER_PY: &str = "docker==7.1.0";

/// What tests compare with, installed first if it is not there yet.
pub(crate) struct Tools {
    /// The `docker-devtools` program.
    pub(crate) devtools: PathBuf,
    /// A Python that has the package `dockerfile`.
    pub(crate) python: PathBuf,
}

/// `Err` says why they cannot be had; tests then replay what they answered earlier, or are skipped.
pub(crate) fn for_tests() -> Result<Tools, String> {
    let programs = virtual_environment("venv", &[DEVTOOLS, DOCKERFILE, NINJA])?;
    Ok(Tools {
        devtools: programs.join("docker-devtools"),
        python: programs.join("python"),
    })
}

/// A Python that has docker-py, installed first if it is not there yet.
pub(crate) fn docker_py() -> Result<PathBuf, String> {
    let programs = virtual_environment("docker-py", &[DOCKER_PY])?;
    Ok(programs.join("python"))
}

/// The programs of a virtual environment of our own that holds `packages`, made first if it is not there yet.
fn virtual_environment(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let venv = workspace::target().join("tools").join(name);
    let programs = venv.join("bin");
    // Written last, so an interrupted installation is begun anew.
    let stamp = venv.join("installed");
    let wanted = packages.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    if workspace::on_path("python3").is_none() {
        return Err("`python3` is not on the path".to_owned());
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).map_err(|error| error.to_string())?;
    }
    shell::stream(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    shell::stream(pip.arg("--disable-pip-version-check").args(packages))?;
    fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(programs)
}
