//! The lines of a manifest, as they stand in it. The order of fields is that of the text, and so a part of the form.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use shipload_context::{Device, EntryPath, Semantics, Unsure};

use super::ManifestProblem;
use crate::digest::Digest;
use crate::inputs::{InputFile, InputKind, Inputs, Step};

/// The version of the form.
pub(super) const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadLine<'a> {
    pub(super) manifest: u64,
    pub(super) dockerfile: Digest,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    pub(super) target: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    pub(super) platform: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) arguments: Cow<'a, BTreeMap<String, Option<Digest>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_b64: Option<String>,
    #[serde(rename = "type")]
    kind: FileType,
    mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    target: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    major: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<u32>,
}

/// The words that listings have for it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileType {
    File,
    Dir,
    Symlink,
    Fifo,
    Char,
    Block,
}

/// Permission bits, as an octal string of four digits or more.
#[derive(Clone, Copy)]
struct Mode(u32);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DigestLine {
    pub(super) digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BuilderLine {
    builder: BuilderName,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BuilderName {
    Classic,
    Buildkit,
    Podman,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepLine<'a> {
    stage: usize,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    stage_name: Option<Cow<'a, str>>,
    line: usize,
    #[serde(borrow)]
    text: Cow<'a, str>,
    key: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Digest>,
    reads: Vec<(usize, usize)>,
    from: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    unsure: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none", borrow)]
    unsure_of: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) end: Digest,
}

impl<'a> HeadLine<'a> {
    pub(super) fn of(inputs: &'a Inputs) -> Self {
        Self {
            manifest: VERSION,
            dockerfile: inputs.dockerfile,
            target: inputs.target.as_deref().map(Cow::Borrowed),
            platform: inputs.platform.as_deref().map(Cow::Borrowed),
            arguments: Cow::Borrowed(&inputs.arguments),
        }
    }
}

impl<'a> FileLine<'a> {
    pub(super) fn of(file: &'a InputFile) -> Self {
        let (path, path_b64) = text(file.path.as_bytes());
        let line = Self {
            path,
            path_b64,
            kind: FileType::File,
            mode: Mode(file.mode),
            size: None,
            digest: None,
            capability_b64: file.capability.as_ref().map(|value| STANDARD.encode(value)),
            target: None,
            target_b64: None,
            major: None,
            minor: None,
        };
        let device =
            |kind: FileType, device: &Device| (kind, Some(device.major), Some(device.minor));
        let (kind, major, minor) = match &file.kind {
            InputKind::File { size, digest } => {
                return Self {
                    size: Some(*size),
                    digest: Some(*digest),
                    ..line
                };
            }
            InputKind::Symlink { target } => {
                let (target, target_b64) = text(target);
                return Self {
                    kind: FileType::Symlink,
                    target,
                    target_b64,
                    ..line
                };
            }
            InputKind::Dir => (FileType::Dir, None, None),
            InputKind::Fifo => (FileType::Fifo, None, None),
            InputKind::Char(numbers) => device(FileType::Char, numbers),
            InputKind::Block(numbers) => device(FileType::Block, numbers),
        };
        Self {
            kind,
            major,
            minor,
            ..line
        }
    }

    pub(super) fn file(self) -> Result<InputFile, ManifestProblem> {
        let missing = |what: &str| ManifestProblem::Malformed(format!("it has no {what}"));
        let path = bytes(self.path, self.path_b64)?.ok_or_else(|| missing("path"))?;
        let target = bytes(self.target, self.target_b64)?;
        let device = || -> Result<Device, ManifestProblem> {
            Ok(Device {
                major: self.major.ok_or_else(|| missing("major"))?,
                minor: self.minor.ok_or_else(|| missing("minor"))?,
            })
        };
        let kind = match self.kind {
            FileType::File => InputKind::File {
                size: self.size.ok_or_else(|| missing("size"))?,
                digest: self.digest.ok_or_else(|| missing("digest"))?,
            },
            FileType::Dir => InputKind::Dir,
            FileType::Symlink => InputKind::Symlink {
                target: target.ok_or_else(|| missing("target"))?,
            },
            FileType::Fifo => InputKind::Fifo,
            FileType::Char => InputKind::Char(device()?),
            FileType::Block => InputKind::Block(device()?),
        };
        Ok(InputFile {
            path: EntryPath::new(&path).map_err(ManifestProblem::Path)?,
            kind,
            mode: self.mode.0,
            capability: bytes(None, self.capability_b64)?,
        })
    }
}

impl BuilderLine {
    pub(super) fn of(semantics: Semantics) -> Self {
        let builder = match semantics {
            Semantics::Classic => BuilderName::Classic,
            Semantics::BuildKit => BuilderName::Buildkit,
            Semantics::Podman => BuilderName::Podman,
        };
        Self { builder }
    }

