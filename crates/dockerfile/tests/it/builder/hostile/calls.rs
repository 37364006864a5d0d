//! Calls of the builder's methods with hostile values, and what must come of each.

mod files;
mod settings;

use shipload_dockerfile::builder::{
    BindMount, CacheMount, Command, Mount, Network, Preamble, RunOptions, SecretMount, Security,
    Sharing, SshMount, Stage, TmpfsMount,
};
use shipload_dockerfile::{BuilderError, DockerfileBuilder, Value};
use shipload_testkit::random::Random;

use super::script::Script;
use super::values::{text, value};
use super::want::{Flag, Given};

pub(super) use settings::Settings;

/// Values that are longer may be refused, as no line holds them.
const LONG: usize = 50_000;

/// Whether a text may be refused: it cannot be on a line.
pub(super) fn one_line(text: &str) -> bool {
    !text.contains(['\n', '\0']) && text.len() < LONG
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('=') && one_line(name)
}

/// Whether a shell form has nothing that could be refused.
pub(super) fn is_harmless(text: &str, escape: char) -> bool {
    let edges = text.trim() == text && !text.is_empty();
    one_line(text)
        && edges
        && !text.contains("<<")
        && !text.starts_with('[')
        && !text.ends_with(escape)
}

impl Script {
    /// Notes how a call ended: what must be accepted was, and what was refused left no trace.
    pub(super) fn ended(
        &mut self,
        call: impl FnOnce(&mut DockerfileBuilder) -> Result<(), BuilderError>,
        must: bool,
    ) -> bool {
        let before = self.builder.text().len();
        match call(&mut self.builder) {
            Ok(()) => true,
            Err(error) => {
                assert!(!must, "{error}");
                assert_eq!(self.builder.text().len(), before, "{error}");
                self.refused += 1;
                false
            }
        }
    }

    pub(super) fn text(&mut self, random: &mut Random) -> String {
        self.values += 1;
        text(random)
    }

    pub(super) fn value(&mut self, random: &mut Random) -> (Value, String) {
        self.values += 1;
        value(random)
    }

    pub(super) fn texts(&mut self, random: &mut Random) -> Vec<String> {
        (0..random.below(4)).map(|_| self.text(random)).collect()
    }
}

pub(super) fn preamble(
    random: &mut Random,
    script: &mut Script,
    mut preamble: Preamble,
) -> Preamble {
    for _ in 0..random.below(4) {
        let text = script.text(random);
        let (value, seen) = script.value(random);
        match random.below(2) {
            0 => {
                if let Ok(with) = preamble.clone().comment(&text) {
                    preamble = with;
                    comments(script, &text);
                }
            }
            _ => {
                if let Ok(with) = preamble.clone().arg_or(&text, value) {
                    preamble = with;
                    // An argument is one word; its name and value are lexed, which together is the same.
                    script.want("ARG", Given::LexedWords(vec![format!("{text}={seen}")]));
                }
            }
        }
        let image = script.text(random);
        let ordinary = image
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/:@+".contains(c));
        assert!(
            preamble.clone().syntax(&image).is_err() || ordinary,
            "{image:?}"
        );
    }
    preamble
}

fn comments(script: &mut Script, text: &str) {
    for line in text.split('\n') {
        let space = if line.is_empty() { "" } else { " " };
        script.comments.push(format!("#{space}{line}"));
    }
}

