//! Packages of four registries, fetched with each one's own client and unpacked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::shell;

/// Where a package comes from, and as what.
#[derive(Clone, Copy)]
pub(crate) enum Registry {
    /// A crate.
    Crates,
    /// An npm package.
    Npm,
    /// A Python wheel.
    PypiWheel,
    /// A Python source distribution.
    PypiSource,
    /// The upstream tarball of a Debian source package.
    DebianSource,
}

impl Registry {
    const ALL: [Self; 5] = [
        Self::Crates,
        Self::Npm,
        Self::PypiWheel,
        Self::PypiSource,
        Self::DebianSource,
    ];

    /// The one of that key.
    pub(crate) fn find(key: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.key() == key)
            .ok_or_else(|| format!("`{key}` is no registry"))
    }

    /// One word for the archive.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Crates => "crates",
            Self::Npm => "npm",
            Self::PypiWheel => "pypi-wheel",
            Self::PypiSource => "pypi-source",
            Self::DebianSource => "debian-source",
        }
    }

    /// What to call it in a table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Crates => "Rust crate",
            Self::Npm => "npm package",
            Self::PypiWheel => "Python wheel",
            Self::PypiSource => "Python source",
            Self::DebianSource => "Debian source",
        }
    }

    /// Fetches a package into an empty directory, and says in which directory its files are.
    pub(crate) fn unpack(
        self,
        name: &str,
        version: &str,
        scratch: &Path,
    ) -> Result<PathBuf, String> {
        let fetched = scratch.join("fetched");
        let files = scratch.join("files");
        for dir in [&fetched, &files] {
            fs::create_dir_all(dir).map_err(|e| e.to_string())?;
        }
        self.fetch(name, version, &fetched)?;
        let archive = archive(&fetched, self)?;
        if archive.extension() == Some(OsStr::new("whl")) {
            let mut unzip = Command::new("python3");
            unzip
                .args(["-m", "zipfile", "-e"])
                .arg(&archive)
                .arg(&files);
            shell::stream(&mut unzip)?;
            return Ok(files);
        }
        let mut tar = Command::new("tar");
        // Paths are as below the package's own top directory, which repeats its version.
        tar.arg("--extract").arg("--file").arg(&archive);
        tar.args(["--strip-components", "1", "--directory"]);
        shell::stream(tar.arg(&files))?;
        Ok(files)
    }

    fn fetch(self, name: &str, version: &str, fetched: &Path) -> Result<(), String> {
        match self {
            Self::Crates => {
                // It downloads the crate to show what is in it.
                let mut cargo = shell::cargo();
                cargo.args(["info", "--quiet", "--registry", "crates-io"]);
                cargo.arg(format!("{name}@{version}"));
                cargo.current_dir(fetched).env("CARGO_HOME", fetched);
                succeed(&mut cargo)
            }
            Self::Npm => {
                let mut npm = Command::new("npm");
                npm.args(["pack", "--silent", "--ignore-scripts"]);
                npm.arg(format!("{name}@{version}")).current_dir(fetched);
                succeed(&mut npm)
            }
            Self::PypiWheel | Self::PypiSource => {
                let kind = match self {
                    Self::PypiWheel => "--only-binary",
                    _ => "--no-binary",
                };
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
                pip.args(["--disable-pip-version-check", kind, ":all:", "--dest"]);
                pip.arg(fetched).arg(format!("{name}=={version}"));
                succeed(&mut pip)
            }
            Self::DebianSource => debian(name, version, fetched),
        }
    }
}

/// Runs it silently; `Err` has the last line that it printed.
fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(printed.lines().last().unwrap_or_default().to_owned())
}

/// `apt-get source`, with lists of its own: machines rarely have those of source packages.
fn debian(name: &str, version: &str, fetched: &Path) -> Result<(), String> {
    let lists = fetched.join("lists");
    let cache = fetched.join("cache");
    for dir in [lists.join("partial"), cache.join("archives/partial")] {
        fs::create_dir_all(dir).map_err(|e| e.to_string())?;
    }
    let binary = fs::read_to_string("/etc/apt/sources.list.d/debian.sources")
        .map_err(|error| format!("not a Debian of today: {error}"))?;
    let sources = fetched.join("debian.sources");
    let source = binary.replace("Types: deb\n", "Types: deb-src\n");
    fs::write(&sources, source).map_err(|e| e.to_string())?;
    let download = format!("{name}={version}");
    for arguments in [&["update"][..], &["source", "--download-only", &download]] {
        let mut apt = Command::new("apt-get");
        // As root apt drops to a user who cannot write into our folder.
        apt.args(["-q", "-o", "APT::Sandbox::User="]);
        for (key, value) in [
            ("Dir::State::lists", &lists),
            ("Dir::Cache", &cache),
            ("Dir::Etc::sourcelist", &sources),
            ("Dir::Etc::sourceparts", &fetched.join("none")),
        ] {
            apt.arg("-o").arg(format!("{key}={}", value.display()));
        }
        apt.args(arguments).current_dir(fetched);
        succeed(apt.env("LC_ALL", "C"))?;
    }
    Ok(())
}

/// The one archive that was fetched.
fn archive(fetched: &Path, registry: Registry) -> Result<PathBuf, String> {
    let dir = match registry {
        Registry::Crates => {
            // One folder for the registry, whose name is cargo's business.
            let cache = fetched.join("registry/cache");
            let mut entries = fs::read_dir(cache).map_err(|e| e.to_string())?;
            let entry = entries.next().ok_or("cargo fetched nothing")?;
            entry.map_err(|e| e.to_string())?.path()
        }
        _ => fetched.to_owned(),
    };
    let is_archive = |name: &str| {
        let ends = [
            ".crate",
            ".tgz",
            ".whl",
            ".tar.gz",
            ".tar.bz2",
            ".orig.tar.xz",
        ];
        ends.iter().any(|end| name.ends_with(end))
    };
    for entry in fs::read_dir(dir).map_err(|e| e.to_string())? {
        let entry = entry.map_err(|e| e.to_string())?;
        if entry.file_name().to_str().is_some_and(is_archive) {
            return Ok(entry.path());
        }
    }
    Err("no archive was fetched".to_owned())
}
