//! `ContextArchive`: a context that is an archive now, and changes no more.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::ContextError;
use crate::path::EntryPath;
use crate::progress::Progress;
use crate::sink::compress::Compression;
use crate::sink::file::replace;
use crate::sink::pack::{PackError, PackOptions, PackSummary, pack};
use crate::tree::Notice;
use crate::view::View;

/// The archive of a context, in a temporary file that is removed when this is dropped.
///
/// There is nothing to change in it. It may be read any number of times, each time from its start.
///
/// ```compile_fail
/// # let mut context = shipload_context::Context::new();
/// let archive = context.finalize()?;
/// context.add("more", None)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ContextArchive {
    file: NamedTempFile,
    compression: Compression,
    view: View,
    dockerfile: EntryPath,
    summary: PackSummary,
}

impl ContextArchive {
    pub(super) fn write(
        view: View,
        dockerfile: EntryPath,
        options: &PackOptions,
        progress: &Progress,
    ) -> Result<Self, ContextError> {
        let compression = options.compression;
        let mut file = tempfile::Builder::new()
            .prefix("shipload-")
            .suffix(compression.extension())
            .tempfile()
            .map_err(ContextError::Temporary)?;
        let summary = pack(&view, options, progress, file.as_file_mut())?;
        Ok(Self {
            file,
            compression,
            view,
            dockerfile,
            summary,
        })
    }

    /// The path of the temporary file.
    pub fn name(&self) -> &Path {
        self.file.path()
    }

    /// The codec of the archive, as HTTP calls it: `gzip`, `bzip2`, `xz`, `zstd`; nothing for a plain tar.
    pub fn stream_encoding(&self) -> Option<&'static str> {
        self.compression.stream_encoding()
    }

    /// The codec of the archive.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The archive, from its start.
    ///
    /// # Errors
    /// Where somebody removed the temporary file.
    pub fn reader(&self) -> io::Result<fs_err::File> {
        fs_err::File::open(self.file.path())
    }

    /// Writes a copy to the file `path`: the whole archive or nothing, as [`pack_to_file`](crate::pack_to_file), and however much
    /// of it was read before.
    ///
    /// # Errors
    /// [`PackError::Output`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<u64, PackError> {
        let mut archive = self.reader().map_err(PackError::Output)?;
        replace(path.as_ref(), |out| {
            io::copy(&mut archive, out).map_err(PackError::Output)
        })
    }

    /// The Dockerfile's path in the context.
    pub fn dockerfile(&self) -> &EntryPath {
        &self.dockerfile
    }

    /// The members.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// What was written.
    pub fn summary(&self) -> PackSummary {
        self.summary
    }

    /// What a user should know about the listing.
    pub fn notices(&self) -> &[Notice] {
        self.view.tree().notices()
    }
}
