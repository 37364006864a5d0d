//! What the classic builder's cache compares: the command that it writes into the history of the image.

use super::super::StepKey;
use super::super::settings::clean;
use super::{Made, Recorder, filled};
use crate::command::{Command, CommandLine, Copy, Source};
use crate::scope::Scope;
use crate::syntax::Word;

impl Recorder<'_> {
    /// The key of any instruction; they all are steps.
    pub(super) fn classic(&mut self, command: &Command, made: &Made<'_, '_>) -> StepKey {
        let scope = made.scope;
        let all = |words: &[Word]| -> Vec<String> {
            words.iter().map(|word| filled(scope, &word.text)).collect()
        };
        match command {
            Command::Arg(_) => assignments("ARG", &made.assigned),
            Command::Env(_) => assignments("ENV", &made.assigned),
            Command::Label(pairs) => {
                let pairs = pairs.iter();
                let pairs = pairs.map(|pair| {
                    (
                        filled(scope, &pair.name.text),
                        Some(filled(scope, &pair.value.text)),
                    )
                });
                assignments("LABEL", &pairs.collect::<Vec<_>>())
            }
            Command::Copy(copy) => copied("COPY", copy, scope),
            Command::Add(copy) => copied("ADD", copy, scope),
            Command::Run(run) => {
                let mut key = StepKey::new("RUN");
                Self::arguments(&mut key, scope);
                key.list(&self.argv(&run.command));
                for heredoc in &run.heredocs {
                    key.part(&heredoc.content);
                }
                key
            }
            Command::Cmd(command) => self.command("CMD", command),
            Command::Entrypoint(command) => self.command("ENTRYPOINT", command),
            Command::Expose(ports) => {
                let mut ports = all(ports);
                ports.sort();
                list("EXPOSE", &ports)
            }
            Command::Volume(paths) => list("VOLUME", &all(paths)),
            Command::User(user) => list("USER", &all(std::slice::from_ref(user))),
            Command::Stopsignal(signal) => list("STOPSIGNAL", &all(std::slice::from_ref(signal))),
            Command::Workdir(directory) => {
                self.settings.enter(&filled(scope, &directory.text));
                self.settings.directory = clean(&self.settings.directory);
                list("WORKDIR", std::slice::from_ref(&self.settings.directory))
            }
            Command::Shell(words) => {
                self.settings.shell = words.iter().map(|word| word.text.clone()).collect();
                list("SHELL", &self.settings.shell)
            }
            Command::Healthcheck(check) => {
                let mut key = StepKey::new("HEALTHCHECK");
                key.list(&self.settings.shell);
                key.part(&health(check));
                key
            }
            Command::Maintainer(name) => list("MAINTAINER", std::slice::from_ref(&name.text)),
            // It is kept as it is written.
            Command::Onbuild(_) => {
                let line = made.step.instruction.line.trim();
                let name = line.find(char::is_whitespace).unwrap_or_default();
                list("ONBUILD", &[line[name..].trim_start()])
            }
            Command::From(_) => StepKey::new("FROM"),
        }
    }

    /// The build arguments that count for `RUN`: `|2 A=1 B=2`.
    fn arguments(key: &mut StepKey, scope: &Scope<'_>) {
        let arguments = scope.effective_arguments();
        let arguments: Vec<_> = arguments
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // Of those of proxies only their number counts.
        let proxies = scope.undeclared_proxies();
        let proxies = proxies.filter(|name| !name.eq_ignore_ascii_case("ALL_PROXY"));
        key.part(&(arguments.len() + proxies.count()).to_string());
        key.list(&arguments);
    }

    fn command(&self, name: &str, command: &CommandLine) -> StepKey {
        list(name, &self.argv(command))
    }

    /// A command as it is run: in the shell, or itself.
    pub(super) fn argv(&self, command: &CommandLine) -> Vec<String> {
        match command {
            CommandLine::Exec(words) => words.iter().map(|word| word.text.clone()).collect(),
            CommandLine::Shell(text) => {
                let shell = self.settings.shell.iter();
                shell.chain([text]).cloned().collect()
            }
        }
    }
}

fn list<T: AsRef<str>>(name: &str, words: &[T]) -> StepKey {
    let mut key = StepKey::new(name);
    key.list(words);
    key
}

fn assignments(name: &str, pairs: &[(String, Option<String>)]) -> StepKey {
    let mut key = StepKey::new(name);
    for (name, value) in pairs {
        key.part(name);
        key.list(value.as_slice());
    }
    key
}

/// Its sources count by what they lead to, and those are the caller's.
fn copied(name: &str, copy: &Copy, scope: &Scope<'_>) -> StepKey {
    let mut key = StepKey::new(name);
    key.part(&filled(scope, &copy.destination.text));
    let chown = copy.chown.as_ref();
    key.list(chown.map(|word| filled(scope, &word.text)).as_slice());
    // With another origin the sources are paths there.
    if copy.from.is_some() {
        for source in &copy.sources {
            if let Source::Path(word) = source {
                key.part(&clean(&filled(scope, &word.text)));
            }
        }
    }
    key
}

fn health(check: &crate::command::Healthcheck) -> String {
    use crate::command::Healthcheck;
    match check {
        Healthcheck::None => String::new(),
        Healthcheck::Command {
            command,
            interval,
            timeout,
            start_period,
            start_interval,
            retries,
        } => {
            let command = match command {
                CommandLine::Exec(words) => format!(
                    "{:?}",
                    words.iter().map(|word| &word.text).collect::<Vec<_>>()
                ),
                CommandLine::Shell(text) => text.clone(),
            };
            format!(
                "{command:?} {interval:?} {timeout:?} {start_period:?} {start_interval:?} {retries:?}"
            )
        }
    }
}