/// Calls one method.
pub(super) fn one(random: &mut Random, script: &mut Script, settings: &mut Settings) {
    match random.below(24) {
        0..=2 => env(random, script),
        3 => args(random, script),
        4 => {
            let text = script.text(random);
            let must = is_harmless(&text, script.escape);
            if script.ended(|file| file.maintainer(&text).map(drop), must) {
                script.want("MAINTAINER", Given::Text(text));
            }
        }
        5..=7 => run(random, script),
        8 => run_many(random, script),
        9 => {
            let text = script.text(random);
            let must = !text.is_empty() && !text.contains('\0') && text.len() < LONG;
            let end = if text.ends_with('\n') { "" } else { "\n" };
            let content = format!("{text}{end}");
            if script.ended(
                |file| file.run_script(&text, &RunOptions::default()).map(drop),
                must,
            ) {
                script.want(
                    "RUN",
                    Given::Heredoc {
                        content,
                        path: None,
                        expand: false,
                    },
                );
            }
        }
        10..=14 => files::one(random, script, settings),
        15 => prefix(random, script),
        16 => {
            let text = script.text(random);
            if script.ended(
                |file| file.comment(&text).map(drop),
                !text.contains('\0') && text.len() < LONG,
            ) {
                comments(script, &text);
            }
            script.builder.blank().unwrap();
        }
        17 => stage(random, script, settings),
        18 => onbuild(random, script),
        _ => settings.one(random, script),
    }
}

fn env(random: &mut Random, script: &mut Script) {
    let name = script.text(random);
    let (value, seen) = script.value(random);
    let must = is_name(&name) && one_line(value.as_str());
    if script.ended(|file| file.env(&name, value).map(drop), must) {
        script.want("ENV", Given::Pairs(vec![(name, seen)]));
    }
}

fn args(random: &mut Random, script: &mut Script) {
    let name = script.text(random);
    if random.chance(50) {
        if script.ended(|file| file.arg(&name).map(drop), is_name(&name)) {
            script.want("ARG", Given::LexedWords(vec![name]));
        }
        return;
    }
    let (value, seen) = script.value(random);
    let must = is_name(&name) && one_line(value.as_str());
    if script.ended(|file| file.arg_or(&name, value).map(drop), must) {
        script.want("ARG", Given::LexedWords(vec![format!("{name}={seen}")]));
    }
}

/// A command, what it must be, and whether it must be accepted.
pub(super) fn command(random: &mut Random, script: &mut Script) -> (Command, Given, bool) {
    if random.chance(50) {
        let text = script.text(random);
        let must = is_harmless(&text, script.escape);
        return (Command::shell(&text), Given::Text(text), must);
    }
    let words = script.texts(random);
    let must = !words.is_empty()
        && words
            .iter()
            .all(|word| !word.contains('\0') && word.len() < LONG / 4);
    (Command::exec(&words), Given::Exec(words), must)
}

fn run(random: &mut Random, script: &mut Script) {
    let (command, given, must) = command(random, script);
    let (mut options, mut flags, mut plain) = (RunOptions::default(), Vec::new(), true);
    for _ in 0..random.below(3) {
        let (mount, flag, fits) = mount(random, script);
        options.mounts.push(mount);
        flags.push(flag);
        plain &= fits;
    }
    if random.chance(10) {
        options.network = Some(Network::None);
        flags.push(Flag::Plain("--network=none".into()));
    }
    if random.chance(10) {
        options.security = Some(Security::Insecure);
        flags.push(Flag::Plain("--security=insecure".into()));
    }
    if script.ended(
        |file| file.run_with(command, &options).map(drop),
        must && plain,
    ) {
        script.want_with("RUN", flags, given);
    }
}

