//! `COPY` and `ADD`.

use super::error::What as _;
use super::{BuilderError, DockerfileBuilder, Written};
use crate::keyword::Keyword;
use crate::quote::{self, EncodeProblem, Escape};
use crate::value::Value;

/// What is copied.
///
/// A string is the name of a file or directory and nothing else: wildcards in it are characters.
///
/// ```
/// use shipload_dockerfile::DockerfileBuilder;
/// use shipload_dockerfile::builder::{CopyOptions, Source};
///
/// let mut file = DockerfileBuilder::new("alpine")?;
/// file.copy(["page [1].html"], "/srv/")?;
/// file.copy_with([Source::pattern("*.css"), Source::literal("a b")], "/srv/", &CopyOptions::default())?;
/// assert_eq!(
///     file.text(),
///     "FROM alpine\nCOPY [\"page [[]1].html\", \"/srv/\"]\nCOPY [\"*.css\", \"a b\", \"/srv/\"]\n"
/// );
/// # Ok::<(), shipload_dockerfile::BuilderError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    value: Value,
    literal: bool,
}

impl Source {
    /// A file or directory of this name.
    pub fn literal(path: impl Into<Value>) -> Self {
        Self {
            value: path.into(),
            literal: true,
        }
    }

    /// What a pattern matches: `*` and `?` within a part of a path, classes, `\` before what is meant literally. For `ADD` also
    /// a URL or a repository.
    pub fn pattern(pattern: impl Into<Value>) -> Self {
        Self {
            value: pattern.into(),
            literal: false,
        }
    }

    fn encode(&self) -> Result<Value, EncodeProblem> {
        quote::not_empty(self.value.as_str())?;
        if self.literal {
            return Ok(quote::literal_source(&self.value));
        }
        if self.value.as_str().contains("<<") {
            return Ok(self.value.with(quote::local(self.value.as_str())));
        }
        Ok(self.value.clone())
    }
}

impl<V: Into<Value>> From<V> for Source {
    fn from(path: V) -> Self {
        Self::literal(path)
    }
}

/// How `COPY` copies; nothing special by default.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CopyOptions {
    /// A stage, its number or an image; the context by default. Literal, as no builder expands it.
    pub from: Option<String>,
    /// The owner, `user`, `uid` or `user:group`; 0:0 by default. ASCII.
    pub chown: Option<Value>,
    /// The permissions, octal or as in `u=rwX,go=rX`; those of the source by default. Needs BuildKit.
    pub chmod: Option<Value>,
    /// Whether the layer does not depend on those below it; off. Needs BuildKit.
    pub link: bool,
    /// Whether directories above a source are copied with it; off. Needs BuildKit.
    pub parents: bool,
    /// Patterns of what is left out; none by default. ASCII. Needs BuildKit.
    pub exclude: Vec<String>,
}

/// How `ADD` copies; nothing special by default.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AddOptions {
    /// As for `COPY`.
    pub chown: Option<Value>,
    /// As for `COPY`.
    pub chmod: Option<Value>,
    /// As for `COPY`.
    pub link: bool,
    /// As for `COPY`.
    pub exclude: Vec<String>,
    /// The digest of what a URL gives, such as `sha256:…`; unchecked by default. Needs BuildKit.
    pub checksum: Option<Value>,
    /// Whether `.git` of a repository stays; the builder's default. Needs BuildKit.
    pub keep_git_dir: Option<bool>,
    /// Whether archives are unpacked; by default those of the context are and those of URLs not. Needs BuildKit.
    pub unpack: Option<bool>,
}

/// Collects flags.
struct Flags {
    escape: Escape,
    list: Vec<String>,
}

impl Flags {
    fn new(escape: Escape) -> Self {
        let list = Vec::new();
        Self { escape, list }
    }

    fn add(&mut self, flag: Result<String, EncodeProblem>, name: &str) -> Result<(), BuilderError> {
        self.list.push(flag.what(|| format!("`--{name}`"))?);
        Ok(())
    }

