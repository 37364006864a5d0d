//! `Fate`: what becomes of a file of the context in a build.

use shipload_context::{EntryPath, Plan, Referenced, Request, Semantics};
use shipload_dockerfile::{ContextSource, Reader as Reads};

use super::{lower, shown_instruction};
use crate::code::Severity;
use crate::finding::Location;

/// What a build does with the files of its context.
pub(super) struct Fates<'a> {
    plan: &'a Plan,
    least: Option<&'a Referenced>,
    /// The stage that becomes the image.
    last: Option<usize>,
}

/// What becomes of one file.
pub(super) enum Fate<'a> {
    /// An instruction reads it.
    Read(Reader<'a>),
    /// It cannot be told what is read.
    Unknown,
    /// No instruction reads it, and it is sent all the same.
    Sent,
    /// No instruction reads it, and this builder asks only for what is read.
    Left,
}

/// The instruction that reads a file.
pub(super) struct Reader<'a> {
    pub(super) source: &'a ContextSource,
    /// The Dockerfile, as a user knows it.
    dockerfile: String,
    is_last: bool,
}

impl<'a> Fates<'a> {
    pub(super) fn new(plan: &'a Plan, least: Option<&'a Referenced>, request: &Request) -> Self {
        let dockerfile = plan.parse_dockerfile().ok();
        let stages = dockerfile
            .as_ref()
            .and_then(|dockerfile| dockerfile.stages().ok());
        let image = stages.and_then(|stages| match request.target.as_deref() {
            None | Some("") => stages.stages.len().checked_sub(1),
            Some(name) => stages.find(name),
        });
        Self {
            plan,
            least,
            last: image,
        }
    }

    /// What becomes of a file: of the instructions that read it, the one that puts it furthest.
    pub(super) fn of(&self, path: &EntryPath) -> Fate<'a> {
        let Some(least) = self.least else {
            return Fate::Unknown;
        };
        let is_last = |source: &ContextSource| self.last.is_none_or(|last| source.stage == last);
        let rank = |source: &&ContextSource| (source.reader != Reads::Mount, is_last(source));
        // Of equals the first.
        let mut best: Option<&ContextSource> = None;
        for source in least.read_by(path) {
            if best.as_ref().is_none_or(|best| rank(&source) > rank(best)) {
                best = Some(source);
            }
        }
        match best {
            Some(source) => Fate::Read(Reader {
                source,
                dockerfile: self.plan.dockerfile_shown(),
                is_last: is_last(source),
            }),
            None if !least.reads.whole.is_empty() => Fate::Unknown,
            None if self.plan.semantics == Semantics::BuildKit => Fate::Left,
            None => Fate::Sent,
        }
    }
}

impl Fate<'_> {
    /// The second half of a sentence.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Read(reader) => reader.told(),
            Self::Unknown => "it is sent to the builder, and it cannot be told what the Dockerfile reads".to_owned(),
            Self::Sent => "it is sent to the builder, but no instruction reads it".to_owned(),
            Self::Left => "no instruction reads it, so that BuildKit does not fetch it, but archives and other builders get it".to_owned(),
        }
    }

    /// How bad something is that this becomes of.
    pub(super) fn weigh(&self, severity: Severity) -> Severity {
        match self {
            Self::Read(reader) if reader.is_last && reader.source.reader != Reads::Mount => {
                severity
            }
            Self::Unknown => severity,
            Self::Read(_) | Self::Sent => lower(severity),
            Self::Left => Severity::Note,
        }
    }

    /// Whether an instruction reads it.
    pub(super) fn is_read(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}

impl Reader<'_> {
    fn told(&self) -> String {
        let Self {
            source,
            dockerfile,
            is_last,
        } = self;
        let stage = match &source.stage_name {
            Some(name) => format!("stage `{name}`"),
            None => format!("stage {}", source.stage),
        };
        let line = source.position.line;
        let instruction = shown_instruction(&source.excerpt);
        let instruction: String = if instruction.chars().count() > 80 {
            instruction.chars().take(79).chain(['…']).collect()
        } else {
            instruction.to_owned()
        };
        let shown = shipload_context::show(instruction.as_bytes());
        let at = format!("`{shown}` ({dockerfile}:{line}, {stage})");
        match (&source.reader, is_last) {
            (Reads::Mount, _) => format!(
                "{at} mounts it, which leaves it out of the image unless the command copies it"
            ),
            (_, true) => format!("{at} would put it into the image"),
            (_, false) => format!(
                "{at} would put it into a stage that is not the image: it stays in the build cache, and goes where that stage is copied"
            ),
        }
    }

    /// Where the instruction is.
    pub(super) fn location(&self, plan: &Plan) -> Location {
        let file = plan
            .dockerfile_host
            .clone()
            .unwrap_or_else(|| self.dockerfile.clone().into());
        let (at, excerpt) = (self.source.position, self.source.excerpt.to_string());
        Location {
            file,
            line: at.line,
            column: at.column,
            width: self.source.written.len(),
            excerpt,
        }
    }
}
