//! Settings, which are read at the end of their stage.

use std::time::Duration;

use shipload_dockerfile::builder::{Command, HealthOptions, Healthcheck, Port};
use shipload_testkit::random::Random;

use super::super::script::Script;
use super::super::want::{Flag, Given, Path};
use super::{command, is_name, one_line};

/// What the stage must end with.
#[derive(Default)]
pub(in super::super) struct Settings {
    pub(super) removals: Vec<String>,
    volumes: Vec<String>,
    user: Option<String>,
    workdir: Option<String>,
    shell: Option<Vec<String>>,
    entrypoint: Option<Given>,
    command: Option<Given>,
    ports: Vec<String>,
    labels: Vec<(String, String)>,
    stopsignal: Option<String>,
    health: Option<(Vec<Flag>, Given)>,
}

impl Settings {
    /// Makes one.
    pub(super) fn one(&mut self, random: &mut Random, script: &mut Script) {
        match random.below(10) {
            0 => self.volume(random, script),
            kind @ 1..=3 => self.text(kind, random, script),
            4 => {
                let words = script.texts(random);
                let must = !words.is_empty()
                    && words
                        .iter()
                        .all(|word| !word.contains('\0') && word.len() < 10_000);
                if script.ended(|file| file.shell(words.clone()).map(drop), must) {
                    self.shell = Some(words);
                }
            }
            kind @ 5..=6 => {
                let (command, given, must) = command(random, script);
                let entrypoint = kind == 5;
                let call = |file: &mut shipload_dockerfile::DockerfileBuilder| {
                    let done = if entrypoint {
                        file.entrypoint(command)
                    } else {
                        file.command(command)
                    };
                    done.map(drop)
                };
                if script.ended(call, must) {
                    *(if entrypoint {
                        &mut self.entrypoint
                    } else {
                        &mut self.command
                    }) = Some(given);
                }
            }
            7 => {
                let text = script.text(random);
                if let Ok(port) = text.parse::<Port>() {
                    script.builder.expose([port]).unwrap();
                    if !self.ports.contains(&text) {
                        self.ports.push(text);
                    }
                }
            }
            8 => self.label(random, script),
            _ => self.healthcheck(random, script),
        }
    }

    fn volume(&mut self, random: &mut Random, script: &mut Script) {
        let (value, seen) = script.value(random);
        let text = value.as_str();
        let must = !text.is_empty() && !text.contains('\0') && text.len() < 10_000;
        if script.ended(|file| file.volume(value).map(drop), must) {
            self.volumes.push(seen);
        }
    }

    fn text(&mut self, kind: usize, random: &mut Random, script: &mut Script) {
        let (value, seen) = script.value(random);
        let must = !value.as_str().is_empty() && one_line(value.as_str());
        let call = |file: &mut shipload_dockerfile::DockerfileBuilder| {
            let done = match kind {
                1 => file.user(value),
                2 => file.workdir(value),
                _ => file.stopsignal(value),
            };
            done.map(drop)
        };
        if script.ended(call, must) {
            match kind {
                1 => self.user = Some(seen),
                2 => self.workdir = Some(seen),
                _ => self.stopsignal = Some(seen),
            }
        }
    }

    fn label(&mut self, random: &mut Random, script: &mut Script) {
        let name = script.text(random);
        let (value, seen) = script.value(random);
        let must = is_name(&name) && one_line(value.as_str());
        if script.ended(|file| file.label(&name, value).map(drop), must) {
            match self.labels.iter_mut().find(|(known, _)| *known == name) {
                Some((_, old)) => *old = seen,
                None => self.labels.push((name, seen)),
            }
        }
    }

    fn healthcheck(&mut self, random: &mut Random, script: &mut Script) {
        let (command, given, must) = command(random, script);
        let nanos = random.bits() >> random.below(64);
        let interval = Duration::from_nanos(nanos);
        let options = HealthOptions {
            interval: Some(interval),
            retries: Some(3),
            ..HealthOptions::default()
        };
        let must = must && (1_000_000..=i64::MAX.unsigned_abs()).contains(&nanos);
        let given = match given {
            Given::Text(text) => Given::Health(text),
            Given::Exec(words) => Given::HealthExec(words),
            given => given,
        };
        let check = Healthcheck::Command(command, options);
        if script.ended(|file| file.healthcheck(&check).map(drop), must) {
            self.health = Some((
                vec![Flag::Interval(interval), Flag::Plain("--retries=3".into())],
                given,
            ));
        } else if let Healthcheck::Command(Command::Exec(_), _) = check {
            script.builder.healthcheck(&Healthcheck::None).unwrap();
            self.health = Some((Vec::new(), Given::Words(vec!["NONE".into()])));
        }
    }

    /// The stage ends.
    pub(in super::super) fn end(self, script: &mut Script) {
        if !self.removals.is_empty() {
            let command = ["rm", "-Rf", "--"].map(str::to_owned);
            script.want("RUN", Given::Exec([&command[..], &self.removals].concat()));
        }
        if !self.volumes.is_empty() {
            script.want(
                "VOLUME",
                Given::Paths(self.volumes.into_iter().map(Path::Exact).collect()),
            );
        }
        let rest = [
            ("USER", self.user.map(Given::Lexed)),
            ("WORKDIR", self.workdir.map(Given::Lexed)),
            ("SHELL", self.shell.map(Given::Exec)),
            ("ENTRYPOINT", self.entrypoint),
            ("CMD", self.command),
            (
                "EXPOSE",
                (!self.ports.is_empty()).then_some(Given::Words(self.ports)),
            ),
            (
                "LABEL",
                (!self.labels.is_empty()).then_some(Given::Pairs(self.labels)),
            ),
            ("STOPSIGNAL", self.stopsignal.map(Given::Lexed)),
        ];
        for (keyword, given) in rest {
            if let Some(given) = given {
                script.want(keyword, given);
            }
        }
        if let Some((flags, given)) = self.health {
            script.want_with("HEALTHCHECK", flags, given);
        }
    }
}