    fn lexed(&mut self, name: &str, value: Option<&Value>) -> Result<(), BuilderError> {
        let Some(value) = value else { return Ok(()) };
        self.add(quote::flag_lexed(name, value, self.escape), name)
    }

    fn patterns(&mut self, patterns: &[String]) -> Result<(), BuilderError> {
        for pattern in patterns {
            let flag = quote::not_empty(pattern).and_then(|()| quote::flag("exclude", pattern));
            self.add(flag, "exclude")?;
        }
        Ok(())
    }

    fn on(&mut self, name: &str, on: bool) {
        if on {
            self.list.push(format!("--{name}"));
        }
    }

    fn choice(&mut self, name: &str, choice: Option<bool>) {
        if let Some(choice) = choice {
            self.list.push(format!("--{name}={choice}"));
        }
    }

    /// The mode is a number or letters; what older builders do not expand needs no quotes either.
    fn chmod(&mut self, value: Option<&Value>) -> Result<(), BuilderError> {
        let Some(value) = value else { return Ok(()) };
        let allowed = |c: char| c.is_ascii_digit() || "ugoarwxXst+-=,".contains(c);
        let checked = if value.is_expanding() {
            quote::flag_lexed("chmod", value, self.escape)
        } else {
            quote::only(value.as_str(), allowed).and_then(|mode| quote::flag("chmod", &mode))
        };
        self.add(checked, "chmod")
    }
}

impl CopyOptions {
    fn encode(&self, escape: Escape) -> Result<Vec<String>, BuilderError> {
        let mut flags = Flags::new(escape);
        if let Some(from) = &self.from {
            let from = quote::only(from, quote::is_reference);
            flags.add(from.and_then(|from| quote::flag("from", &from)), "from")?;
        }
        flags.lexed("chown", self.chown.as_ref())?;
        flags.chmod(self.chmod.as_ref())?;
        flags.on("link", self.link);
        flags.on("parents", self.parents);
        flags.patterns(&self.exclude)?;
        Ok(flags.list)
    }
}

impl AddOptions {
    fn encode(&self, escape: Escape) -> Result<Vec<String>, BuilderError> {
        let mut flags = Flags::new(escape);
        flags.lexed("chown", self.chown.as_ref())?;
        flags.chmod(self.chmod.as_ref())?;
        flags.on("link", self.link);
        flags.patterns(&self.exclude)?;
        flags.lexed("checksum", self.checksum.as_ref())?;
        flags.choice("keep-git-dir", self.keep_git_dir);
        flags.choice("unpack", self.unpack);
        Ok(flags.list)
    }
}

