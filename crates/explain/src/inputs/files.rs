//! The files among the inputs of a build.

use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use shipload_context::{
    DigestsError, Entry, EntryPath, Kind, Member, Plan, Progress, ReadError, Referenced, Rules,
    Semantics, Standing, digests,
};

use super::{InputFile, InputKind, InputsError};
use crate::digest::Digest;

/// What a build reads of its context.
pub(super) struct Files {
    pub(super) files: Vec<InputFile>,
    /// For each member that the build reads the place where it stands in `files`; none of what is gone when it is read.
    pub(super) places: Vec<Option<usize>>,
}

impl Files {
    pub(super) fn of(
        plan: &Plan,
        least: &Referenced,
        progress: &Progress,
    ) -> Result<Self, InputsError> {
        let members = &least.members;
        let removed = removed(plan).map_err(DigestsError::Read)?;
        let counts = |entry: &Entry| !removed.contains(&entry.path);
        let digests = digests(&members.clone().filter(counts), None, progress)?;
        let mut digests = digests.into_iter();
        let mut implied = implied(plan, least).peekable();
        let mut all = Self {
            files: Vec::with_capacity(members.len()),
            places: Vec::with_capacity(members.len()),
        };
        for member in members.members() {
            while let Some(dir) = implied.next_if(|dir| dir.path < member.entry.path) {
                all.files.push(directory(dir));
            }
            let counts = counts(member.entry);
            all.places.push(counts.then_some(all.files.len()));
            if counts {
                let found = digests.next().flatten();
                let sha256 = found.as_ref().map(|found| found.sha256);
                let digest = Digest(sha256.unwrap_or_default());
                all.files.push(InputFile {
                    path: member.entry.path.clone(),
                    kind: kind(member.entry, digest),
                    mode: mode(&member),
                    capability: found.and_then(|found| found.capability).map(Vec::from),
                });
            }
        }
        all.files.extend(implied.map(directory));
        Ok(all)
    }

    /// Where in `files` a range of the members stands.
    pub(super) fn range(&self, members: Range<usize>) -> Range<usize> {
        let mut places = self
            .places
            .get(members)
            .unwrap_or_default()
            .iter()
            .flatten();
        match (places.next(), places.next_back()) {
            (Some(&first), last) => first..last.map_or(first, |last| *last) + 1,
            (None, _) => 0..0,
        }
    }
}

/// The excluded directories that the classic builder and podman are not sent, but make with this mode, since something in them is:
/// those that sources lead to.
fn implied<'a>(plan: &'a Plan, least: &'a Referenced) -> impl Iterator<Item = &'a Entry> {
    let is_read =
        |entry: &Entry| least.reads.is_whole() || least.read_by(&entry.path).next().is_some();
    let entries = plan.view.tree().entries().iter();
    let left_out = !plan.semantics.sends_excluded_parents();
    entries.filter(move |entry| left_out && entry.standing == Standing::Excluded && is_read(entry))
}

fn directory(entry: &Entry) -> InputFile {
    InputFile {
        path: entry.path.clone(),
        kind: InputKind::Dir,
        mode: 0o755,
        capability: None,
    }
}

fn mode(member: &Member<'_>) -> u32 {
    match member.entry.kind {
        Kind::Symlink { .. } => 0o777,
        _ => member.mode,
    }
}

/// Hard links are what they are links to.
fn kind(entry: &Entry, digest: Digest) -> InputKind {
    match &entry.kind {
        Kind::File { size } => InputKind::File {
            size: *size,
            digest,
        },
        Kind::Dir => InputKind::Dir,
        Kind::Symlink { target } => InputKind::Symlink {
            target: target.to_vec(),
        },
        Kind::Fifo => InputKind::Fifo,
        Kind::Char(device) => InputKind::Char(*device),
        Kind::Block(device) => InputKind::Block(*device),
    }
}

/// The most bytes of an ignore file that are read, as everywhere.
const TEXT_LIMIT: u64 = 16 << 20;

/// The build's own files that are sent, but are not there any more when something is copied: the classic builder and podman read
/// the ignore file that they are sent, and go by it.
fn removed(plan: &Plan) -> Result<Vec<EntryPath>, ReadError> {
    let tree = plan.view.tree();
    let dockerfile = Path::new(OsStr::from_bytes(plan.dockerfile.as_bytes()));
    let candidates = match plan.semantics {
        Semantics::Classic | Semantics::Podman => plan.semantics.candidates(),
        Semantics::BuildKit => &[],
    };
    let paths = candidates
        .iter()
        .map(|candidate| candidate.path(dockerfile, Path::new("")));
    let mut entries =
        paths.filter_map(|path| tree.get(&EntryPath::new(path.as_os_str().as_bytes()).ok()?));
    let Some(file) = entries.next().filter(|file| file.size() <= TEXT_LIMIT) else {
        return Ok(Vec::new());
    };
    let Ok(rules) = Rules::parse(plan.semantics, "", &file.read()?) else {
        return Ok(Vec::new());
    };
    let is_excluded = |path: &EntryPath| {
        let verdict = rules.explain(path.as_bytes(), false);
        verdict.is_ok_and(|verdict| verdict.excluded)
    };
    let own = [&file.path, &plan.dockerfile].into_iter();
    Ok(own.filter(|path| is_excluded(path)).cloned().collect())
}
