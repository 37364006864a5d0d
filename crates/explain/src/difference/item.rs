//! The entries of either side in one form.

use std::borrow::Cow;

use shipload_context::{Entry, EntryPath, Kind, Member};

use super::{Change, Side, State};
use crate::digest::Digest;
use crate::inputs::{InputFile, InputKind};

/// An entry.
pub(super) struct Item<'a> {
    pub(super) path: Cow<'a, EntryPath>,
    pub(super) kind: Cow<'a, Kind>,
    mode: u32,
    /// What its content comes to, and its `security.capability`, where they are known.
    pub(super) known: Option<(Digest, Option<&'a [u8]>)>,
    /// Where to read the content.
    pub(super) entry: Option<&'a Entry>,
}

/// The entries of a side in the order of their paths.
pub(super) fn items<'a>(side: &Side<'a>) -> Vec<Item<'a>> {
    match side {
        Side::Inputs(inputs) => inputs.files.iter().map(Item::of_input).collect(),
        Side::Context { view, known } => {
            let mut known = known
                .map_or(&[][..], |inputs| &inputs.files)
                .iter()
                .peekable();
            let mut items: Vec<Item<'a>> = Vec::with_capacity(view.len());
            for member in view.members() {
                let path = &member.entry.path;
                add_parents(&mut items, path);
                while known.next_if(|file| file.path < *path).is_some() {}
                let file = known.next_if(|file| file.path == *path);
                items.push(Item::of_member(&member, file.and_then(content)));
            }
            items
        }
    }
}

/// Adds the directories above `path` that nobody listed.
fn add_parents(items: &mut Vec<Item<'_>>, path: &EntryPath) {
    let last = items
        .last()
        .map(|item| item.path.as_bytes())
        .unwrap_or_default();
    let bytes = path.as_bytes();
    let is_new = |end: usize| {
        let dir = &bytes[..end];
        // Whatever is in the directory comes after it, and nothing stands between the two.
        !(last == dir
            || last
                .strip_prefix(dir)
                .is_some_and(|rest| rest.starts_with(b"/")))
    };
    let ends = (0..bytes.len()).filter(|&end| bytes[end] == b'/' && is_new(end));
    let new: Vec<EntryPath> = ends
        .filter_map(|end| EntryPath::new(&bytes[..end]).ok())
        .collect();
    items.extend(new.into_iter().map(|path| Item {
        path: Cow::Owned(path),
        kind: Cow::Owned(Kind::Dir),
        mode: 0o755,
        known: None,
        entry: None,
    }));
}

fn content(file: &InputFile) -> Option<(Digest, Option<&[u8]>)> {
    match file.kind {
        InputKind::File { digest, .. } => Some((digest, file.capability.as_deref())),
        _ => None,
    }
}

impl<'a> Item<'a> {
    fn of_member(member: &Member<'a>, known: Option<(Digest, Option<&'a [u8]>)>) -> Self {
        let entry = member.entry;
        Self {
            path: Cow::Borrowed(&entry.path),
            kind: Cow::Borrowed(&entry.kind),
            mode: match entry.kind {
                Kind::Symlink { .. } => 0o777,
                _ => member.mode,
            },
            known,
            entry: Some(entry),
        }
    }

    fn of_input(file: &'a InputFile) -> Self {
        let kind = match &file.kind {
            InputKind::File { size, .. } => Kind::File { size: *size },
            InputKind::Dir => Kind::Dir,
            InputKind::Symlink { target } => Kind::Symlink {
                target: target.clone().into(),
            },
            InputKind::Fifo => Kind::Fifo,
            InputKind::Char(device) => Kind::Char(*device),
            InputKind::Block(device) => Kind::Block(*device),
        };
        Self {
            path: Cow::Borrowed(&file.path),
            kind: Cow::Owned(kind),
            mode: file.mode,
            known: content(file),
            entry: None,
        }
    }

    /// What happened to it, as far as it can be told without reading contents.
    pub(super) fn change(&self, to: &Self) -> Option<Change> {
        if self.kind.name() != to.kind.name() {
            return Some(Change::Type);
        }
        let known = self.known.zip(to.known);
        if self.kind != to.kind || known.is_some_and(|(one, other)| one != other) {
            return Some(Change::Modified);
        }
        (self.mode != to.mode).then_some(Change::Mode)
    }

    pub(super) fn state(&self) -> State {
        State {
            kind: self.kind.as_ref().clone(),
            mode: self.mode,
            digest: self.known.map(|(digest, _)| digest),
        }
    }
}
