//! Debian packages without installing them: fetched with `apt-get download`, unpacked with `dpkg -x` below
//! `target/engine`.
//!
//! Nothing outside that folder is written and no root rights are needed. Where the machine has no package
//! lists, or stale ones, lists are fetched into the same folder. Shared libraries that the machine lacks are
//! fetched too: `ldd` names them and Debian Policy 8.1 says which package holds them.
//!
//! Packages are those of the machine's own release, or of another one ([`Release`]) from the same mirror, for
//! programs that are too old in the machine's. Libraries are always the machine's, since those of a later
//! release want a later C library.
//!
//! A bundle appears under its name only when it is whole (it is made aside and renamed), so an interrupted
//! fetch leaves nothing that looks ready. A lock file keeps two test processes from fetching the same bundle
//! at once.

mod apt;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use rustix::fs::FlockOperation;
use thiserror::Error;

use self::apt::{Apt, package_names};
use crate::workspace;

/// Some Debian packages that are of use together.
#[derive(Debug, Clone, Copy)]
pub struct Bundle {
    /// The name of its folder.
    pub name: &'static str,
    /// Whose packages.
    pub release: Release,
    /// The packages.
    pub packages: &'static [&'static str],
    /// The programs that must run, and whose libraries are therefore looked for.
    pub programs: &'static [&'static str],
}

/// Whose packages a bundle is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The machine's.
    Machine,
    /// Debian's release of that name, from the mirror that the machine uses.
    Debian(&'static str),
}

/// Docker Engine with what it runs: about 65 MB to fetch. On Debian 12 this is 20.10.
pub const ENGINE: Bundle = Bundle {
    name: "docker",
    release: Release::Machine,
    packages: &["docker.io", "containerd", "runc"],
    programs: &["dockerd", "containerd", "containerd-shim-runc-v2", "runc"],
};

/// A later Docker Engine, 26.1, with its CLI and the `buildx` plugin: about 80 MB to fetch. It runs [`RUNC`].
///
/// A named stable release, because versions vanish from the unstable one. All of these run on Debian 12's C
/// library, which trixie's `runc` does not.
pub const MODERN_ENGINE: Bundle = Bundle {
    name: "docker-trixie",
    release: Release::Debian("trixie"),
    packages: &["docker.io", "docker-cli", "docker-buildx", "containerd"],
    programs: &[
        "dockerd",
        "containerd",
        "containerd-shim-runc-v2",
        "docker",
        "docker-buildx",
    ],
};

/// What starts containers, for an Engine that comes without.
pub const RUNC: Bundle = Bundle {
    name: "runc",
    release: Release::Machine,
    packages: &["runc"],
    programs: &["runc"],
};

/// A `busybox` that needs no library: everything a test image needs to run something.
pub const BUSYBOX: Bundle = Bundle {
    name: "busybox",
    release: Release::Machine,
    packages: &["busybox-static"],
    programs: &["busybox"],
};

/// The registry server, for pull and push.
pub const REGISTRY: Bundle = Bundle {
    name: "registry",
    release: Release::Machine,
    packages: &["docker-registry"],
    programs: &["docker-registry"],
};

/// Chromium without windows, its driver, and a font to write with: about 105 MB to fetch.
pub const CHROMIUM: Bundle = Bundle {
    name: "chromium",
    release: Release::Machine,
    packages: &[
        "chromium-headless-shell",
        "chromium-common",
        "chromium-driver",
        "fonts-dejavu-core",
    ],
    programs: &["chromedriver", "chromium-headless-shell"],
};

/// The file in a bundle's folder that lists its packages.
const STAMP: &str = "packages";

/// A bundle on disk, or several.
#[derive(Debug, Clone)]
pub struct Unpacked {
    roots: Vec<PathBuf>,
}

/// Why packages could not be provided.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The machine is not a Debian one.
    #[error("cannot fetch {packages:?}: `{missing}` is not on the path")]
    NotDebian {
        /// What was to be fetched.
        packages: Vec<String>,
        /// The program that is missing.
        missing: String,
    },
    /// A command said no.
    #[error("`{command}` failed: {message}")]
    Command {
        /// The command with its first arguments.
        command: String,
        /// The last lines that it printed.
        message: String,
    },
    /// A program of the bundle still lacks libraries after their packages were fetched.
    #[error("no package found for the libraries {libraries:?} that `{bundle}` needs")]
    Libraries {
        /// The bundle.
        bundle: &'static str,
        /// What `ldd` calls them.
        libraries: Vec<String>,
    },
    /// A file could not be handled.
    #[error("cannot keep packages")]
    Io(#[from] io::Error),
}