    pub(super) fn semantics(&self) -> Semantics {
        match self.builder {
            BuilderName::Classic => Semantics::Classic,
            BuilderName::Buildkit => Semantics::BuildKit,
            BuilderName::Podman => Semantics::Podman,
        }
    }
}

impl<'a> StepLine<'a> {
    pub(super) fn of(step: &'a Step) -> Self {
        let reads = step.reads.iter();
        let (unsure, of) = step.unsure.as_ref().map(doubt).unzip();
        Self {
            stage: step.stage,
            stage_name: step.stage_name.as_deref().map(Cow::Borrowed),
            line: step.line,
            text: Cow::Borrowed(&step.text),
            key: step.key,
            variant: step.variant,
            content: step.content,
            reads: reads.map(|range| (range.start, range.end)).collect(),
            from: step.from.clone(),
            unsure: unsure.map(Cow::Borrowed),
            unsure_of: of.flatten().map(Cow::Borrowed),
        }
    }

    /// The step, if it reads each of the first `files` files at most once and nothing else.
    pub(super) fn step(self, files: usize) -> Result<Step, ManifestProblem> {
        let mut last = 0;
        for &(start, end) in &self.reads {
            if start < last || end <= start || end > files {
                return Err(ManifestProblem::Range);
            }
            last = end;
        }
        let reads = self.reads.into_iter();
        Ok(Step {
            stage: self.stage,
            stage_name: self.stage_name.map(Cow::into_owned),
            line: self.line,
            text: self.text.into_owned(),
            key: self.key,
            variant: self.variant,
            content: self.content,
            unsure: self
                .unsure
                .map(|word| unsure(&word, self.unsure_of.as_deref()))
                .transpose()?,
            reads: reads.map(|(start, end)| start..end).collect(),
            from: self.from,
        })
    }
}

/// The word for a doubt, and what it is about.
fn doubt(unsure: &Unsure) -> (&'static str, Option<&str>) {
    match unsure {
        Unsure::Image { name } => ("image", Some(name)),
        Unsure::Triggers { name } => ("triggers", Some(name)),
        Unsure::Remote => ("remote", None),
        Unsure::Sources => ("sources", None),
        Unsure::Wildcards => ("wildcards", None),
        Unsure::Apart => ("apart", None),
        Unsure::Frontend { syntax } => ("frontend", Some(syntax)),
        Unsure::Work => ("work", None),
        _ => ("unknown", None),
    }
}

fn unsure(word: &str, of: Option<&str>) -> Result<Unsure, ManifestProblem> {
    let missing = || ManifestProblem::Malformed("it has no unsure_of".to_owned());
    let of = || of.map(str::to_owned).ok_or_else(missing);
    Ok(match word {
        "image" => Unsure::Image { name: of()? },
        "triggers" => Unsure::Triggers { name: of()? },
        "remote" => Unsure::Remote,
        "sources" => Unsure::Sources,
        "wildcards" => Unsure::Wildcards,
        "apart" => Unsure::Apart,
        "frontend" => Unsure::Frontend { syntax: of()? },
        "work" => Unsure::Work,
        "unknown" => Unsure::Unknown,
        word => {
            let problem = format!("`{word}` is no doubt");
            return Err(ManifestProblem::Malformed(problem));
        }
    })
}

/// A value as text, or what is not UTF-8 as base64.
fn text(bytes: &[u8]) -> (Option<Cow<'_, str>>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(Cow::Borrowed(text)), None),
        Err(_) => (None, Some(STANDARD.encode(bytes))),
    }
}

fn bytes(
    text: Option<Cow<'_, str>>,
    base64: Option<String>,
) -> Result<Option<Vec<u8>>, ManifestProblem> {
    match (text, base64) {
        (Some(text), _) => Ok(Some(text.into_owned().into_bytes())),
        (None, Some(base64)) => {
            let bytes = STANDARD.decode(base64);
            bytes
                .map(Some)
                .map_err(|e| ManifestProblem::Malformed(e.to_string()))
        }
        (None, None) => Ok(None),
    }
}

impl Serialize for Mode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:04o}", self.0))
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'_, str>>::deserialize(deserializer)?;
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o7777 => Ok(Self(mode)),
            _ => Err(serde::de::Error::custom(
                "the mode is not four octal digits",
            )),
        }
    }
}
