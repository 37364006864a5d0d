//! Files and directories of this machine in a context.

use std::path::PathBuf;

use super::{ContextError, ContextOptions};
use crate::path::{EntryPath, PathError};
use crate::recipe::rules_of;
use crate::source::host::HostDir;
use crate::tree::TreeBuilder;

/// Adds a file, or a directory under the rules it has.
pub(super) fn add(
    builder: TreeBuilder,
    path: PathBuf,
    at: Option<EntryPath>,
    options: &ContextOptions,
) -> Result<TreeBuilder, ContextError> {
    let fail = |source| ContextError::Read {
        path: path.clone(),
        source,
    };
    if !fs_err::metadata(&path).map_err(fail)?.is_dir() {
        let at = at.ok_or_else(|| ContextError::Name {
            name: ".".into(),
            source: PathError::Empty(".".into()),
        })?;
        return Ok(builder.file(path, at));
    }
    let real = fs_err::canonicalize(&path).map_err(fail)?;
    let rules = rules_of(&real, options.semantics)?;
    let dir = HostDir::new(real)
        .rules(rules)
        .on_unreadable(options.unreadable);
    Ok(builder.directory(match at {
        Some(at) => dir.at(at),
        None => dir,
    }))
}
