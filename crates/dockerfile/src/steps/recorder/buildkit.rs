//! What BuildKit's cache compares: the operation that its frontend makes of an instruction.

use super::super::StepKey;
use super::super::settings::clean;
use super::{Made, Recorder, filled};
use crate::command::{Command, CommandLine, Copy, Mount, Run, Source};
use crate::heredoc;
use crate::reads::is_remote;
use crate::request::Builder;
use crate::scope::Scope;

impl Recorder<'_> {
    /// The key of an instruction that does something; of others the settings are kept.
    pub(super) fn buildkit(&mut self, command: &Command, made: &Made<'_, '_>) -> Option<StepKey> {
        let scope = made.scope;
        match command {
            Command::Arg(_) => {
                for (name, _) in &made.assigned {
                    if let Some(value) = scope.argument(name) {
                        let cost = self.settings.variables.move_to_end(name, value);
                        self.spend(cost);
                    }
                }
                None
            }
            Command::Env(_) => {
                for (name, value) in &made.assigned {
                    let value = value.as_deref().unwrap_or_default();
                    let cost = self.settings.variables.move_to_end(name, value);
                    let cost = cost + self.settings.image.set(name, value);
                    self.spend(cost);
                }
                None
            }
            Command::Shell(words) => {
                self.settings.shell = words.iter().map(|word| word.text.clone()).collect();
                None
            }
            Command::User(user) => {
                self.settings.user = filled(scope, &user.text);
                None
            }
            Command::Workdir(directory) => {
                self.settings.enter(&filled(scope, &directory.text));
                (self.settings.directory != "/").then(|| {
                    let mut key = StepKey::new("WORKDIR");
                    key.part(&clean(&self.settings.directory));
                    key.part(&self.settings.user);
                    key
                })
            }
            Command::Copy(copy) => Some(self.copied("COPY", copy, scope)),
            Command::Add(copy) => Some(self.copied("ADD", copy, scope)),
            Command::Run(run) => Some(self.run(run, scope)),
            Command::Cmd(_)
            | Command::Entrypoint(_)
            | Command::Expose(_)
            | Command::From(_)
            | Command::Healthcheck(_)
            | Command::Label(_)
            | Command::Maintainer(_)
            | Command::Onbuild(_)
            | Command::Stopsignal(_)
            | Command::Volume(_) => None,
        }
    }

    fn run(&mut self, run: &Run, scope: &Scope<'_>) -> StepKey {
        let mut key = StepKey::new("RUN");
        // A heredoc that is the command is not known by its name.
        let is_command =
            |text: &str| run.heredocs.len() == 1 && heredoc::of_word(text.trim()).is_some();
        match &run.command {
            CommandLine::Shell(text) if is_command(text) => {
                key.part("<<");
                key.list(&self.settings.shell);
            }
            command => key.list(&self.argv(command)),
        }
        for heredoc in &run.heredocs {
            key.part(&heredoc.chomped());
        }
        key.part(&self.settings.directory);
        key.part(&self.settings.user);
        let mut cost = 0;
        for (name, value) in self.settings.variables.iter() {
            key.part(name);
            key.part(value);
            cost += name.len() + value.len();
        }
        self.spend(cost);
        let mut mounts: Vec<_> = run
            .mounts
            .iter()
            .map(|mount| self.mount(mount, scope))
            .collect();
        mounts.sort();
        for mount in &mounts {
            key.list(mount);
        }
        for option in [&run.network, &run.security] {
            key.list(
                option
                    .as_ref()
                    .map(|word| filled(scope, &word.text))
                    .as_slice(),
            );
        }
        key.list(
            &run.devices
                .iter()
                .map(|word| &word.text)
                .collect::<Vec<_>>(),
        );
        key
    }

    /// A mount by its place, its kind and its options; what is in it counts by itself.
    fn mount(&self, mount: &Mount, scope: &Scope<'_>) -> Vec<String> {
        let kind = filled(scope, mount.kind()).to_ascii_lowercase();
        let target = mount.value(&["target", "dst", "destination"]);
        let target = target.map(|target| self.settings.path(&filled(scope, target)));
        let mut options: Vec<String> = Vec::new();
        for (name, value) in &mount.fields {
            let name = match name.as_str() {
                "type" | "target" | "dst" | "destination" => continue,
                "source" | "src" | "from" if kind == "bind" => continue,
                "ro" => "readonly",
                "rw" => "readwrite",
                "src" => "source",
                name => name,
            };
            let value = value
                .as_ref()
                .map_or_else(|| "true".to_owned(), |value| filled(scope, value));
            // As bind mounts are in any case.
            if kind == "bind" && name == "readonly" && value == "true" {
                continue;
            }
            options.push(format!("{name}={value}"));
        }
        options.sort();
        let mut all = vec![target.unwrap_or_default(), kind];
        all.append(&mut options);
        all
    }

    fn copied(&self, name: &str, copy: &Copy, scope: &Scope<'_>) -> StepKey {
        let mut key = StepKey::new(name);
        let written = filled(scope, &copy.destination.text);
        let mut destination = self.settings.path(&written);
        if written.is_empty() || written == "." || written.ends_with('/') {
            destination.push('/');
        }
        key.part(&destination);
        for option in [&copy.chown, &copy.checksum] {
            key.list(
                option
                    .as_ref()
                    .map(|word| filled(scope, &word.text))
                    .as_slice(),
            );
        }
        let chmod = copy.chmod.as_ref().map(|word| filled(scope, &word.text));
        let chmod = chmod.map(|mode| match u32::from_str_radix(&mode, 8) {
            Ok(mode) => format!("{mode:o}"),
            Err(_) => mode,
        });
        key.list(chmod.as_slice());
        let excluded = copy.exclude.iter().map(|word| filled(scope, &word.text));
        key.list(&excluded.collect::<Vec<_>>());
        let switches = (copy.link, copy.parents, copy.keep_git_dir, copy.unpack);
        key.part(&format!("{switches:?}"));
        for source in &copy.sources {
            match source {
                Source::Path(word) => {
                    let path = filled(scope, &word.text);
                    if is_remote(&path, Builder::BuildKit) {
                        key.part(&path);
                    } else {
                        // What stands above the last name does not count.
                        let path = clean(&path);
                        let whole = copy.parents || path == "/";
                        key.part(path.rsplit('/').next().filter(|_| !whole).unwrap_or(&path));
                    }
                }
                Source::Heredoc(heredoc) => {
                    let text = heredoc.chomped();
                    key.part(&heredoc.name);
                    if heredoc.expand {
                        key.part(&filled(scope, &text));
                    }
                    key.part(&text);
                }
            }
        }
        key
    }
}