/// A mount, what it must be, and whether it must be accepted.
fn mount(random: &mut Random, script: &mut Script) -> (Mount, Flag, bool) {
    let values: [(Value, String); 3] = std::array::from_fn(|_| script.value(random));
    let fits = values.iter().all(|(value, _)| {
        let text = value.as_str();
        !text.is_empty() && one_line(text) && text.is_ascii() && text.len() < LONG / 8
    });
    let [(a, sa), (b, sb), (c, sc)] = values;
    let plain = |key, text: &str| (key, text.to_owned());
    let (mount, fields) = match random.below(5) {
        0 => {
            let mount = BindMount {
                target: a,
                source: Some(b),
                from: Some(c),
                read_write: true,
            };
            (
                Mount::Bind(mount),
                vec![
                    plain("type", "bind"),
                    ("target", sa),
                    ("source", sb),
                    ("from", sc),
                    plain("rw", "true"),
                ],
            )
        }
        1 => {
            let mount = CacheMount {
                target: a,
                id: Some(b),
                sharing: Some(Sharing::Locked),
                source: Some(c),
                mode: Some(0o1777),
                ..CacheMount::default()
            };
            let fields = vec![
                plain("type", "cache"),
                ("target", sa),
                ("id", sb),
                plain("sharing", "locked"),
                ("source", sc),
                plain("mode", "01777"),
            ];
            (Mount::Cache(mount), fields)
        }
        2 => {
            let mount = TmpfsMount {
                target: a,
                size: Some(4096),
            };
            (
                Mount::Tmpfs(mount),
                vec![
                    plain("type", "tmpfs"),
                    ("target", sa),
                    plain("size", "4096"),
                ],
            )
        }
        3 => {
            let mount = SecretMount {
                id: Some(a),
                target: Some(b),
                env: Some(c),
                required: true,
                uid: Some(7),
                ..SecretMount::default()
            };
            let fields = vec![
                plain("type", "secret"),
                ("id", sa),
                ("target", sb),
                ("env", sc),
                plain("required", "true"),
                plain("uid", "7"),
            ];
            (Mount::Secret(mount), fields)
        }
        _ => {
            let mount = SshMount {
                id: Some(a),
                target: Some(b),
                gid: Some(8),
                ..SshMount::default()
            };
            (
                Mount::Ssh(mount),
                vec![
                    plain("type", "ssh"),
                    ("id", sa),
                    ("target", sb),
                    plain("gid", "8"),
                ],
            )
        }
    };
    (mount, Flag::Mount(fields), fits)
}

fn run_many(random: &mut Random, script: &mut Script) {
    let lines = script.texts(random);
    if random.chance(50) {
        let must = lines.iter().all(|line| is_harmless(line, script.escape));
        let given = lines.clone();
        if script.ended(|file| file.run_all(given).map(drop), must) {
            for line in lines {
                script.want("RUN", Given::Text(line));
            }
        }
        return;
    }
    let given = lines.iter().map(String::as_str);
    if script.ended(|file| file.run_join(given).map(drop), false) {
        script.want("RUN", Given::Text(lines.join(" && ")));
    }
}

fn prefix(random: &mut Random, script: &mut Script) {
    let keyword = *random.pick(&[
        "RUN",
        "CMD",
        "ENV",
        "EXPOSE",
        "FUTURE",
        "HEALTHCHECK",
        "COPY",
        "ONBUILD",
        "LABEL",
    ]);
    let arguments: Vec<_> = (0..=random.below(2)).map(|_| script.text(random)).collect();
    let given = arguments.iter().map(String::as_str);
    if script.ended(|file| file.prefix(keyword, given).map(drop), false) {
        let line = format!("{keyword} {}", arguments.join(" "));
        script.want(keyword, Given::Line(line));
    }
}

fn stage(random: &mut Random, script: &mut Script, settings: &mut Settings) {
    let (base, name) = (script.text(random), script.text(random));
    let fits = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let may = fits(&base, "._-/:@+") && fits(&name, "._-");
    let stage = Stage::of(base.as_str()).named(name.as_str());
    let before = script.builder.clone();
    if script.builder.stage(stage).is_err() {
        assert_eq!(script.builder.text(), before.text());
        script.refused += 1;
        return;
    }
    assert!(may, "{base:?} {name:?}");
    std::mem::take(settings).end(script);
    script.want("FROM", Given::Words(vec![base, "AS".into(), name]));
}

fn onbuild(random: &mut Random, script: &mut Script) {
    let (name, (value, seen)) = (script.text(random), script.value(random));
    let (command, given, fits) = command(random, script);
    let must = fits && is_name(&name) && one_line(value.as_str());
    let call = |file: &mut DockerfileBuilder| {
        file.onbuild(|file| file.env(&name, value)?.run(command).map(drop))
            .map(drop)
    };
    if script.ended(call, must) {
        script.onbuild = true;
        script.want("ENV", Given::Pairs(vec![(name.clone(), seen)]));
        script.want("RUN", given);
        script.onbuild = false;
    }
}
