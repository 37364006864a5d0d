//! The name in a directory that somebody may have meant.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use shipload_context::EntryPath;

/// A path that is there, and differs from one that is not in little of its last name.
pub(super) fn name(directory: &Path, path: &EntryPath) -> Option<EntryPath> {
    let parent = path.parent();
    let dir = match &parent {
        Some(parent) => super::host_path(directory, parent),
        None => directory.to_owned(),
    };
    let wanted = String::from_utf8_lossy(path.file_name()).to_lowercase();
    let allowed = (wanted.chars().count() / 3).clamp(1, 4);
    let names = fs_err::read_dir(dir).ok()?.flatten();
    let near = names.filter_map(|entry| {
        let name = entry.file_name();
        let own = name.to_string_lossy().to_lowercase();
        // Names of very different lengths need not be compared.
        let may_be_near = own.len().abs_diff(wanted.len()) <= 4 * allowed;
        let distance = may_be_near.then(|| strsim::damerau_levenshtein(&own, &wanted))?;
        (distance <= allowed).then(|| (distance, name.as_bytes().to_vec()))
    });
    let (_, name) = near.min()?;
    let path = match &parent {
        Some(parent) => [parent.as_bytes(), &name].join(&b'/'),
        None => name,
    };
    EntryPath::new(path).ok()
}
