//! The build's own files: where the Dockerfile and the ignore file are looked for, and how they get into the
//! context.

use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shipload_ignore::{Rules, Semantics};

use super::{DockerfileChoice, IgnoreChoice, RecipeError};
use crate::path::{EntryPath, show};
use crate::source::archive::Archive;
use crate::tree::{TreeBuilder, TreeError};

/// The longest Dockerfile or ignore file that is read, in bytes: they are held in memory, archives may be
/// hostile, and a name may lead to `/dev/zero`. BuildKit takes no more than that in one message.
pub(super) const TEXT_LIMIT: u64 = 16 << 20;

/// The Dockerfile of a context, found.
pub(super) struct BuildFiles<'a> {
    /// The context directory, links resolved; empty for an archive.
    pub(super) dir: &'a Path,
    /// The Dockerfile's name in the context.
    pub(super) name: EntryPath,
    /// Its file on this machine, links resolved; none for a text or a member.
    pub(super) host: Option<PathBuf>,
    /// Its text, where it is not a file of the context.
    pub(super) injected: Option<Vec<u8>>,
}

/// # Finding the Dockerfile
impl<'a> BuildFiles<'a> {
    /// Finds it as the docker CLI does: at the root of the context, or where the caller says, through links.
    pub(super) fn find(
        dir: &'a Path,
        shown: &Path,
        choice: &DockerfileChoice,
        semantics: Semantics,
    ) -> Result<Self, RecipeError> {
        let chosen = match choice {
            DockerfileChoice::Bytes(text) => return Self::injected(dir, None, text.clone()),
            DockerfileChoice::File(file) => file.clone(),
            DockerfileChoice::Default | DockerfileChoice::Optional => {
                let paths = default_names(semantics).iter().map(|name| dir.join(name));
                let mut there = paths.filter(|path| fs_err::symlink_metadata(path).is_ok());
                match there.next() {
                    Some(path) => path,
                    None if *choice == DockerfileChoice::Optional => return Self::absent(dir),
                    None => {
                        return Err(RecipeError::NoDockerfile {
                            place: shown.to_owned(),
                            similar: similar(dir),
                        });
                    }
                }
            }
        };
        let fail = |source| RecipeError::Dockerfile {
            path: chosen.clone(),
            source,
        };
        let kind = fs_err::metadata(&chosen).map_err(fail)?.file_type();
        if kind.is_dir() {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        if !kind.is_file() {
            // What nobody named is not waited for.
            if matches!(
                choice,
                DockerfileChoice::Default | DockerfileChoice::Optional
            ) {
                let problem = "it is no regular file";
                return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, problem)));
            }
            // A pipe, as of `--file <(generate)`, has no path to resolve.
            return Self::injected(dir, None, read_text(&chosen).map_err(fail)?);
        }
        let real = fs_err::canonicalize(&chosen).map_err(fail)?;
        let Ok(inside) = real.strip_prefix(dir) else {
            let text = read_text(&real).map_err(fail)?;
            return Self::injected(dir, Some(real), text);
        };
        let name = EntryPath::new(inside.as_os_str().as_bytes())
            .map_err(|e| fail(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
        Ok(Self {
            dir,
            name,
            host: Some(real),
            injected: None,
        })
    }

    /// Finds it among the members of an archive.
    pub(super) fn find_in(
        archive: &Archive,
        choice: &DockerfileChoice,
        semantics: Semantics,
    ) -> Result<Self, RecipeError> {
        let dir = Path::new("");
        let names: Vec<Vec<u8>> = match choice {
            DockerfileChoice::Bytes(text) => return Self::injected(dir, None, text.clone()),
            DockerfileChoice::File(file) => vec![file.as_os_str().as_bytes().to_vec()],
            DockerfileChoice::Default | DockerfileChoice::Optional => default_names(semantics)
                .iter()
                .map(|name| name.as_bytes().to_vec())
                .collect(),
        };
        let there = |name: &EntryPath| archive.members().any(|(path, _)| path == name);
        let mut names = names.iter().filter_map(|name| EntryPath::new(name).ok());
        match names.find(there) {
            Some(name) => Ok(Self {
                dir,
                name,
                host: None,
                injected: None,
            }),
            None if *choice == DockerfileChoice::Optional => Self::absent(dir),
            None => Err(RecipeError::NoDockerfile {
                place: archive.name().into(),
                similar: Vec::new(),
            }),
        }
    }

    /// There is none, and none is needed.
    pub(super) fn absent(dir: &'a Path) -> Result<Self, RecipeError> {
        Ok(Self {
            dir,
            name: own_name(b"Dockerfile")?,
            host: None,
            injected: None,
        })
    }

    /// A Dockerfile that is not in the context goes there under a name that no other file has. The docker CLI
    /// draws the name at random; ours follows from the text, so that the archive does.
    pub(super) fn injected(
        dir: &'a Path,
        host: Option<PathBuf>,
        text: Vec<u8>,
    ) -> Result<Self, RecipeError> {
        let hex = format!("{:x}", Sha256::digest(&text));
        let name = own_name(format!(".dockerfile.{}", &hex[..20]).as_bytes())?;
        Ok(Self {
            dir,
            name,
            host,
            injected: Some(text),
        })
    }
}

