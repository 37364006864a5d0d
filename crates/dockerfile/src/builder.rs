//! `DockerfileBuilder`: a Dockerfile made in code, which knows the files that it needs.
//!
//! It writes text, and does nothing else: which files of this machine belong to it, it only remembers, for whoever makes the
//! context. `quote` quotes every argument, so that no argument can become an instruction.

mod command;
mod copy;
mod error;
mod files;
mod health;
mod mount;
mod platform;
mod port;
mod run;
mod settings;
mod stage;
mod text;

use crate::keyword::Keyword;
use crate::quote::{self, EncodeProblem, Escape};
use crate::value::Value;
use error::What as _;
use settings::Settings;

pub use command::{Command, SplitError};
pub use copy::{AddOptions, CopyOptions, Source};
pub use error::BuilderError;
pub use files::{AddFile, ContextFile, Lookup};
pub use health::{HealthOptions, Healthcheck};
pub use mount::{BindMount, CacheMount, Mount, SecretMount, Sharing, SshMount, TmpfsMount};
pub use platform::{Platform, PlatformError};
pub use port::{Port, PortError, Protocol};
pub use run::{Network, RunOptions, Security};
pub use stage::{Preamble, Stage};

/// Writes a Dockerfile, instruction by instruction.
///
/// Instructions stand where they are called; *settings* ([`volume`](Self::volume), [`user`](Self::user),
/// [`entrypoint`](Self::entrypoint) and so on) wait for the end of their stage and then stand in a fixed order, the last call of
/// each winning. [`now`](Self::now) writes one at once.
///
/// Arguments are literal unless they are [`Value::expand`]: what a parser reads from the text is what was given. What cannot be
/// written is an error, and nothing is written.
///
/// ```
/// use shipload_dockerfile::DockerfileBuilder;
/// use shipload_dockerfile::builder::{AddFile, Command};
///
/// let mut file = DockerfileBuilder::new("alpine:3.20")?;
/// file.run("apk add --no-cache python3")?;
/// let path = file.add_file("src/my app.py", &AddFile { dst: Some("/app/"), ..AddFile::default() })?;
/// assert_eq!(path, "app/my app.py");
/// file.command(Command::exec(["python3", "/app/my app.py"]))?.user("nobody")?.finalize()?;
/// assert_eq!(
///     file.text(),
///     r#"FROM alpine:3.20
/// RUN apk add --no-cache python3
/// ADD ["app/my app.py", "/app/"]
/// USER nobody
/// CMD ["python3", "/app/my app.py"]
/// "#
/// );
/// # Ok::<(), shipload_dockerfile::BuilderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DockerfileBuilder {
    text: String,
    escape: Escape,
    stages: Vec<String>,
    settings: Settings,
    /// The settings of the stage while [`DockerfileBuilder::now`] and [`DockerfileBuilder::onbuild`] write others.
    waiting: Settings,
    files: Vec<ContextFile>,
    archives: Vec<std::path::PathBuf>,
    mode: Mode,
}

/// What happens to what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Settings wait for the end of the stage.
    Later,
    /// Settings are written at once.
    Now,
    /// Everything is written at once, for images built on this one.
    Onbuild,
    /// Nothing is written any more.
    Finalized,
}

type Written<'b> = Result<&'b mut DockerfileBuilder, BuilderError>;

