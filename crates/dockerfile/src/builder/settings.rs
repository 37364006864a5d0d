//! Settings of the image: each is written once, at the end of its stage, in a fixed order.

use super::command::Command;
use super::error::What as _;
use super::health::Healthcheck;
use super::port::Port;
use super::{DockerfileBuilder, Mode, Written};
use crate::keyword::Keyword;
use crate::quote::{self, EncodeProblem};
use crate::value::Value;

/// What is to be written at the end of the stage; quoted already, so that the end cannot fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) removals: Vec<String>,
    volumes: Vec<Value>,
    user: Option<String>,
    workdir: Option<String>,
    shell: Option<String>,
    entrypoint: Option<String>,
    command: Option<String>,
    ports: Vec<String>,
    labels: Vec<(String, String)>,
    stopsignal: Option<String>,
    healthcheck: Option<String>,
}

/// # Settings
impl DockerfileBuilder {
    /// Adds a mount point.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn volume(&mut self, path: impl Into<Value>) -> Written<'_> {
        self.volumes([path.into()])
    }

    /// Adds mount points.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn volumes(&mut self, paths: impl IntoIterator<Item = impl Into<Value>>) -> Written<'_> {
        self.open()?;
        let paths: Vec<_> = paths.into_iter().map(Into::into).collect();
        for path in &paths {
            let checked = quote::not_empty(path.as_str())
                .and_then(|()| quote::json_lexed([path], self.escape));
            let checked = self.fits(checked);
            checked.what(|| format!("the volume `{}`", path.as_str()))?;
        }
        self.settings.volumes.extend(paths);
        self.settle()
    }

    /// Sets who runs commands: `user`, `uid`, `user:group`.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn user(&mut self, user: impl Into<Value>) -> Written<'_> {
        self.open()?;
        let text = self.fits(quote::whole(&user.into(), self.escape));
        self.settings.user = Some(text.what(|| "the user".into())?);
        self.settle()
    }

    /// Sets the working directory.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn workdir(&mut self, path: impl Into<Value>) -> Written<'_> {
        self.open()?;
        let text = self.fits(quote::whole(&path.into(), self.escape));
        self.settings.workdir = Some(text.what(|| "the working directory".into())?);
        self.settle()
    }

    /// Sets what runs shell forms, such as `["/bin/bash", "-c"]`.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError) where the list is empty.
    pub fn shell(&mut self, program: impl IntoIterator<Item = impl Into<String>>) -> Written<'_> {
        self.open()?;
        let program: Vec<String> = program.into_iter().map(Into::into).collect();
        let text = self.fits(quote::exec(&program));
        self.settings.shell = Some(text.what(|| "the shell".into())?);
        self.settle()
    }

    /// Sets the program that a container runs.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn entrypoint(&mut self, command: impl Into<Command>) -> Written<'_> {
        self.open()?;
        let text = self.fits(command.into().encode(self.escape));
        self.settings.entrypoint = Some(text.what(|| "the entry point".into())?);
        self.settle()
    }

    /// Sets the command that a container runs, or the arguments of its entry point.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn command(&mut self, command: impl Into<Command>) -> Written<'_> {
        self.open()?;
        let text = self.fits(command.into().encode(self.escape));
        self.settings.command = Some(text.what(|| "the command".into())?);
        self.settle()
    }

    /// Adds ports that the image listens on.
    ///
    /// # Errors
    /// [`BuilderError::Finalized`](super::BuilderError::Finalized).
    pub fn expose(&mut self, ports: impl IntoIterator<Item = impl Into<Port>>) -> Written<'_> {
        self.open()?;
        for port in ports {
            let port = port.into().to_string();
            if !self.settings.ports.contains(&port) {
                self.settings.ports.push(port);
            }
        }
        self.settle()
    }

    /// Sets a label.
    ///
    /// # Errors
    /// As [`labels`](Self::labels).
    pub fn label(&mut self, name: &str, value: impl Into<Value>) -> Written<'_> {
        self.labels([(name, value)])
    }

    /// Sets labels; of two with one name the later holds.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError): no line breaks, and no `=` in a name.
    pub fn labels<'n>(
        &mut self,
        labels: impl IntoIterator<Item = (&'n str, impl Into<Value>)>,
    ) -> Written<'_> {
        self.open()?;
        let mut pairs = Vec::new();
        for (name, value) in labels {
            let pair = self.fits(quote::pair(name, &value.into(), self.escape));
            pairs.push((name, pair.what(|| format!("the label `{name}`"))?));
        }
        let all = &mut self.settings.labels;
        for (name, pair) in pairs {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => *old = pair,
                None => all.push((name.to_owned(), pair)),
            }
        }
        self.settle()
    }

    /// Sets the signal that stops a container, such as `SIGQUIT` or `9`.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError).
    pub fn stopsignal(&mut self, signal: impl Into<Value>) -> Written<'_> {
        self.open()?;
        let text = self.fits(quote::whole(&signal.into(), self.escape));
        self.settings.stopsignal = Some(text.what(|| "the signal".into())?);
        self.settle()
    }

    /// Sets how to tell that a container works.
    ///
    /// # Errors
    /// [`BuilderError`](super::BuilderError): a time must be a millisecond or longer, and retries at least one.
    pub fn healthcheck(&mut self, check: &Healthcheck) -> Written<'_> {
        self.open()?;
        let text = self.fits(Ok(check.encode(self.escape)?));
        self.settings.healthcheck = Some(text.what(|| "the health check".into())?);
        self.settle()
    }

    /// Checks now that a text will fit on its line: at the end of the stage nothing may fail. Of several on one line the last
    /// line break can be between any two.
    pub(super) fn fits(
        &self,
        text: Result<String, EncodeProblem>,
    ) -> Result<String, EncodeProblem> {
        let text = text?;
        quote::line(&text, self.escape)?;
        Ok(text)
    }

    /// Writes them now, unless they are for later.
    fn settle(&mut self) -> Written<'_> {
        match self.mode {
            Mode::Later | Mode::Finalized => Ok(self),
            Mode::Now | Mode::Onbuild => {
                let removals = std::mem::take(&mut self.settings.removals);
                self.end_stage()?;
                self.settings.removals = removals;
                Ok(self)
            }
        }
    }

    /// Writes the settings of the stage, as another one begins: also those that wait while others are written at once.
    pub(super) fn leave_stage(&mut self) -> Written<'_> {
        if self.mode == Mode::Now {
            self.resume();
        }
        self.end_stage()
    }

    /// Writes the settings of the stage.
    pub(super) fn end_stage(&mut self) -> Written<'_> {
        let settings = std::mem::take(&mut self.settings);
        if !settings.removals.is_empty() {
            let command = ["rm", "-Rf", "--"].map(str::to_owned);
            let all: Vec<_> = command.into_iter().chain(settings.removals).collect();
            self.push(Keyword::Run, &quote::array(&all))?;
        }
        if !settings.volumes.is_empty() {
            let list = quote::json_lexed(&settings.volumes, self.escape);
            self.push(Keyword::Volume, &list.what(|| "the volumes".into())?)?;
        }
        let list = |each: Vec<String>| (!each.is_empty()).then(|| each.join(" "));
        let labels = settings.labels.into_iter().map(|(_, pair)| pair).collect();
        let rest = [
            (Keyword::User, settings.user),
            (Keyword::Workdir, settings.workdir),
            (Keyword::Shell, settings.shell),
            (Keyword::Entrypoint, settings.entrypoint),
            (Keyword::Cmd, settings.command),
            (Keyword::Expose, list(settings.ports)),
            (Keyword::Label, list(labels)),
            (Keyword::Stopsignal, settings.stopsignal),
            (Keyword::Healthcheck, settings.healthcheck),
        ];
        for (keyword, text) in rest {
            if let Some(text) = text {
                self.push(keyword, &text)?;
            }
        }
        Ok(self)
    }
}