/// # Reading the rules
impl BuildFiles<'_> {
    /// The rules in force, and the files they come from.
    pub(super) fn rules(
        &self,
        choice: &IgnoreChoice,
        semantics: Semantics,
    ) -> Result<(Rules, Vec<PathBuf>), RecipeError> {
        let files = match choice {
            IgnoreChoice::None => Vec::new(),
            IgnoreChoice::Files(files) => files.clone(),
            IgnoreChoice::Auto => {
                // A text has no neighbours; a name that cannot exist stands in for it.
                let dockerfile = self.host.clone().unwrap_or_else(|| self.dir.join("\0"));
                let candidates = semantics.candidates().iter();
                let first = candidates
                    .map(|candidate| candidate.path(&dockerfile, self.dir))
                    .find(|path| fs_err::symlink_metadata(path).is_ok());
                if let Some(path) = &first {
                    check_found(path, self.dir, &dockerfile)?;
                }
                first.into_iter().collect()
            }
        };
        let mut builder = Rules::builder(semantics);
        for path in &files {
            let shown = path
                .strip_prefix(self.dir)
                .unwrap_or(path)
                .as_os_str()
                .as_bytes();
            builder = builder.file(&show(shown), &read_rules(path)?)?;
        }
        Ok((builder.build(), files))
    }
}

/// The rules of the ignore file that a directory has, links in its path resolved; none where it has none.
pub(crate) fn rules_of(dir: &Path, semantics: Semantics) -> Result<Rules, RecipeError> {
    let files = BuildFiles {
        dir,
        name: own_name(b"Dockerfile")?,
        host: None,
        injected: None,
    };
    files
        .rules(&IgnoreChoice::Auto, semantics)
        .map(|(rules, _)| rules)
}

