//! The name of this machine and user, by which a builder tells its clients apart.
//!
//! What BuildKit keeps of a context it keeps for whoever sent it. The name is random, made once, and kept in a file; the
//! docker CLI does the same with a file of its own.

use std::io;
use std::path::Path;

use crate::environment::Environment;
use crate::random;

/// The name of this machine and user. Where none can be kept it is another each time, and builders start anew.
pub(crate) fn name(environment: &Environment) -> io::Result<String> {
    let Some(directory) = environment.state_directory() else {
        return random::name();
    };
    let path = directory.join("node");
    match read(&path) {
        Some(name) => Ok(name),
        None => make(&directory, &path),
    }
}

fn read(path: &Path) -> Option<String> {
    let name = fs_err::read_to_string(path).ok()?;
    let name = name.trim();
    let is_name = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_name.then(|| name.to_owned())
}

/// Makes the file whole or not at all; where another process was faster, its name counts.
fn make(directory: &Path, path: &Path) -> io::Result<String> {
    let name = random::name()?;
    let temporary = directory.join(format!(".node-{name}"));
    let made = fs_err::create_dir_all(directory)
        .and_then(|()| fs_err::write(&temporary, &name))
        .and_then(|()| match fs_err::hard_link(&temporary, path) {
            // What is there is no name, or nothing is, on a file system without hard links.
            Err(_) if read(path).is_none() => fs_err::rename(&temporary, path),
            linked => linked,
        });
    let _ = fs_err::remove_file(&temporary);
    Ok(match made {
        Ok(()) => name,
        Err(_) => read(path).unwrap_or(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_kept() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::empty().with("HOME", home.path());
        let first = name(&environment).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(name(&environment).unwrap(), first);
        let state = home.path().join(".local/state/shipload");
        assert_eq!(fs_err::read_dir(&state).unwrap().count(), 1);
        fs_err::write(state.join("node"), "nonsense").unwrap();
        let second = name(&environment).unwrap();
        assert_ne!(second, "nonsense");
        assert_eq!(name(&environment).unwrap(), second);
        assert_eq!(fs_err::read_dir(&state).unwrap().count(), 1);
    }

    #[test]
    fn without_a_place_for_it_there_is_one_all_the_same() {
        let environment = Environment::empty();
        assert_ne!(name(&environment).unwrap(), name(&environment).unwrap());
        let nowhere = Environment::empty().with("XDG_STATE_HOME", "/proc/nowhere");
        assert_eq!(name(&nowhere).unwrap().len(), 32);
    }
}
