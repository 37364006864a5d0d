//! Where this repository keeps what tests share.
//!
//! Everything that a test run fetches or writes lives below `target`, so that `cargo clean` removes it.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the checkout that this crate was compiled from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The build directory: `CARGO_TARGET_DIR` if that is set, else `target` below [`root`].
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// Names the `docker-devtools` program to tests.
pub const DEVTOOLS_VARIABLE: &str = "SHIPLOAD_DOCKER_DEVTOOLS";

/// The `docker-devtools` program, which lists contexts with BuildKit's own code, if this machine has it.
///
/// `cargo xtask test` installs one below [`target`] and names it in `SHIPLOAD_DOCKER_DEVTOOLS`.
pub fn devtools() -> Option<PathBuf> {
    let named = env::var_os(DEVTOOLS_VARIABLE).map(PathBuf::from);
    let program = named.unwrap_or_else(|| target().join("tools/venv/bin/docker-devtools"));
    is_executable(&program).then_some(program)
}

/// Finds `program` on the `PATH`, as a shell would.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| is_executable(file))
}

/// Whether `CI` is set to a true value: then nothing may be skipped.
pub fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no))
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        let manifest = fs_err::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn programs_are_found_on_the_path() {
        let shell = on_path("sh").unwrap();
        assert!(shell.ends_with("sh") && shell.is_absolute());
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}
