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
            let text = heredoc.chomped();
            // It becomes a program of that name.
            if text.starts_with("#!") {
                key.part(&heredoc.name);
            }
            key.part(&text);
        }
        key.part(&self.settings.directory);
        key.part(&self.settings.user);
        key.part(&self.settings.platform);
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
        let security = run.security.as_ref();
        let security = security.map(|word| filled(scope, &word.text));
        key.list(security.as_slice());
        key.list(
            &run.devices
                .iter()
                .map(|word| &word.text)
                .collect::<Vec<_>>(),
        );
        key
    }

    /// A mount by its place, its kind and its options, without those that say what holds anyway; what is in it counts by itself.
    fn mount(&self, mount: &Mount, scope: &Scope<'_>) -> Vec<String> {
        let kind = filled(scope, mount.kind()).to_ascii_lowercase();
        let written = mount.value(&["target", "dst", "destination"]);
        let written = written.map(|target| filled(scope, target));
        let id = mount.value(&["id"]).map(|id| filled(scope, id));
        let mut target = written.as_ref().map(|target| self.settings.path(target));
        let mut options: Vec<String> = Vec::new();
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        match kind.as_str() {
            "cache" => {
                let namespace = self.request.build_argument("BUILDKIT_CACHE_MOUNT_NS");
                let id = id.or(written).unwrap_or_default();
                options.push(format!("id={}/{id}", namespace.unwrap_or_default()));
            }
            "secret" => {
                let id = id.or_else(|| written.as_deref().map(last));
                let id = id.unwrap_or_default();
                if target.is_none() && mount.value(&["env"]).is_none() {
                    target = Some(format!("/run/secrets/{}", last(&id)));
                }
                options.push(format!("id={id}"));
            }
            _ => options.extend(id.map(|id| format!("id={id}"))),
        }
        for (name, value) in &mount.fields {
            let name = match name.as_str() {
                "type" | "id" | "target" | "dst" | "destination" => continue,
                "source" | "src" | "from" if kind == "bind" => continue,
                "src" => "source",
                name => name,
            };
            let value = value.as_ref();
            let value = value.map_or_else(|| "true".to_owned(), |value| filled(scope, value));
            options.extend(option(&kind, name, value));
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
        let chown = copy.chown.as_ref();
        let chown = chown.map(|word| owner(&filled(scope, &word.text)));
        key.list(chown.as_slice());
        let checksum = copy.checksum.as_ref();
        let checksum = checksum.map(|word| filled(scope, &word.text));
        key.list(checksum.as_slice());
        let chmod = copy.chmod.as_ref().map(|word| filled(scope, &word.text));
        let chmod = chmod.map(|mode| match u32::from_str_radix(&mode, 8) {
            Ok(mode) => format!("{mode:o}"),
            Err(_) => mode,
        });
        key.list(chmod.as_slice());
        let excluded = copy.exclude.iter().map(|word| filled(scope, &word.text));
        key.list(&excluded.collect::<Vec<_>>());
        key.part(&format!("{:?}", (copy.parents, copy.unpack)));
        for source in &copy.sources {
            match source {
                Source::Path(word) => {
                    let path = filled(scope, &word.text);
                    if is_remote(&path, Builder::BuildKit) {
                        key.part(&path);
                        key.part(&copy.keep_git_dir.to_string());
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
                    } else {
                        key.part(&text);
                    }
                }
            }
        }
        key
    }
}

/// An option of a mount in one form for all that mean the same; none if it says what holds anyway.
fn option(kind: &str, name: &str, value: String) -> Option<String> {
    let truth = match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    let (name, value) = match (name, truth) {
        ("ro" | "readonly", Some(truth)) => ("readwrite", (!truth).to_string()),
        ("rw" | "readwrite", Some(truth)) => ("readwrite", truth.to_string()),
        ("required", Some(truth)) => ("required", truth.to_string()),
        ("mode", _) => match u32::from_str_radix(&value, 8) {
            Ok(mode) => ("mode", format!("{mode:o}")),
            Err(_) => ("mode", value),
        },
        _ => (name, value),
    };
    let is_default = matches!(
        (kind, name, value.as_str()),
        ("bind", "readwrite", "false")
            | ("cache", "readwrite", "true")
            | ("cache", "sharing", "shared")
            | ("secret", "mode", "400")
            | ("secret" | "ssh", "required", "false")
            | ("secret" | "ssh", "uid" | "gid", "0")
            | ("ssh", "mode", "600")
    );
    (!is_default).then(|| format!("{name}={value}"))
}

/// An owner and a group as `BuildKit` understands them: by number, and `root` is one.
fn owner(text: &str) -> String {
    let id = |name: &str| match (name, name.parse::<u32>()) {
        ("root", _) => "0".to_owned(),
        (_, Ok(id)) => id.to_string(),
        (name, Err(_)) => name.to_owned(),
    };
    let ids: Vec<_> = text.split(':').map(id).collect();
    ids.join(":")
}
