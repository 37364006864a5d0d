//! `apt-get` and `dpkg`, kept from writing anywhere but into a folder of ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use super::PackageError;

/// `apt-get`, with folders of its own for whatever it writes.
pub(super) struct Apt {
    pub(super) program: String,
    pub(super) aside: PathBuf,
}

impl Apt {
    /// Fetches `packages` and unpacks them into `root`; falls back to fresh lists of its own.
    pub(super) fn unpack(&self, packages: &[String], root: &Path) -> Result<(), PackageError> {
        let debs = self.debs();
        if debs.exists() {
            fs::remove_dir_all(&debs)?;
        }
        fs::create_dir_all(&debs)?;
        let lists = self.aside.join("lists");
        let download = |own_lists: bool| {
            let mut apt = self.command(own_lists);
            apt.arg("download").args(packages);
            succeed(&mut apt)
        };
        // The machine's own lists are often missing in containers, or name versions that are gone.
        if lists.exists() || download(false).is_err() {
            let mut updated = Ok(());
            if !lists.exists() {
                fs::create_dir_all(lists.join("partial"))?;
                fs::create_dir_all(self.aside.join("cache/archives/partial"))?;
                updated = succeed(self.command(true).arg("update"));
            }
            // One source that cannot be reached is no reason to stop, but it is the reason if the download
            // fails.
            if let Err(error) = download(true) {
                return Err(updated.err().unwrap_or(error));
            }
        }
        for deb in fs::read_dir(&debs)? {
            let deb = deb?.path();
            if deb.extension().is_some_and(|end| end == "deb") {
                succeed(Command::new("dpkg").arg("-x").arg(deb).arg(root))?;
            }
        }
        Ok(())
    }

    /// Where `apt-get download` puts what it fetched.
    fn debs(&self) -> PathBuf {
        self.aside.join("debs")
    }

    fn command(&self, own_lists: bool) -> Command {
        let mut apt = Command::new(&self.program);
        apt.args([
            "-q",
            "-o",
            "Acquire::Retries=2",
            "-o",
            "Acquire::Languages=none",
        ]);
        // As root apt drops to a user who cannot write into our folder.
        apt.args(["-o", "APT::Sandbox::User="]);
        if own_lists {
            let option = |key: &str, dir: &str| format!("{key}={}", self.aside.join(dir).display());
            apt.args(["-o", &option("Dir::State::lists", "lists")]);
            apt.args(["-o", &option("Dir::Cache", "cache")]);
        }
        apt.current_dir(self.debs())
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        apt
    }
}

/// The packages that may hold a library, as Debian Policy 8.1 names them: `libX.so.N` is in `libXN`, with a
/// hyphen when X ends in a digit; since the change to 64-bit times some end in `t64`.
pub(super) fn package_names(soname: &str) -> Vec<String> {
    let (stem, version) = soname.split_once(".so.").unwrap_or((soname, ""));
    let hyphen = if stem.ends_with(|last: char| last.is_ascii_digit()) {
        "-"
    } else {
        ""
    };
    let name = format!("{stem}{hyphen}{version}")
        .to_lowercase()
        .replace('_', "-");
    vec![format!("{name}t64"), name].into_iter().rev().collect()
}

/// Runs `command` and wants exit code 0.
fn succeed(command: &mut Command) -> Result<(), PackageError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let verb = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    // Past the options: `download` and what is to be downloaded.
    let words = verb
        .skip_while(|word| word.starts_with('-') || word.contains("::"))
        .take(4);
    let command_line = [program]
        .into_iter()
        .chain(words.map(String::from))
        .collect::<Vec<_>>();
    let fail = |message| PackageError::Command {
        command: command_line.join(" "),
        message,
    };
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return Err(fail(error.to_string())),
    };
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = printed.lines().rev().take(5).collect();
    Err(fail(last.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_packages_follow_debians_names() {
        for (soname, package) in [
            ("libdevmapper.so.1.02.1", "libdevmapper1.02.1"),
            ("libseccomp.so.2", "libseccomp2"),
            ("libpcre2-8.so.0", "libpcre2-8-0"),
            ("liblz4.so.1", "liblz4-1"),
            ("libgpg-error.so.0", "libgpg-error0"),
        ] {
            assert_eq!(package_names(soname)[0], package);
        }
    }
}
