//! Going along with the collector of what is read, and writing down the steps.

mod buildkit;
mod classic;

use std::collections::HashMap;
use std::ops::Range;

use super::settings::Settings;
use super::{CacheStep, StepKey, Unsure};
use crate::command::{Command, Source};
use crate::reads::{Reason, Whole, is_remote};
use crate::request::{Builder, OtherImages, Request};
use crate::scope::{Scope, Unresolved};
use crate::stages::{Stage, Step};
use crate::syntax::Position;

/// How many bytes of keys and variables are looked at; some Dockerfiles would make billions.
const WORK: usize = 64 << 20;

/// Writes down the steps of the stages that are gone through.
pub(crate) struct Recorder<'a> {
    request: &'a Request,
    settings: Settings,
    /// The settings at the ends of the stages.
    ends: HashMap<usize, Settings>,
    steps: Vec<CacheStep>,
    work: usize,
}

/// An instruction, and as much as the collector knows of it.
pub(crate) struct Made<'s, 'a> {
    pub(crate) stage: usize,
    pub(crate) stage_name: Option<&'s str>,
    pub(crate) step: &'s Step<'s>,
    /// For `ARG` and `ENV`: names and values, with the variables as they were before.
    pub(crate) assigned: Vec<(String, Option<String>)>,
    /// The variables after it.
    pub(crate) scope: &'s Scope<'a>,
    pub(crate) sources: Range<usize>,
    /// The stages that it takes files from.
    pub(crate) from: Vec<usize>,
    /// The images that it takes files from.
    pub(crate) images: Vec<String>,
    /// Whether it could not be told what it reads.
    pub(crate) reads_anything: bool,
}

/// What a stage is built on.
pub(crate) enum Start<'s> {
    Scratch,
    Stage(usize),
    Image(&'s str),
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(request: &'a Request) -> Self {
        Self {
            request,
            settings: Settings::of_image(&[]),
            ends: HashMap::new(),
            steps: Vec::new(),
            work: WORK,
        }
    }

    /// The steps, unless there was too much to do.
    pub(crate) fn finish(mut self) -> Vec<CacheStep> {
        if self.work == 0
            && let Some(first) = self.steps.first_mut()
        {
            first.unsure = Some(Unsure::Work);
            self.steps.truncate(1);
        }
        self.steps
    }

    fn spend(&mut self, work: usize) {
        self.work = self.work.saturating_sub(work);
    }

    /// Begins a stage. The scope is that of its `FROM`.
    pub(crate) fn enter(
        &mut self,
        index: usize,
        stage: &Stage<'_>,
        start: &Start<'_>,
        scope: &Scope<'_>,
    ) {
        if self.work == 0 {
            return;
        }
        let mut key = StepKey::new("FROM");
        let (mut from, mut unsure) = (Vec::new(), None);
        self.settings = Settings::of_image(&[]);
        let platform = stage.from.platform.as_ref();
        let platform = platform.map(|word| filled(scope, &word.text));
        let platform = platform.unwrap_or_else(|| self.request.platform().to_owned());
        match *start {
            Start::Scratch => key.part("scratch"),
            Start::Stage(base) => {
                key.part("stage");
                from.push(base);
                if let Some(end) = self.ends.get(&base) {
                    self.settings = end.inherited();
                }
            }
            Start::Image(name) => {
                key.part("image");
                key.part(&canonical(name));
                key.part(&platform);
                unsure = self.base(name);
            }
        }
        if from.is_empty() {
            self.settings.platform = platform;
        }
        self.push(CacheStep {
            stage: index,
            stage_name: stage.from.name.clone(),
            position: stage.instruction.name.position,
            text: stage.instruction.line.trim_end().to_owned(),
            key,
            variant: StepKey::default(),
            from,
            sources: 0..0,
            unsure,
        });
    }

    /// Starts from an image; what there is to doubt about it.
    fn base(&mut self, name: &str) -> Option<Unsure> {
        let known = self.request.images.get(name);
        if let Some(known) = known {
            self.settings = Settings::of_image(&known.environment);
        }
        let has_triggers = match (known, self.request.other_images) {
            (Some(image), _) => !image.triggers.is_empty(),
            (None, OtherImages::Unknown) => true,
            (None, OtherImages::WithoutTriggers) => false,
        };
        if has_triggers {
            let name = name.to_owned();
            Some(Unsure::Triggers { name })
        } else {
            doubt(name)
        }
    }

    /// Ends a stage.
    pub(crate) fn leave(&mut self, index: usize) {
        self.spend(self.settings.variables.len());
        self.ends.insert(index, self.settings.clone());
    }

    /// Takes in an instruction.
    pub(crate) fn step(&mut self, made: Made<'_, '_>) {
        if self.work == 0 {
            return;
        }
        let instruction = made.step.instruction;
        let mut unsure = None;
        let key = match (&made.step.command, self.request.builder) {
            (Err(_), _) => {
                unsure = Some(Unsure::Unknown);
                let mut key = StepKey::new("?");
                key.part(&instruction.text);
                Some(key)
            }
            (Ok(command), Builder::BuildKit) => self.buildkit(command, &made),
            (Ok(command), Builder::Classic | Builder::Podman) => Some(self.classic(command, &made)),
        };
        let Some(key) = key else { return };
        let mut variant = self.variant(&made);
        // Other images may have the same files.
        for name in &made.images {
            variant.part(&canonical(name));
        }
        if made.reads_anything {
            unsure = unsure.or(Some(Unsure::Sources));
        }
        let is_remote = || self.is_remote(&made);
        let unsure = unsure
            .or_else(|| is_remote().then_some(Unsure::Remote))
            .or_else(|| is_apart(&made).then_some(Unsure::Apart))
            .or_else(|| made.images.iter().find_map(|name| doubt(name)));
        self.push(CacheStep {
            stage: made.stage,
            stage_name: made.stage_name.map(str::to_owned),
            position: instruction.name.position,
            text: instruction.line.trim_end().to_owned(),
            key,
            variant,
            from: made.from,
            sources: made.sources,
            unsure,
        });
    }

    /// What only some versions of a builder look at, or only with some of its settings.
    fn variant(&self, made: &Made<'_, '_>) -> StepKey {
        let mut variant = StepKey::default();
        let is_classic = self.request.builder == Builder::Classic;
        match &made.step.command {
            Ok(Command::Workdir(directory)) if is_classic => {
                // 20.10 keeps an absolute one as it is written, 26.1 cleans it.
                let written = filled(made.scope, &directory.text);
                let is_absolute = written.starts_with('/');
                variant.part(if is_absolute {
                    &written
                } else {
                    &self.settings.directory
                });
            }
            // `ALL_PROXY` is a proxy since 23.0.
            Ok(Command::Run(_)) if is_classic => {
                variant.part(&made.scope.undeclared_proxies().count().to_string());
            }
            // A build without a network has none in any case.
            Ok(Command::Run(run)) => {
                let network = run.network.as_ref();
                let network = network.map(|word| filled(made.scope, &word.text));
                // BuildKit 0.8 does not know it.
                let hostname = self.request.build_argument("BUILDKIT_SANDBOX_HOSTNAME");
                if let Some(hostname) = hostname {
                    variant.list(&["hostname", hostname]);
                }
                if let Some(network) = network.filter(|network| network != "default") {
                    variant.part(&network);
                }
            }
            // Only what can merge layers makes one for `--link`, and `/x/.` is a directory to BuildKit 0.13 but not to 0.8.
            Ok(Command::Copy(copy) | Command::Add(copy)) if !is_classic => {
                let is_dir = filled(made.scope, &copy.destination.text).ends_with("/.");
                if copy.link || is_dir {
                    variant.part(&format!("{:?}", (copy.link, is_dir)));
                }
            }
            _ => {}
        }
        variant
    }

    /// Whether it fetches something.
    fn is_remote(&self, made: &Made<'_, '_>) -> bool {
        let Ok(Command::Add(copy)) = &made.step.command else {
            return false;
        };
        copy.checksum.is_none()
            && copy.sources.iter().any(|source| match source {
                Source::Path(word) => {
                    is_remote(&filled(made.scope, &word.text), self.request.builder)
                }
                Source::Heredoc(_) => false,
            })
    }

    fn push(&mut self, step: CacheStep) {
        self.spend(step.key.len() + step.variant.len() + step.text.len());
        self.steps.push(step);
    }
}

