//! `Places`: files as whoever reads the findings knows them: relative to where the program runs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload::context::{EntryPath, show};
use shipload::explain::{Finding, Location};

use crate::exit::Failure;

/// Where findings are, seen from the current directory.
pub(super) struct Places {
    /// The current directory, links resolved.
    here: PathBuf,
    /// The context directory, links resolved.
    context: PathBuf,
}

impl Places {
    pub(super) fn new(context: &Path) -> Result<Self, Failure> {
        let fail = |error: std::io::Error| {
            Failure::new("cannot tell where the current directory is").caused_by(&error)
        };
        let here = std::env::current_dir().and_then(fs_err::canonicalize);
        Ok(Self {
            here: here.map_err(fail)?,
            context: fs_err::canonicalize(context).map_err(fail)?,
        })
    }

    /// A file of this machine: relative if it is below the current directory, else whole.
    pub(super) fn file<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.here).unwrap_or(path)
    }

    /// Something in the context, as a file.
    pub(super) fn entry(&self, path: &EntryPath) -> PathBuf {
        let path = self.context.join(OsStr::from_bytes(path.as_bytes()));
        self.file(&path).to_owned()
    }

    /// The file that a finding is about.
    pub(super) fn of(&self, finding: &Finding) -> Option<PathBuf> {
        match (&finding.location, &finding.path) {
            (Some(location), _) => Some(self.file(&location.file).to_owned()),
            (None, Some(path)) => Some(self.entry(path)),
            (None, None) => None,
        }
    }

    /// The context directory, for what is about all of it.
    pub(super) fn context(&self) -> &Path {
        match self.file(&self.context) {
            here if here.as_os_str().is_empty() => Path::new("."),
            context => context,
        }
    }
}

/// A path for a person.
pub(super) fn shown(path: &Path) -> String {
    show(path.as_os_str().as_bytes())
}

/// Where a place begins and ends in its line, in characters counted from 1; the end is behind it.
pub(super) fn columns(location: &Location) -> (usize, usize) {
    let chars = |bytes: usize| {
        let text = location.excerpt.as_bytes();
        let text = &text[..bytes.min(text.len())];
        String::from_utf8_lossy(text).chars().count()
    };
    let start = location.column.saturating_sub(1);
    let first = if location.excerpt.is_empty() {
        start
    } else {
        chars(start)
    };
    let last = chars(start + location.width).max(first);
    (first + 1, last + 1)
}