/// Providing
impl Bundle {
    /// The bundle, fetched first if it is not there yet.
    ///
    /// # Errors
    /// When the machine is not a Debian one, the packages cannot be fetched, or the disk says no.
    pub fn provide(&self) -> Result<Unpacked, PackageError> {
        self.provide_with(&workspace::target().join("engine"), "apt-get")
    }

    fn provide_with(&self, folder: &Path, apt: &str) -> Result<Unpacked, PackageError> {
        let home = folder.join(self.name);
        let ready = || Unpacked::at(home.clone());
        if self.is_complete(&home) {
            return Ok(ready());
        }
        for missing in [apt, "dpkg"] {
            if workspace::on_path(missing).is_none() {
                let packages = self.packages.iter().map(ToString::to_string).collect();
                let missing = missing.to_owned();
                return Err(PackageError::NotDebian { packages, missing });
            }
        }
        fs::create_dir_all(folder)?;
        let lock = fs::File::create(folder.join(format!("{}.lock", self.name)))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        if self.is_complete(&home) {
            return Ok(ready());
        }
        // The lock is ours, so what an interrupted fetch left may go, and what an older list of packages
        // brought.
        let aside = folder.join(format!("{}.partial", self.name));
        for old in [&aside, &home] {
            if old.exists() {
                fs::remove_dir_all(old)?;
            }
        }
        let root = aside.join("root");
        fs::create_dir_all(&root)?;
        self.fill(apt, &aside, &root)?;
        fs::write(root.join(STAMP), self.stamp())?;
        fs::rename(&root, &home)?;
        fs::remove_dir_all(&aside)?;
        Ok(ready())
    }

    fn is_complete(&self, home: &Path) -> bool {
        fs::read_to_string(home.join(STAMP)).is_ok_and(|stamp| stamp == self.stamp())
    }

    fn stamp(&self) -> String {
        let packages = self.packages.join("\n");
        match self.release {
            Release::Machine => packages,
            Release::Debian(suite) => format!("{suite}\n{packages}"),
        }
    }

    fn fill(&self, program: &str, aside: &Path, root: &Path) -> Result<(), PackageError> {
        let unpacked = Unpacked::at(root.to_owned());
        let packages: Vec<_> = self.packages.iter().map(ToString::to_string).collect();
        let apt = Apt::new(program, &aside.join("machine"));
        match self.release {
            Release::Machine => apt.unpack(&packages, root)?,
            Release::Debian(suite) => {
                let other = Apt::new(program, &aside.join(suite));
                other.unpack_from(suite, &packages, root)?;
            }
        }
        let mut lacking = unpacked.missing_libraries(self.programs)?;
        while !lacking.is_empty() {
            for soname in &lacking {
                // The first name that exists ends the search; what stays missing shows below.
                let _ = package_names(soname)
                    .iter()
                    .any(|name| apt.unpack(std::slice::from_ref(name), root).is_ok());
            }
            let still = unpacked.missing_libraries(self.programs)?;
            if still == lacking {
                let libraries = lacking.into_iter().collect();
                return Err(PackageError::Libraries {
                    bundle: self.name,
                    libraries,
                });
            }
            lacking = still;
        }
        Ok(())
    }
}

/// Using
impl Unpacked {
    fn at(root: PathBuf) -> Self {
        Self { roots: vec![root] }
    }

