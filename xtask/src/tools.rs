//! Tools that tests compare with and that Debian does not package, kept below `target/tools`.

use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;
use shipload_testkit::workspace;

use crate::shell;

/// Lists a build context with current BuildKit's code. Pinned, so that an upgrade is a commit that says so.
const DEVTOOLS: &str = "docker-devtools==0.1.0";

/// The `docker-devtools` program, installed first into a virtual environment of our own if it is not there yet.
///
/// `Err` says why it cannot be had; tests then replay what it answered earlier.
pub(crate) fn devtools() -> Result<PathBuf, String> {
    let venv = workspace::target().join("tools/venv");
    let program = venv.join("bin/docker-devtools");
    // Written last, so an interrupted installation is begun anew.
    let stamp = venv.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == DEVTOOLS) {
        return Ok(program);
    }
    if workspace::on_path("python3").is_none() {
        return Err("`python3` is not on the path".to_owned());
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).map_err(|error| error.to_string())?;
    }
    shell::stream(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(venv.join("bin/python"));
    shell::stream(pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        DEVTOOLS,
    ]))?;
    fs::write(&stamp, DEVTOOLS).map_err(|error| error.to_string())?;
    Ok(program)
}
