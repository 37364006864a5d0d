//! How Dockerfiles and stages begin: directives, global arguments, `FROM`.

use super::error::What as _;
use super::platform::Platform;
use super::settings::Settings;
use super::{BuilderError, DockerfileBuilder, Mode, Written};
use crate::keyword::Keyword;
use crate::quote::{self, EncodeProblem, Escape};
use crate::value::Value;

/// What stands before the first `FROM`: parser directives, comments, arguments for the `FROM`s.
///
/// ```
/// use shipload_dockerfile::Value;
/// use shipload_dockerfile::builder::Preamble;
///
/// let file = Preamble::new()
///     .syntax("docker/dockerfile:1")?
///     .comment("syntax=evil")?
///     .arg_or("VERSION", "3.20")?
///     .from(Value::expand("alpine:$VERSION"))?;
/// assert_eq!(
///     file.text(),
///     "# syntax=docker/dockerfile:1\n\n# syntax=evil\nARG VERSION=3.20\nFROM alpine:$VERSION\n"
/// );
/// # Ok::<(), shipload_dockerfile::BuilderError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Preamble {
    directives: [Option<String>; 2],
    escape: Escape,
    rest: String,
}

/// # Asking for directives
impl Preamble {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontend that reads the Dockerfile, an image such as `docker/dockerfile:1`.
    ///
    /// # Errors
    /// [`BuilderError`] where it is no name of an image.
    pub fn syntax(mut self, image: &str) -> Result<Self, BuilderError> {
        let image = quote::only(image, quote::is_reference);
        let image = image.what(|| "the directive `syntax`".into())?;
        self.directives[0] = Some(format!("# syntax={image}\n"));
        Ok(self)
    }

    /// The checks that BuildKit makes, such as `skip=StageNameCasing;error=true`.
    ///
    /// # Errors
    /// [`BuilderError`] where it has other characters than letters, digits and `=,;`.
    pub fn check(mut self, checks: &str) -> Result<Self, BuilderError> {
        let checks = quote::only(checks, |c| c.is_ascii_alphanumeric() || "=,;".contains(c));
        let checks = checks.what(|| "the directive `check`".into())?;
        self.directives[1] = Some(format!("# check={checks}\n"));
        Ok(self)
    }

    /// The escape character. Instructions are the same with either.
    #[must_use]
    pub fn escape(self, escape: Escape) -> Self {
        Self { escape, ..self }
    }
}

/// # Writing
impl Preamble {
    /// A comment, each line with its own `#`. It cannot become a directive.
    ///
    /// # Errors
    /// As [`DockerfileBuilder::comment`].
    pub fn comment(mut self, text: &str) -> Result<Self, BuilderError> {
        self.rest.push_str(&comment(text)?);
        Ok(self)
    }

    /// A global argument, which `FROM`s may use, without a default.
    ///
    /// # Errors
    /// As [`DockerfileBuilder::arg`].
    pub fn arg(self, name: &str) -> Result<Self, BuilderError> {
        let text = quote::name(name, self.escape);
        self.line(name, text)
    }

    /// A global argument with a default.
    ///
    /// # Errors
    /// As [`DockerfileBuilder::arg`].
    pub fn arg_or(self, name: &str, default: impl Into<Value>) -> Result<Self, BuilderError> {
        let pair = quote::pair(name, &default.into(), self.escape);
        self.line(name, pair)
    }

    fn line(
        mut self,
        name: &str,
        text: Result<String, EncodeProblem>,
    ) -> Result<Self, BuilderError> {
        let line = text.and_then(|text| quote::line(&format!("ARG {text}"), self.escape));
        self.rest
            .push_str(&line.what(|| format!("the argument `{name}`"))?);
        Ok(self)
    }

