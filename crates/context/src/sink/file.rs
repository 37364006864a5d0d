//! An archive as a file that is whole or not there.

use std::io::{self, Write};
use std::path::Path;

use super::pack::{PackError, PackOptions, PackSummary, pack};
use crate::progress::Progress;
use crate::view::View;

/// Writes the members of `view` to the file `path`, as [`pack`].
///
/// The archive is written under a temporary name beside `path` and renamed when it is whole: whatever fails,
/// no half archive is left, and a file that was at `path` stays as it was. A file that is replaced passes its
/// permissions on. A link that leads to a file is written through, a dangling one replaced. A device or FIFO at
/// `path` is written to as it is.
///
/// # Errors
/// As [`pack`].
///
/// ```no_run
/// use shipload_context::{HostDir, PackOptions, Progress, TreeBuilder, View, pack_to_file};
///
/// let tree = TreeBuilder::new().directory(HostDir::new("site")).build()?;
/// pack_to_file(&View::new(&tree), &PackOptions::default(), &Progress::new(), "site.tar".as_ref())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pack_to_file(
    view: &View,
    options: &PackOptions,
    progress: &Progress,
    path: &Path,
) -> Result<PackSummary, PackError> {
    replace(path, |out| pack(view, options, progress, out))
}

/// Writes the file `path` as [`pack_to_file`] does, with what `write` writes.
///
/// ```
/// use shipload_context::replace_file;
///
/// # let temp = tempfile::tempdir()?;
/// # let path = temp.path().join("list");
/// replace_file(&path, |out| out.write_all(b"a\n"))?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What `write` says, and what the system says.
pub fn replace_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<T> {
    let written = replace(path, |out| write(out).map_err(PackError::Output));
    written.map_err(|error| match error {
        PackError::Output(error) => error,
        error => io::Error::other(error),
    })
}

pub(crate) fn replace<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, PackError>,
) -> Result<T, PackError> {
    let path = fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs_err::metadata(&path).ok();
    if before.as_ref().is_some_and(|m| !m.is_file()) {
        let mut out = fs_err::OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(PackError::Output)?;
        return write(&mut out);
    }
    let mut temporary = beside(&path).map_err(PackError::Output)?;
    let written = write(temporary.as_file_mut())?;
    temporary.flush().map_err(PackError::Output)?;
    if let Some(before) = before {
        let permissions = before.permissions();
        temporary
            .as_file()
            .set_permissions(permissions)
            .map_err(PackError::Output)?;
    }
    temporary
        .persist(&path)
        .map_err(|e| PackError::Output(e.error))?;
    Ok(written)
}

/// A new file in the directory of `path`, with the permissions that a new file gets; removed when dropped.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".shipload-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(dir)
        .map_err(|e| io::Error::new(e.kind(), e))
}