    /// This and, after it, `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.roots.extend(other.roots);
        self
    }

    /// The program of that name, if the bundle has it.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.program_dirs()
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    }

    /// `PATH` with the bundle's folders first.
    pub fn path(&self) -> OsString {
        prefixed("PATH", self.program_dirs())
    }

    /// `LD_LIBRARY_PATH` with the bundle's folders first; `None` when it brought no libraries.
    ///
    /// # Errors
    /// When the bundle's folders cannot be read.
    pub fn library_path(&self) -> io::Result<Option<OsString>> {
        let dirs = self.library_dirs()?;
        Ok((!dirs.is_empty()).then(|| prefixed("LD_LIBRARY_PATH", dirs.into_iter())))
    }

    fn program_dirs(&self) -> impl Iterator<Item = PathBuf> + '_ {
        const DIRS: [&str; 6] = [
            // The program itself; what stands for it in `usr/bin` looks for it in the machine's folders.
            "usr/lib/chromium",
            "usr/bin",
            "usr/sbin",
            "bin",
            "sbin",
            "usr/libexec/docker/cli-plugins",
        ];
        let dirs_of = |root: &PathBuf| DIRS.map(|dir| root.join(dir));
        self.roots.iter().flat_map(dirs_of)
    }

    /// Where the bundle has a folder of that name.
    pub fn folders(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let folders = self.roots.iter().map(move |root| root.join(name));
        folders.filter(|folder| folder.is_dir())
    }

    /// The multi-arch library folders: `lib/x86_64-linux-gnu` and the like, and folders in them in which a package keeps libraries
    /// of its own, whose names would lead into the machine's.
    fn library_dirs(&self) -> io::Result<Vec<PathBuf>> {
        let mut dirs = Vec::new();
        let parents = |root: &PathBuf| ["lib", "usr/lib"].map(|dir| root.join(dir));
        for parent in self
            .roots
            .iter()
            .flat_map(parents)
            .filter(|dir| dir.is_dir())
        {
            for dir in folders_in(&parent)? {
                let name = dir.file_name().unwrap_or_default();
                if !name.as_bytes().windows(7).any(|part| part == b"-linux-") {
                    continue;
                }
                for private in folders_in(&dir)? {
                    let mut files = fs::read_dir(&private)?;
                    let is_library = |name: OsString| name.as_bytes().starts_with(b"lib");
                    if files.any(|file| file.is_ok_and(|file| is_library(file.file_name()))) {
                        dirs.push(private);
                    }
                }
                dirs.push(dir);
            }
        }
        dirs.sort();
        Ok(dirs)
    }

    fn missing_libraries(&self, programs: &[&str]) -> Result<BTreeSet<String>, PackageError> {
        let mut missing = BTreeSet::new();
        for name in programs {
            let Some(program) = self.program(name) else {
                let roots = self.roots.iter().map(|root| root.display().to_string());
                let command = format!("dpkg -x … {}", roots.collect::<Vec<_>>().join(" "));
                let message = format!("the packages hold no `{name}`");
                return Err(PackageError::Command { command, message });
            };
            let mut ldd = Command::new("ldd");
            ldd.arg(program);
            if let Some(path) = self.library_path()? {
                ldd.env("LD_LIBRARY_PATH", path);
            }
            // A static program makes `ldd` fail, which is as good as "nothing missing".
            missing.extend(not_found(&String::from_utf8_lossy(&ldd.output()?.stdout)));
        }
        Ok(missing)
    }
}

fn folders_in(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

/// The sonames that `ldd` prints as `libx.so.1 => not found`.
fn not_found(ldd: &str) -> impl Iterator<Item = String> + '_ {
    ldd.lines().filter_map(|line| {
        let (soname, found) = line.trim().split_once(" => ")?;
        (found == "not found").then(|| soname.to_owned())
    })
}

fn prefixed(variable: &str, dirs: impl Iterator<Item = PathBuf>) -> OsString {
    let before = std::env::var_os(variable).unwrap_or_default();
    let mut joined = OsString::new();
    for dir in dirs.chain(std::env::split_paths(&before)) {
        if !joined.is_empty() {
            joined.push(":");
        }
        joined.push(dir);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_read_from_ldd() {
        let ldd = "\tlinux-vdso.so.1 (0x0)\n\tlibseccomp.so.2 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n";
        assert_eq!(not_found(ldd).collect::<Vec<_>>(), ["libseccomp.so.2"]);
    }

    /// Stands in for `apt-get`: writes half a package and fails.
    #[test]
    fn a_fetch_that_fails_leaves_nothing_half_made() {
        let folder = tempfile::tempdir().unwrap();
        let apt = folder.path().join("apt");
        fs::write(
            &apt,
            "#!/bin/sh\nprintf half > x.deb\necho 'E: gone' >&2\nexit 100\n",
        )
        .unwrap();
        rustix::fs::chmod(&apt, rustix::fs::Mode::RWXU).unwrap();
        let apt = apt.to_str().unwrap();

        let bundle = Bundle {
            name: "none",
            release: Release::Machine,
            packages: &["x"],
            programs: &[],
        };
        for _ in 0..2 {
            match bundle.provide_with(folder.path(), apt) {
                Err(PackageError::Command { message, .. }) => assert_eq!(message, "E: gone"),
                Err(PackageError::NotDebian { missing, .. }) => assert_eq!(missing, "dpkg"),
                other => panic!("{other:?}"),
            }
            assert!(!folder.path().join("none").exists());
        }
    }
}