    /// Begins the first stage.
    ///
    /// # Errors
    /// As [`DockerfileBuilder::stage`].
    pub fn from(self, stage: impl Into<Stage>) -> Result<DockerfileBuilder, BuilderError> {
        let [syntax, check] = self.directives;
        let escape = match self.escape {
            Escape::Backslash => None,
            Escape::Backtick => Some("# escape=`\n".to_owned()),
        };
        // `check` comes last: to older builders it is a comment, which ends the directives.
        let mut text: String = [syntax, escape, check].into_iter().flatten().collect();
        // Directives end at the first line that is none. A comment may look like one.
        if !text.is_empty() || self.rest.starts_with('#') {
            text.push('\n');
        }
        text.push_str(&self.rest);
        let mut file = DockerfileBuilder {
            text,
            escape: self.escape,
            stages: Vec::new(),
            settings: Settings::default(),
            waiting: Settings::default(),
            files: Vec::new(),
            archives: Vec::new(),
            mode: Mode::Later,
        };
        file.stage(stage)?;
        Ok(file)
    }
}

/// The lines of a comment.
pub(super) fn comment(text: &str) -> Result<String, BuilderError> {
    let mut out = String::new();
    for line in text.split('\n') {
        let space = if line.is_empty() { "" } else { " " };
        // Nothing continues a comment, so a line that would be cut is too long.
        let line = quote::line(&format!("#{space}{line}"), Escape::default());
        let line = line.and_then(|line| match line.lines().count() {
            1 => Ok(line),
            _ => Err(EncodeProblem::LineTooLong),
        });
        out.push_str(&line.what(|| "a comment".into())?);
    }
    Ok(out)
}

/// What a stage begins with: its base, and perhaps a name and a platform.
///
/// ```
/// use shipload_dockerfile::DockerfileBuilder;
/// use shipload_dockerfile::builder::{Platform, Stage};
///
/// let host = Platform::variable("BUILDPLATFORM")?;
/// let mut file = DockerfileBuilder::new(Stage::of("golang:1.23").named("build").on(host))?;
/// file.run("go build -o /out/app .")?.stage("scratch")?;
/// assert!(file.text().starts_with("FROM --platform=$BUILDPLATFORM golang:1.23 AS build\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    base: Value,
    name: Option<String>,
    platform: Option<Platform>,
}

impl Stage {
    /// A stage on this image, on an earlier stage of this name, or on `scratch`.
    pub fn of(base: impl Into<Value>) -> Self {
        Self {
            base: base.into(),
            name: None,
            platform: None,
        }
    }

    /// Its name: letters, digits and `-_.`, a letter first. Case does not count.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// Its platform.
    #[must_use]
    pub fn on(self, platform: Platform) -> Self {
        Self {
            platform: Some(platform),
            ..self
        }
    }
}

impl<V: Into<Value>> From<V> for Stage {
    fn from(base: V) -> Self {
        Self::of(base)
    }
}

/// # Stages
impl DockerfileBuilder {
    /// Begins a Dockerfile with `FROM`.
    ///
    /// # Errors
    /// As [`stage`](Self::stage).
    pub fn new(stage: impl Into<Stage>) -> Result<Self, BuilderError> {
        Preamble::new().from(stage)
    }

    /// Writes the settings of the stage before, and begins another with `FROM`.
    ///
    /// # Errors
    /// [`BuilderError`] where the base or the name has a character that no such name has, and where there is a stage of that name.
    pub fn stage(&mut self, stage: impl Into<Stage>) -> Written<'_> {
        let Stage {
            base,
            name,
            platform,
        } = stage.into();
        self.not_in_onbuild(Keyword::From)?;
        let platform = platform.map(|platform| format!("--platform={platform}"));
        let mut words: Vec<_> = platform.into_iter().collect();
        words.push(quote::reference(&base).what(|| "the name of the base image".into())?);
        if let Some(name) = name {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let checked = quote::only(&name, allowed).and_then(|name| {
                let letter = |c: &char| c.is_ascii_alphabetic();
                match name.chars().next().filter(|first| !letter(first)) {
                    Some(first) => Err(EncodeProblem::Character(first)),
                    None => Ok(name),
                }
            });
            let name = checked.what(|| format!("the name `{name}` of a stage"))?;
            let lower = name.to_ascii_lowercase();
            if self.stages.contains(&lower) {
                return Err(BuilderError::StageTwice { name });
            }
            words.extend(["AS".into(), name]);
            self.stages.push(lower);
        }
        self.leave_stage()?;
        self.push(Keyword::From, &words.join(" "))
    }
}