impl CacheStep {
    /// The whole of a build of which another frontend decides.
    pub(super) fn foreign(whole: Whole) -> Self {
        let unsure = match whole.reason {
            Reason::Frontend { syntax } => Unsure::Frontend { syntax },
            _ => Unsure::Unknown,
        };
        Self {
            stage: 0,
            stage_name: None,
            position: Position {
                column: 1,
                ..whole.position
            },
            text: "the whole Dockerfile".to_owned(),
            key: StepKey::new("frontend"),
            variant: StepKey::default(),
            from: Vec::new(),
            sources: 0..0,
            unsure: Some(unsure),
        }
    }
}

/// Whether it makes a layer of its own.
fn is_apart(made: &Made<'_, '_>) -> bool {
    matches!(&made.step.command, Ok(Command::Copy(copy) | Command::Add(copy)) if copy.link)
}

/// The doubt that a name of an image raises: none if it has the digest of the image.
fn doubt(name: &str) -> Option<Unsure> {
    let name = name.to_owned();
    (!name.contains('@')).then_some(Unsure::Image { name })
}

/// The name of an image with all that is left out in short ones.
fn canonical(name: &str) -> String {
    let (first, rest) = name.split_once('/').unwrap_or(("", name));
    let is_host = first.contains(['.', ':']) || first == "localhost";
    let mut full = match (is_host, first) {
        (true, _) => name.to_owned(),
        (false, "") => format!("docker.io/library/{rest}"),
        (false, _) => format!("docker.io/{name}"),
    };
    let last = full.rfind('/').map_or(0, |at| at + 1);
    if !full[last..].contains([':', '@']) {
        full.push_str(":latest");
    }
    full
}

/// A text with its variables filled in; as it is written, and marked, where they are not known.
pub(super) fn filled(scope: &Scope<'_>, text: &str) -> String {
    match scope.expand(text) {
        Ok(text) => text,
        Err(Unresolved::Variable(_) | Unresolved::Word(_)) => format!("\0{text}"),
    }
}

/// The names and values of an `ARG` or `ENV`.
pub(crate) fn assigned<E>(
    command: &Result<Command, E>,
    scope: &Scope<'_>,
) -> Vec<(String, Option<String>)> {
    match command {
        Ok(Command::Arg(arguments)) => {
            let arguments = arguments.iter().map(|argument| {
                let default = argument.default.as_ref();
                let default = default.map(|word| filled(scope, &word.text));
                (filled(scope, &argument.name.text), default)
            });
            arguments.collect()
        }
        Ok(Command::Env(pairs)) => pairs
            .iter()
            .map(|pair| {
                let value = filled(scope, &pair.value.text);
                (filled(scope, &pair.name.text), Some(value))
            })
            .collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}
