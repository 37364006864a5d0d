//! `RUN`: commands and scripts.

use super::command::Command;
use super::error::What as _;
use super::mount::Mount;
use super::{BuilderError, DockerfileBuilder, Written};
use crate::keyword::Keyword;
use crate::quote::{self, Escape};

/// What a `RUN` has besides its command; nothing by default. All of it needs BuildKit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RunOptions {
    /// File systems that are there for this command only.
    pub mounts: Vec<Mount>,
    /// Its network; the builder's default.
    pub network: Option<Network>,
    /// Its privileges; sandboxed.
    pub security: Option<Security>,
}

/// The network of a `RUN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// As the build.
    Default,
    /// None.
    None,
    /// That of the host, if the build is allowed it.
    Host,
}

/// The privileges of a `RUN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// Those of an ordinary container.
    Sandbox,
    /// All, if the build is allowed them.
    Insecure,
}

impl RunOptions {
    fn encode(&self, escape: Escape) -> Result<Vec<String>, BuilderError> {
        let mounts = self.mounts.iter().map(|mount| mount.encode(escape));
        let mut flags = mounts
            .collect::<Result<Vec<_>, _>>()
            .what(|| "a mount".into())?;
        flags.extend(self.network.map(|network| {
            let network = match network {
                Network::Default => "default",
                Network::None => "none",
                Network::Host => "host",
            };
            format!("--network={network}")
        }));
        flags.extend(self.security.map(|security| {
            let security = match security {
                Security::Sandbox => "sandbox",
                Security::Insecure => "insecure",
            };
            format!("--security={security}")
        }));
        Ok(flags)
    }
}

/// # `RUN`
impl DockerfileBuilder {
    /// Runs a command.
    ///
    /// # Errors
    /// As [`run_with`](Self::run_with).
    pub fn run(&mut self, command: impl Into<Command>) -> Written<'_> {
        self.run_with(command, &RunOptions::default())
    }

    /// Runs each command, in an instruction of its own.
    ///
    /// # Errors
    /// As [`run_with`](Self::run_with). The commands before the one that fails are not written either.
    pub fn run_all(
        &mut self,
        commands: impl IntoIterator<Item = impl Into<Command>>,
    ) -> Written<'_> {
        let mode = self.mode;
        self.within(mode, |file| {
            commands
                .into_iter()
                .try_for_each(|command| file.run(command).map(drop))
        })
    }

    /// Runs lines for the shell in one instruction, joined by ` && `: each runs if those before it succeeded.
    ///
    /// # Errors
    /// As [`run_with`](Self::run_with); each line must not be empty.
    pub fn run_join<'c>(&mut self, lines: impl IntoIterator<Item = &'c str>) -> Written<'_> {
        self.open()?;
        let lines: Vec<_> = lines.into_iter().collect();
        for line in &lines {
            quote::verbatim(line, self.escape).what(|| format!("the command `{line}`"))?;
        }
        self.run(lines.join(" && "))
    }

    /// Runs a command with mounts, another network or other privileges.
    ///
    /// # Errors
    /// [`BuilderError`]. A shell form is one line without white space around it. It cannot end with the escape character, begin
    /// with a JSON array, or hold the beginning of a heredoc; an exec form holds anything.
    pub fn run_with(&mut self, command: impl Into<Command>, options: &RunOptions) -> Written<'_> {
        self.open()?;
        let command = command.into();
        let what = || "the command of `RUN`".to_owned();
        if let Command::Shell(line) = &command {
            quote::no_heredoc(line).what(what)?;
        }
        let text = command.encode(self.escape).what(what)?;
        let mut words = options.encode(self.escape)?;
        words.push(text);
        self.push(Keyword::Run, &words.join(" "))
    }

    /// Runs a script: lines that the shell reads as a file. A first line with `#!` names the program that runs it.
    ///
    /// It is written as a heredoc, which needs BuildKit. A last line without a line break gets one.
    ///
    /// ```
    /// use shipload_dockerfile::DockerfileBuilder;
    /// use shipload_dockerfile::builder::RunOptions;
    ///
    /// let mut file = DockerfileBuilder::new("alpine")?;
    /// file.run_script("set -e\ncat <<EOF > /etc/motd\nhello\nEOF\n", &RunOptions::default())?;
    /// assert_eq!(
    ///     file.text(),
    ///     "FROM alpine\nRUN <<'EOF2'\nset -e\ncat <<EOF > /etc/motd\nhello\nEOF\nEOF2\n"
    /// );
    /// # Ok::<(), shipload_dockerfile::BuilderError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuilderError`]: no NUL, and no line beyond 60,000 bytes.
    pub fn run_script(&mut self, script: &str, options: &RunOptions) -> Written<'_> {
        self.open()?;
        let what = || "a script".to_owned();
        quote::not_empty(script).what(what)?;
        let end = if script.ends_with('\n') { "" } else { "\n" };
        let (name, body) = quote::heredoc_of(&format!("{script}{end}")).what(what)?;
        let mut words = options.encode(self.escape)?;
        words.push(format!("<<'{name}'"));
        quote::only_heredoc(&words.join(" "), &name).what(|| "the options of a script".into())?;
        self.push_with(Keyword::Run.as_str(), &words.join(" "), &body)
    }
}
