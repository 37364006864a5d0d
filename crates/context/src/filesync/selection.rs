//! Which members of a view a call gets, as fsutil's `NewFilterFS` decides.
//!
//! Followed paths become include patterns. A walk holds each member against include and exclude patterns, and does not enter
//! directories below which neither can let anything through. A directory that is not wanted itself comes with what is wanted in it.

use shipload_ignore::{Frame, Includes, Rules, Semantics};

use super::follow::{self, Followed};
use super::{SyncError, SyncRequest};
use crate::entry::Standing;
use crate::path::EntryPath;
use crate::view::View;

/// A directory on the way to the present member.
struct Dir<'v> {
    path: &'v EntryPath,
    wanted: Frame,
    unwanted: Frame,
}

/// The members that are wanted, and the directories above them.
pub(super) fn select(view: &View, request: &SyncRequest) -> Result<View, SyncError> {
    let all = view.with_directories(|_| true);
    let includes = includes(view, request)?;
    let excludes = excludes(request)?;
    if includes.is_none() && excludes.is_none() {
        return Ok(all);
    }
    let mut is_wanted = vec![false; all.len()];
    let mut dirs: Vec<Dir<'_>> = Vec::new();
    let mut left: Option<&EntryPath> = None;
    let mut named = view.members().map(|member| &member.entry.path).peekable();
    for (member, is_wanted) in all.members().zip(&mut is_wanted) {
        let entry = member.entry;
        let path = &entry.path;
        // Directories that the view has not, or only because of what is in them, are wanted for that alone.
        let is_named = named.next_if_eq(&path).is_some() && entry.standing != Standing::Excluded;
        if left.is_some_and(|left| path.starts_with(left)) {
            continue;
        }
        while dirs.last().is_some_and(|dir| !path.starts_with(dir.path)) {
            dirs.pop();
        }
        let above = dirs.last();
        let mut is_let_through = true;
        let mut enter = entry.is_dir();
        let mut wanted = Frame::default();
        let mut unwanted = Frame::default();
        if let Some(includes) = &includes {
            let parent = above.map_or_else(|| includes.root(), |dir| dir.wanted.clone());
            let judged = includes
                .judge(&parent, path.as_bytes(), entry.is_dir())
                .map_err(SyncError::Match)?;
            is_let_through &= judged.included;
            enter &= judged.enter;
            wanted = judged.frame;
        }
        if let Some(excludes) = excludes.as_ref().filter(|_| enter || !entry.is_dir()) {
            let parent = above.map_or_else(|| excludes.root(), |dir| dir.unwanted.clone());
            let judged = excludes
                .judge(&parent, path.as_bytes(), entry.is_dir())
                .map_err(SyncError::Match)?;
            is_let_through &= !judged.excluded;
            enter &= judged.enter;
            unwanted = judged.frame;
        }
        *is_wanted = is_named && is_let_through;
        if !entry.is_dir() {
            continue;
        }
        if enter {
            dirs.push(Dir {
                path,
                wanted,
                unwanted,
            });
        } else {
            left = Some(path);
        }
    }
    Ok(all.with_directories(|member| is_wanted[member]))
}

/// What is wanted; everything, if nothing is said.
fn includes(view: &View, request: &SyncRequest) -> Result<Option<Includes>, SyncError> {
    let mut patterns: Vec<Vec<u8>> = request
        .include_patterns
        .iter()
        .map(|p| p.clone().into())
        .collect();
    if !request.follow_paths.is_empty() {
        match follow::follow(view.tree(), &request.follow_paths) {
            Followed::Patterns(found) => {
                if patterns.iter().any(|pattern| pattern == b".") {
                    return Ok(None);
                }
                patterns.extend(found);
            }
            Followed::Root => {}
            Followed::TooMuch => return Ok(None),
        }
    }
    if patterns.is_empty() {
        return Ok(None);
    }
    let name = "include-patterns";
    Includes::new(name, patterns)
        .map(Some)
        .map_err(SyncError::Pattern)
}

/// What is not wanted, whatever else is said.
fn excludes(request: &SyncRequest) -> Result<Option<Rules>, SyncError> {
    if request.exclude_patterns.is_empty() {
        return Ok(None);
    }
    let rules = Rules::builder(Semantics::BuildKit);
    let rules = rules
        .patterns("exclude-patterns", &request.exclude_patterns)
        .map_err(SyncError::Pattern)?;
    Ok(Some(rules.build()))
}
