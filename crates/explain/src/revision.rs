//! `Revision`: the files of a git revision as an archive, without a checkout.
//!
//! Git is asked for the names (`ls-tree`) and the contents (`cat-file`), and for nothing else: no index, no working tree and no
//! attribute takes part, so that nothing of a repository is run, neither hooks nor filters nor a monitor, and nothing is fetched.
//! What a checkout would make of contents is therefore not done: line ends, `ident`, encodings and filters, as those of LFS, whose
//! files are their pointers here.

mod error;
mod objects;
mod tree;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use shipload_context::{Archive, ArchiveOptions, ArchiveProblem, EntryPath, Progress, show};

use crate::git::Git;

pub use error::{RevisionError, RevisionProblem};

/// The files of a directory as they are in a git revision.
///
/// Modes are those of a checkout under the umask 022: 0644, 0755 for what can be executed and for directories. Times are 0.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Revision {
    /// All files; for [`Recipe::of_unpacked`](shipload_context::Recipe::of_unpacked).
    pub archive: Archive,
    /// Submodules, which are empty directories here, as in a checkout without them.
    pub submodules: Vec<EntryPath>,
}

impl Revision {
    /// Reads the files of `directory` as they are in `revision`, anything that git takes for a commit or a tree. The directory need
    /// not exist now, but has to lie in a repository.
    ///
    /// They are written to a temporary file that has no name.
    ///
    /// ```no_run
    /// use shipload_context::{Progress, Recipe};
    /// use shipload_explain::Revision;
    ///
    /// let before = Revision::read("services/web".as_ref(), "HEAD~3".as_ref(), &Progress::new())?;
    /// let plan = Recipe::of_unpacked(before.archive).plan(&Progress::new())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RevisionError`]: git is not there, knows no such revision or directory, or lacks objects that it would have to fetch; a
    /// tree with names that no context can have.
    pub fn read(
        directory: &Path,
        revision: &OsStr,
        progress: &Progress,
    ) -> Result<Self, RevisionError> {
        let fail = |problem| RevisionError {
            revision: show(revision.as_bytes()),
            directory: show(directory.as_os_str().as_bytes()),
            problem,
        };
        // Git would take it for an option.
        if revision.is_empty() || revision.as_bytes().starts_with(b"-") {
            return Err(fail(RevisionProblem::Name));
        }
        let (there, rest) = nearest(directory);
        let git = Git::in_directory(there);
        let inside = place(&git, rest).map_err(fail)?;
        let tree = tree::id(&git, revision, inside.as_ref()).map_err(fail)?;
        let name = format!("git:{}", show(revision.as_bytes()));
        let (reader, writer) = io::pipe().map_err(|e| fail(RevisionProblem::Talk(e)))?;
        let (archive, written) = std::thread::scope(|scope| {
            let write = || objects::write(&git, &tree, writer, progress);
            let writing = scope.spawn(write);
            let archive = Archive::from_reader(&name, reader, &ArchiveOptions::default());
            (archive, writing.join())
        });
        // A panic there is a panic here.
        let written = written.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match (archive, written) {
            (Ok(archive), Ok(submodules)) => Ok(Self {
                archive,
                submodules,
            }),
            // Whoever is not read to the end has nothing to say of it, and a cut archive not why.
            (Err(error), Err(RevisionProblem::Unread)) => {
                Err(fail(RevisionProblem::Archive(Box::new(error))))
            }
            (Err(error), Ok(_)) if !matches!(error.problem, ArchiveProblem::Read(_)) => {
                Err(fail(RevisionProblem::Archive(Box::new(error))))
            }
            (_, Err(problem)) => Err(fail(problem)),
            (Err(error), Ok(_)) => Err(fail(RevisionProblem::Archive(Box::new(error)))),
        }
    }
}

/// The nearest directory above, or itself, that is there now, and the rest of the way.
fn nearest(directory: &Path) -> (&Path, &Path) {
    let ancestors = directory.ancestors();
    let mut there = ancestors.filter(|dir| !dir.as_os_str().is_empty() && dir.is_dir());
    let found = there
        .next()
        .and_then(|dir| Some((dir, directory.strip_prefix(dir).ok()?)));
    found.unwrap_or((Path::new("."), directory))
}

/// Where in its repository a directory is; none for the top.
fn place(git: &Git<'_>, rest: &Path) -> Result<Option<EntryPath>, RevisionProblem> {
    let prefix = tree::prefix(git)?;
    let path = [b"./", prefix.as_slice(), b"/", rest.as_os_str().as_bytes()].concat();
    if path
        .split(|&byte| byte == b'/')
        .all(|part| matches!(part, b"" | b"."))
    {
        return Ok(None);
    }
    let path = EntryPath::cleaned(&path);
    path.map(Some).map_err(RevisionProblem::Path)
}