/// # Sending them
impl BuildFiles<'_> {
    /// Adds those of the build's own files that the rules exclude: podman's service reads them from the
    /// archive, and applies the rules again. The docker CLI's way, a rule more, is `Rules::with_build_files`.
    pub(super) fn send_excluded(
        &self,
        mut builder: TreeBuilder,
        rules: &Rules,
        ignore_files: &[PathBuf],
    ) -> Result<TreeBuilder, RecipeError> {
        for file in self.host.iter().chain(ignore_files) {
            let Ok(inside) = file.strip_prefix(self.dir) else {
                continue;
            };
            let at = own_name(inside.as_os_str().as_bytes())?;
            if rules
                .explain(at.as_bytes(), false)
                .map_err(TreeError::Rule)?
                .excluded
            {
                builder = builder.file(file, at);
            }
        }
        Ok(builder)
    }

    /// Adds a Dockerfile that is not a file of the context; and a rule to the context's own ignore file by
    /// which the daemon removes it after reading it, as the docker CLI asks it to. BuildKit has no need of
    /// that.
    pub(super) fn inject(
        &self,
        mut builder: TreeBuilder,
        own: Option<(EntryPath, Vec<u8>)>,
        semantics: Semantics,
    ) -> Result<TreeBuilder, RecipeError> {
        if semantics != Semantics::BuildKit {
            let (path, mut text) = match own {
                Some(own) => own,
                None => (own_name(b".dockerignore")?, b".dockerignore".to_vec()),
            };
            text.push(b'\n');
            text.extend_from_slice(self.name.as_bytes());
            text.push(b'\n');
            builder = builder.overriding(path, text);
        }
        Ok(match &self.injected {
            Some(text) => builder.overriding(self.name.clone(), text.clone()),
            None => builder,
        })
    }

    /// The ignore file of the context that the engine reads, which need not be the one whose rules apply here.
    pub(super) fn own_ignore_file(
        &self,
        semantics: Semantics,
    ) -> Result<Option<(EntryPath, Vec<u8>)>, RecipeError> {
        let names: &[&str] = match semantics {
            Semantics::Classic => &[".dockerignore"],
            Semantics::Podman => &[".containerignore", ".dockerignore"],
            Semantics::BuildKit => &[],
        };
        let there = |name: &&&str| fs_err::symlink_metadata(self.dir.join(name)).is_ok();
        let Some(name) = names.iter().find(there) else {
            return Ok(None);
        };
        let path = self.dir.join(name);
        check_found(&path, self.dir, &path)?;
        Ok(Some((own_name(name.as_bytes())?, read_rules(&path)?)))
    }

    /// The ignore file that an archive has.
    pub(super) fn ignore_file_in(
        archive: &Archive,
    ) -> Result<Option<(EntryPath, Vec<u8>)>, RecipeError> {
        let name = own_name(b".dockerignore")?;
        let tree = TreeBuilder::new().archive(archive.clone()).build()?;
        match tree.get(&name) {
            Some(entry) if entry.size() > TEXT_LIMIT => Err(RecipeError::IgnoreFile {
                path: format!("{}:.dockerignore", archive.name()).into(),
                source: io::ErrorKind::FileTooLarge.into(),
            }),
            Some(entry) => Ok(Some((name, entry.read()?))),
            None => Ok(None),
        }
    }
}

fn own_name(name: &[u8]) -> Result<EntryPath, RecipeError> {
    EntryPath::new(name).map_err(|source| {
        RecipeError::Tree(TreeError::Name {
            origin: "the build's own files".to_owned(),
            source,
        })
    })
}

fn read_rules(path: &Path) -> Result<Vec<u8>, RecipeError> {
    read_text(path).map_err(|source| RecipeError::IgnoreFile {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut file = fs_err::File::open(path)?.take(TEXT_LIMIT + 1);
    file.read_to_end(&mut text)?;
    if text.len() as u64 > TEXT_LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// The names under which a builder looks for its Dockerfile, in order.
pub(super) fn default_names(semantics: Semantics) -> &'static [&'static str] {
    match semantics {
        Semantics::Classic | Semantics::BuildKit => &["Dockerfile", "dockerfile"],
        Semantics::Podman => &["Containerfile", "Dockerfile"],
    }
}

/// Refuses an ignore file that nobody named and that is a link out of the context, since nothing outside the
/// named sources is read; or a pipe or device, which would be waited for without end. (A pipe may be named:
/// `--ignorefile <(generate)`.)
fn check_found(path: &Path, dir: &Path, dockerfile: &Path) -> Result<(), RecipeError> {
    let fail = |source| RecipeError::IgnoreFile {
        path: path.to_owned(),
        source,
    };
    let real = fs_err::canonicalize(path).map_err(fail)?;
    let kind = fs_err::metadata(&real).map_err(fail)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        let problem = "it is neither a file nor a directory";
        return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, problem)));
    }
    let beside = dockerfile
        .parent()
        .is_some_and(|home| real.starts_with(home));
    if real.starts_with(dir) || beside {
        return Ok(());
    }
    Err(RecipeError::IgnoreFileOutside {
        path: path.to_owned(),
        real,
    })
}

/// Names in the directory that somebody may have meant as the Dockerfile.
fn similar(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(show(entry.ok()?.file_name().as_bytes())))
        .filter(|name| {
            let name = name.to_ascii_lowercase();
            (name.contains("dockerfile") || name.contains("containerfile"))
                && !name.ends_with("ignore")
        })
        .collect();
    names.sort();
    names.truncate(5);
    names
}