/// # `COPY` and `ADD`
impl DockerfileBuilder {
    /// Copies from the context to `dst`; a directory's content, not the directory.
    ///
    /// # Errors
    /// As [`copy_with`](Self::copy_with).
    pub fn copy(
        &mut self,
        sources: impl IntoIterator<Item = impl Into<Source>>,
        dst: impl Into<Value>,
    ) -> Written<'_> {
        self.copy_with(sources, dst, &CopyOptions::default())
    }

    /// Copies from the context, a stage or an image.
    ///
    /// # Errors
    /// [`BuilderError`]: no source, an empty path, or a flag that is not ASCII.
    pub fn copy_with(
        &mut self,
        sources: impl IntoIterator<Item = impl Into<Source>>,
        dst: impl Into<Value>,
        options: &CopyOptions,
    ) -> Written<'_> {
        self.open()?;
        let words = options.encode(self.escape)?;
        let sources: Vec<_> = sources.into_iter().map(Into::into).collect();
        self.transfer(Keyword::Copy, words, &sources, &dst.into())
    }

    /// Copies as [`copy`](Self::copy), but unpacks archives and fetches URLs.
    ///
    /// # Errors
    /// As [`add_with`](Self::add_with).
    pub fn add(
        &mut self,
        sources: impl IntoIterator<Item = impl Into<Source>>,
        dst: impl Into<Value>,
    ) -> Written<'_> {
        self.add_with(sources, dst, &AddOptions::default())
    }

    /// Copies, unpacks archives and fetches URLs, which are [`Source::pattern`].
    ///
    /// # Errors
    /// As [`copy_with`](Self::copy_with).
    pub fn add_with(
        &mut self,
        sources: impl IntoIterator<Item = impl Into<Source>>,
        dst: impl Into<Value>,
        options: &AddOptions,
    ) -> Written<'_> {
        self.open()?;
        let words = options.encode(self.escape)?;
        let sources: Vec<_> = sources.into_iter().map(Into::into).collect();
        self.transfer(Keyword::Add, words, &sources, &dst.into())
    }

    fn transfer(
        &mut self,
        keyword: Keyword,
        mut words: Vec<String>,
        sources: &[Source],
        dst: &Value,
    ) -> Written<'_> {
        if sources.is_empty() {
            let what = format!("the sources of `{keyword}`");
            return Err(BuilderError::encode(what, EncodeProblem::Empty));
        }
        let mut paths = Vec::with_capacity(sources.len() + 1);
        for source in sources {
            let what = || format!("the source `{}`", source.value.as_str());
            paths.push(source.encode().what(what)?);
        }
        let what = || format!("the target `{}`", dst.as_str());
        paths.push(target(dst).what(what)?);
        let list = quote::json_lexed(&paths, self.escape);
        words.push(list.what(|| format!("the paths of `{keyword}`"))?);
        self.push(keyword, &words.join(" "))
    }

    /// Makes the file `dst` with this content, which stands in the Dockerfile as a heredoc. Needs BuildKit.
    ///
    /// A literal content arrives as it is. In one that is [`Value::expand`] BuildKit fills in variables, and a backslash takes
    /// the meaning from a `$` or a backslash after it.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    /// use shipload_dockerfile::builder::CopyOptions;
    ///
    /// let mut file = DockerfileBuilder::new("alpine")?;
    /// file.copy_text("costs $5\n", "/etc/motd", &CopyOptions::default())?;
    /// assert_eq!(file.text(), "FROM alpine\nCOPY <<'EOF' /etc/motd\ncosts $5\nEOF\n");
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuilderError`]: the content ends with a line break or is empty, has no NUL and no line beyond 60,000 bytes; `dst` has no
    /// white space, and `from` cannot be.
    pub fn copy_text(
        &mut self,
        content: impl Into<Value>,
        dst: impl Into<Value>,
        options: &CopyOptions,
    ) -> Written<'_> {
        self.open()?;
        let (content, dst) = (content.into(), dst.into());
        if options.from.is_some() {
            return Err(BuilderError::encode("`--from`", EncodeProblem::Heredoc));
        }
        let mut words = options.encode(self.escape)?;
        let what = || format!("the target `{}`", dst.as_str());
        let target = target(&dst).what(what)?;
        if target.as_str().contains(char::is_whitespace) {
            return Err(BuilderError::encode(what(), EncodeProblem::Space));
        }
        let target = quote::word(&target, self.escape).what(what)?;
        let heredoc = quote::heredoc_of(content.as_str());
        let (name, body) = heredoc.what(|| format!("the content of `{}`", dst.as_str()))?;
        let quote = if content.is_expanding() { "" } else { "'" };
        words.extend([format!("<<{quote}{name}{quote}"), target]);
        quote::only_heredoc(&words.join(" "), &name).what(what)?;
        self.push_with(Keyword::Copy.as_str(), &words.join(" "), &body)
    }
}

/// A target that is no heredoc.
fn target(dst: &Value) -> Result<Value, EncodeProblem> {
    quote::not_empty(dst.as_str())?;
    if dst.as_str().contains("<<") {
        return Ok(dst.with(quote::local(dst.as_str())));
    }
    Ok(dst.clone())
}
