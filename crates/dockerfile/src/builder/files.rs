//! Files of this machine that a Dockerfile adds: named here, read by whoever makes the context.

use std::path::{Path, PathBuf};

use super::copy::AddOptions;
use super::error::What as _;
use super::{BuilderError, DockerfileBuilder};
use crate::keyword::Keyword;
use crate::quote::{self, EncodeProblem};

/// A file or directory of this machine, and where the context must have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFile {
    /// Its path on this machine.
    pub host: PathBuf,
    /// Its path in the context: relative, separated by `/`, without `.`, `..` and empty parts.
    pub context_path: String,
}

/// What a variable of the environment holds.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How a file of this machine is added; by default under its own name, without any expansion.
#[derive(Clone, Copy, Default)]
pub struct AddFile<'a> {
    /// Where it goes in the image. The default is the last part of its path, in the working directory.
    pub dst: Option<&'a str>,
    /// Where it is in the context. The default is `dst`; where that ends with a slash, with the last part of the path after it.
    pub context_path: Option<&'a str>,
    /// What variables hold, if `$NAME` and `${NAME}` in the paths are to be replaced; those that hold nothing stay.
    pub expand_vars: Option<Lookup<'a>>,
    /// The home directory, if `~` at the beginning of the path is to be replaced.
    pub expand_user: Option<&'a str>,
    /// Whether the image shall not have it in the end: the settings of the stage begin with `RUN rm -Rf` of `dst`, whole, also
    /// where that is a directory with other files. It stays in a layer.
    pub remove_final: bool,
}

/// # Files of this machine
impl DockerfileBuilder {
    /// Adds a file or directory of this machine, and returns its path in the context.
    ///
    /// Nothing is read: [`files`](Self::files) says what the context must have. Names are literal, whatever is in them.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    /// use shipload_dockerfile::builder::AddFile;
    ///
    /// let mut file = DockerfileBuilder::new("alpine")?;
    /// assert_eq!(file.add_file("/home/me/project/", &AddFile::default())?, "project");
    /// let app = AddFile { dst: Some("/opt/app"), expand_user: Some("/home/me"), ..AddFile::default() };
    /// assert_eq!(file.add_file("~/app-1.2", &app)?, "opt/app");
    /// assert_eq!(file.text(), "FROM alpine\nADD [\"project\", \"project\"]\nADD [\"opt/app\", \"/opt/app\"]\n");
    /// assert_eq!(file.files()[1].host.to_str(), Some("/home/me/app-1.2"));
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuilderError`]: a path without a last part needs `dst`, and one that is not UTF-8 or leads out of the context needs
    /// `context_path`.
    pub fn add_file(
        &mut self,
        src: impl AsRef<Path>,
        options: &AddFile<'_>,
    ) -> Result<String, BuilderError> {
        self.not_in_onbuild(Keyword::Add)?;
        let host = options.host(src.as_ref());
        let own = || {
            let name = host.file_name().ok_or_else(|| BuilderError::NoName {
                path: host.display().to_string(),
            })?;
            let what = || format!("the name of `{}`", host.display());
            name.to_str().ok_or(EncodeProblem::NotUtf8).what(what)
        };
        let dst = match options.dst {
            Some(dst) => options.expanded(dst),
            None => own()?.to_owned(),
        };
        let context_path = match options.context_path {
            Some(path) => options.expanded(path),
            None if dst.ends_with('/') || dst == "." => format!("{dst}/{}", own()?),
            None => dst.clone(),
        };
        let context_path = clean(&context_path);
        let context_path =
            context_path.what(|| format!("the context path of `{}`", host.display()))?;
        if options.remove_final {
            let removal = removable(&dst).and_then(|()| self.fits(Ok(quote::array(&[&dst]))));
            removal.what(|| format!("the removal of `{dst}`"))?;
        }
        self.add_with(
            [context_path.as_str()],
            dst.as_str(),
            &AddOptions::default(),
        )?;
        if options.remove_final {
            self.settings.removals.push(dst);
        }
        let file = ContextFile {
            host,
            context_path: context_path.clone(),
        };
        if !self.files.contains(&file) {
            self.files.push(file);
        }
        Ok(context_path)
    }

    /// Adds the members of an archive of this machine: `ADD name name` for each of `names`, the names at its root, which the
    /// caller knows. The context must have the archive's members; [`archives`](Self::archives) names it.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    ///
    /// let mut file = DockerfileBuilder::new("alpine")?;
    /// file.add_archive("rootfs.tar.gz", ["etc", "usr"], false)?;
    /// assert_eq!(file.text(), "FROM alpine\nADD [\"etc\", \"etc\"]\nADD [\"usr\", \"usr\"]\n");
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuilderError`] where a name is empty. Nothing is written then.
    pub fn add_archive<'n>(
        &mut self,
        archive: impl Into<PathBuf>,
        names: impl IntoIterator<Item = &'n str>,
        remove_final: bool,
    ) -> Result<(), BuilderError> {
        self.not_in_onbuild(Keyword::Add)?;
        let archive = archive.into();
        let mode = self.mode;
        self.within(mode, |file| {
            for name in names {
                let name = clean(name).what(|| format!("the member `{name}`"))?;
                file.add([name.as_str()], name.as_str())?;
                if remove_final {
                    file.settings.removals.push(name);
                }
            }
            if !file.archives.contains(&archive) {
                file.archives.push(archive);
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl AddFile<'_> {
    fn host(&self, src: &Path) -> PathBuf {
        match src.to_str() {
            Some(text) => PathBuf::from(self.expanded(text)),
            None => src.to_owned(),
        }
    }

    fn expanded(&self, path: &str) -> String {
        let path = match self.expand_vars {
            Some(lookup) => expand_vars(path, lookup),
            None => path.to_owned(),
        };
        match self.expand_user {
            Some(home) => expand_user(&path, home),
            None => path,
        }
    }
}

/// `~` and `~/…` below the home directory; `~name` stays, as nobody here knows other users.
fn expand_user(path: &str, home: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", home.trim_end_matches('/'))
        }
        _ => path.to_owned(),
    }
}

/// `$NAME` and `${NAME}` replaced by what they hold, as Python's `os.path.expandvars`.
fn expand_vars(path: &str, lookup: Lookup<'_>) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(dollar) = rest.find('$') {
        let (before, from) = rest.split_at(dollar);
        out.push_str(before);
        let after = &from[1..];
        let letters = after.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (name, end) = match after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            Some((name, _)) => (name, 1 + name.len() + 2),
            None => (
                &after[..letters.unwrap_or(after.len())],
                1 + letters.unwrap_or(after.len()),
            ),
        };
        match lookup(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&from[..end]),
        }
        rest = &from[end..];
    }
    out + rest
}

/// A path in the context.
fn clean(path: &str) -> Result<String, EncodeProblem> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(EncodeProblem::Climbs)?;
            }
            part => parts.push(part),
        }
    }
    match parts.join("/") {
        path if path.is_empty() => Err(EncodeProblem::Empty),
        path => Ok(path),
    }
}

/// Nobody means to remove everything.
fn removable(dst: &str) -> Result<(), EncodeProblem> {
    match clean(dst) {
        Err(_) => Err(EncodeProblem::Root),
        Ok(_) => Ok(()),
    }
}
