//! `apt-get` and `dpkg`, kept from writing anywhere but into a folder of ours.
//!
//! For packages of another release `apt-get` is given one source, which is the machine's mirror with that
//! release's name, and neither the machine's lists nor its installed packages; the archive's signatures are
//! checked with the machine's keys as ever.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use fs_err as fs;

use super::PackageError;

/// The keys of Debian's archive, as the package `debian-archive-keyring` has them, earlier and later.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];

/// How often the packages of another release are asked for, beside the retries of `apt-get` itself.
const ATTEMPTS: u32 = 3;

/// `apt-get`, with folders of its own for whatever it writes.
pub(super) struct Apt {
    program: String,
    aside: PathBuf,
}

/// Whose lists of packages are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// The machine's, as they are.
    Machine,
    /// Fresh ones of the machine's sources, in a folder of ours.
    Fresh,
    /// Those of the one source that [`Apt::unpack_from`] writes.
    Other,
}

impl Apt {
    pub(super) fn new(program: &str, aside: &Path) -> Self {
        Self {
            program: program.to_owned(),
            aside: aside.to_owned(),
        }
    }

    /// Fetches `packages` and unpacks them into `root`; falls back to fresh lists of its own.
    pub(super) fn unpack(&self, packages: &[String], root: &Path) -> Result<(), PackageError> {
        self.clear_debs()?;
        let lists = self.aside.join("lists");
        // The machine's own lists are often missing in containers, or name versions that are gone.
        if lists.exists() || self.download(Lists::Machine, packages).is_err() {
            let mut updated = Ok(());
            if !lists.exists() {
                updated = self.update(Lists::Fresh);
            }
            // One source that cannot be reached is no reason to stop, but it is the reason if the download
            // fails.
            if let Err(error) = self.download(Lists::Fresh, packages) {
                return Err(updated.err().unwrap_or(error));
            }
        }
        self.unpack_debs(root)
    }

    /// Fetches `packages` of the release `suite` from the first of the machine's sites that has it.
    pub(super) fn unpack_from(
        &self,
        suite: &str,
        packages: &[String],
        root: &Path,
    ) -> Result<(), PackageError> {
        self.clear_debs()?;
        let sites = self.sites()?;
        let mut failed = PackageError::Command {
            command: format!("{} indextargets", self.program),
            message: "the machine has no package sources".to_owned(),
        };
        for attempt in 0..ATTEMPTS {
            thread::sleep(Duration::from_secs(attempt.into()));
            for site in &sites {
                fs::write(self.sources(), source(site, suite))?;
                let updated = self.update(Lists::Other);
                match updated.and_then(|()| self.download(Lists::Other, packages)) {
                    Ok(()) => return self.unpack_debs(root),
                    Err(error) => failed = error,
                }
            }
        }
        Err(failed)
    }