/// # Instructions
impl DockerfileBuilder {
    /// Writes `MAINTAINER`, which Docker calls obsolete: a label does the same.
    ///
    /// # Errors
    /// [`BuilderError`]: nothing quotes here, so it has no line breaks, no white space around it and no `\` at its end.
    pub fn maintainer(&mut self, name: &str) -> Written<'_> {
        self.not_in_onbuild(Keyword::Maintainer)?;
        let text = quote::verbatim(name, self.escape).map(quote::after_flags);
        let text = text.what(|| "the maintainer".into())?;
        self.push(Keyword::Maintainer, &text)
    }

    /// Writes `ENV`: a variable of the stage and its image.
    ///
    /// # Errors
    /// [`BuilderError`]: no line breaks, and no `=` in the name.
    pub fn env(&mut self, name: &str, value: impl Into<Value>) -> Written<'_> {
        self.open()?;
        let pair = quote::pair(name, &value.into(), self.escape);
        let pair = pair.what(|| format!("the variable `{name}`"))?;
        self.push(Keyword::Env, &pair)
    }

    /// Writes `ARG`: a variable that the caller of the build may set, without a default.
    ///
    /// # Errors
    /// As [`DockerfileBuilder::env`].
    pub fn arg(&mut self, name: &str) -> Written<'_> {
        self.open()?;
        let text = quote::name(name, self.escape);
        let text = text.what(|| format!("the argument `{name}`"))?;
        self.push(Keyword::Arg, &text)
    }

    /// Writes `ARG` with a default.
    ///
    /// # Errors
    /// As [`DockerfileBuilder::env`].
    pub fn arg_or(&mut self, name: &str, default: impl Into<Value>) -> Written<'_> {
        self.open()?;
        let pair = quote::pair(name, &default.into(), self.escape);
        let pair = pair.what(|| format!("the argument `{name}`"))?;
        self.push(Keyword::Arg, &pair)
    }

    /// Writes instructions that run when an image is built on this one. Settings within `instructions` are written at once.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    ///
    /// let mut file = DockerfileBuilder::new("node")?;
    /// file.onbuild(|file| file.copy(["package.json"], "/app/")?.run("npm ci").map(drop))?;
    /// assert_eq!(
    ///     file.text(),
    ///     "FROM node\nONBUILD COPY [\"package.json\", \"/app/\"]\nONBUILD RUN npm ci\n"
    /// );
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// What `instructions` returns; [`EncodeProblem::NotInOnbuild`] for `FROM`, `MAINTAINER`, files of this machine, text that is
    /// no instruction, and `ONBUILD` itself.
    pub fn onbuild(
        &mut self,
        instructions: impl FnOnce(&mut Self) -> Result<(), BuilderError>,
    ) -> Written<'_> {
        self.not_in_onbuild(Keyword::Onbuild)?;
        self.within(Mode::Onbuild, instructions)
    }

    /// Writes the settings that are made within `settings` at once, not at the end of the stage.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    ///
    /// let mut file = DockerfileBuilder::new("alpine")?;
    /// file.now(|file| file.workdir("/src").map(drop))?.run("make")?;
    /// assert_eq!(file.text(), "FROM alpine\nWORKDIR /src\nRUN make\n");
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// What `settings` returns.
    pub fn now(
        &mut self,
        settings: impl FnOnce(&mut Self) -> Result<(), BuilderError>,
    ) -> Written<'_> {
        self.within(Mode::Now, settings)
    }

    /// Writes in another mode, and nothing at all when `instructions` fails.
    fn within(
        &mut self,
        mode: Mode,
        instructions: impl FnOnce(&mut Self) -> Result<(), BuilderError>,
    ) -> Written<'_> {
        self.open()?;
        let before = self.clone();
        let is_outermost = self.mode == Mode::Later && mode != Mode::Later;
        if is_outermost {
            self.waiting = std::mem::take(&mut self.settings);
        }
        if self.mode != Mode::Onbuild {
            self.mode = mode;
        }
        if let Err(error) = instructions(self) {
            *self = before;
            return Err(error);
        }
        self.mode = before.mode;
        if is_outermost {
            self.resume();
        }
        Ok(self)
    }

    /// Takes up the settings that waited. Of those that did not, only removals are left.
    fn resume(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let removals = std::mem::replace(&mut self.settings, waiting).removals;
        self.settings.removals.extend(removals);
    }
}

/// # The end
impl DockerfileBuilder {
    /// Writes the settings of the last stage. Nothing can be written any more; to do it again is harmless.
    ///
    /// # Errors
    /// [`BuilderError::Within`], within [`onbuild`](Self::onbuild) or [`now`](Self::now) only.
    pub fn finalize(&mut self) -> Written<'_> {
        match self.mode {
            Mode::Finalized => {}
            Mode::Later => {
                self.end_stage()?;
                self.end_line();
                self.mode = Mode::Finalized;
            }
            Mode::Now | Mode::Onbuild => return Err(BuilderError::Within),
        }
        Ok(self)
    }

    /// Whether it was finalized.
    pub fn is_finalized(&self) -> bool {
        self.mode == Mode::Finalized
    }

    /// What was written until now; without the settings of the last stage before [`finalize`](Self::finalize).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The files and directories of this machine that it adds, and where the context must have them.
    pub fn files(&self) -> &[ContextFile] {
        &self.files
    }

    /// The archives of this machine whose members the context must have.
    pub fn archives(&self) -> &[std::path::PathBuf] {
        &self.archives
    }

    /// The escape character that it writes with.
    pub fn escape(&self) -> Escape {
        self.escape
    }
}

/// # Writing
impl DockerfileBuilder {
    fn open(&self) -> Result<(), BuilderError> {
        match self.mode {
            Mode::Finalized => Err(BuilderError::Finalized),
            Mode::Later | Mode::Now | Mode::Onbuild => Ok(()),
        }
    }

    fn not_in_onbuild(&self, keyword: Keyword) -> Result<(), BuilderError> {
        self.open()?;
        if self.mode == Mode::Onbuild {
            return Err(BuilderError::encode(
                format!("`{keyword}`"),
                EncodeProblem::NotInOnbuild,
            ));
        }
        Ok(())
    }

    /// Writes an instruction, quoted already.
    fn push(&mut self, keyword: Keyword, rest: &str) -> Written<'_> {
        self.push_text(keyword.as_str(), rest)
    }

    fn push_text(&mut self, name: &str, rest: &str) -> Written<'_> {
        self.push_with(name, rest, "")
    }

    /// Writes an instruction and what follows its line.
    fn push_with(&mut self, name: &str, rest: &str, body: &str) -> Written<'_> {
        self.open()?;
        let onbuild = if self.mode == Mode::Onbuild {
            "ONBUILD "
        } else {
            ""
        };
        let space = if rest.is_empty() { "" } else { " " };
        let line = quote::line(&format!("{onbuild}{name}{space}{rest}"), self.escape);
        let line = line.what(|| format!("the arguments of `{name}`"))?;
        self.end_line();
        self.text.push_str(&line);
        self.text.push_str(body);
        Ok(self)
    }

    /// Writes lines that are no instruction.
    fn write_line_start(&mut self, lines: &str) -> Written<'_> {
        self.open()?;
        self.end_line();
        self.text.push_str(lines);
        Ok(self)
    }

    /// Raw text may have left a line without its end.
    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}