    /// The addresses that the machine has packages from, without the names of releases.
    fn sites(&self) -> Result<BTreeSet<String>, PackageError> {
        let mut ask = Command::new(&self.program);
        let printed = succeed(ask.args(["indextargets", "--format", "$(SITE)"]))?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    fn clear_debs(&self) -> Result<(), PackageError> {
        let debs = self.debs();
        if debs.exists() {
            fs::remove_dir_all(&debs)?;
        }
        Ok(fs::create_dir_all(&debs)?)
    }

    fn unpack_debs(&self, root: &Path) -> Result<(), PackageError> {
        for deb in fs::read_dir(self.debs())? {
            let deb = deb?.path();
            if deb.extension().is_some_and(|end| end == "deb") {
                succeed(Command::new("dpkg").arg("-x").arg(deb).arg(root))?;
            }
        }
        Ok(())
    }

    fn update(&self, lists: Lists) -> Result<(), PackageError> {
        fs::create_dir_all(self.aside.join("lists/partial"))?;
        fs::create_dir_all(self.aside.join("cache/archives/partial"))?;
        let mut apt = self.command(lists);
        // Else it is content with whatever it reached, and all that is said is that there is no such package.
        apt.args(["-o", "APT::Update::Error-Mode=any"]);
        succeed(apt.arg("update"))?;
        Ok(())
    }

    fn download(&self, lists: Lists, packages: &[String]) -> Result<(), PackageError> {
        succeed(self.command(lists).arg("download").args(packages))?;
        Ok(())
    }

    /// The file that names the source of another release.
    fn sources(&self) -> PathBuf {
        self.aside.join("other.sources")
    }

    /// Where `apt-get download` puts what it fetched.
    fn debs(&self) -> PathBuf {
        self.aside.join("debs")
    }

    fn command(&self, lists: Lists) -> Command {
        let mut apt = Command::new(&self.program);
        apt.args([
            "-q",
            "-o",
            "Acquire::Retries=3",
            "-o",
            "Acquire::Languages=none",
            "-o",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        ]);
        // As root apt drops to a user who cannot write into our folder.
        apt.args(["-o", "APT::Sandbox::User="]);
        let mut set = |key: &str, value: &Path| {
            apt.args(["-o", &format!("{key}={}", value.display())]);
        };
        if lists != Lists::Machine {
            set("Dir::State::lists", &self.aside.join("lists"));
            set("Dir::Cache", &self.aside.join("cache"));
        }
        if lists == Lists::Other {
            let nothing = Path::new("/dev/null");
            set("Dir::Etc::sourcelist", &self.sources());
            set("Dir::Etc::sourceparts", nothing);
            set("Dir::Etc::preferences", nothing);
            set("Dir::Etc::preferencesparts", nothing);
            // What is installed would be preferred to what the release has.
            set("Dir::State::status", nothing);
        }
        apt.current_dir(self.debs())
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        apt
    }
}

/// The paragraph of a `.sources` file (deb822) for one release.
fn source(site: &str, release: &str) -> String {
    let mut text = format!("Types: deb\nURIs: {site}\nSuites: {release}\nComponents: main\n");
    if let Some(keys) = KEYRINGS.iter().find(|file| Path::new(file).exists()) {
        text.push_str("Signed-By: ");
        text.push_str(keys);
        text.push('\n');
    }
    text
}

/// Libraries whose packages have other names, by how the libraries' names start.
const NAMED_OTHERWISE: &[(&str, &str)] = &[
    ("libatk-1.0.so", "libatk1.0-0"),
    ("libatspi.so", "libatspi2.0-0"),
    ("libbrotli", "libbrotli1"),
    ("libgio-2.0.so", "libglib2.0-0"),
    ("libglib-2.0.so", "libglib2.0-0"),
    ("libgmodule-2.0.so", "libglib2.0-0"),
    ("libgobject-2.0.so", "libglib2.0-0"),
    ("libharfbuzz.so", "libharfbuzz0b"),
    ("libjpeg.so.62", "libjpeg62-turbo"),
    ("libnspr4.so", "libnspr4"),
    ("libnss", "libnss3"),
    ("libplc4.so", "libnspr4"),
    ("libplds4.so", "libnspr4"),
    ("libvorbis.so", "libvorbis0a"),
    ("libz.so.1", "zlib1g"),
];

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
    let otherwise = NAMED_OTHERWISE.iter();
    let otherwise =
        otherwise.filter_map(|(start, package)| soname.starts_with(start).then_some(*package));
    let names = [name.as_str()].into_iter().chain(otherwise);
    names
        .flat_map(|name| [name.to_owned(), format!("{name}t64")])
        .collect()
}

/// Runs `command`, wants exit code 0, and gives what it printed.
fn succeed(command: &mut Command) -> Result<String, PackageError> {
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
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
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
        let names = package_names("libnss3.so");
        assert!(names.iter().any(|name| name == "libnss3"), "{names:?}");
    }
}
