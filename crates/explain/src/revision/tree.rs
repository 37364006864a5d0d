//! Which tree of a repository it is, and what is in it.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::{Child, ChildStdout};

use shipload_context::EntryPath;

use super::{RevisionProblem, ask, git};

/// The longest line about a file: more than the longest path that a context can have.
const LONGEST: u64 = 8 << 10;

/// The name of the tree object that `inside` is in `revision`; that of the whole revision where it is the top.
pub(super) fn id(
    repository: &Path,
    revision: &OsStr,
    inside: Option<&EntryPath>,
) -> Result<OsString, RevisionProblem> {
    let object = match inside {
        Some(path) => [revision.as_bytes(), b":", path.as_bytes()].concat(),
        None => [revision.as_bytes(), b"^{tree}"].concat(),
    };
    let object = OsString::from_vec(object);
    let verify = ["rev-parse", "--verify"].map(OsStr::new);
    let answer = ask(repository, &[verify[0], verify[1], &object])?;
    Ok(OsString::from_vec(answer))
}

/// A file in a tree.
pub(super) struct File {
    pub(super) kind: FileKind,
    /// The name of the object that its content is.
    pub(super) object: Vec<u8>,
    pub(super) path: EntryPath,
}

/// What git knows a file can be.
pub(super) enum FileKind {
    Plain,
    Executable,
    Symlink,
    Submodule,
}

/// All files of a tree, one after the other.
pub(super) struct Files {
    child: Child,
    answer: BufReader<ChildStdout>,
}

impl Files {
    pub(super) fn of(repository: &Path, tree: &OsStr) -> Result<Self, RevisionProblem> {
        let mut command = git(repository);
        command
            .args(["ls-tree", "-r", "-z", "--full-tree"])
            .arg(tree);
        let mut child = command.spawn().map_err(RevisionProblem::Git)?;
        let answer = child.stdout.take().ok_or(RevisionProblem::Unread)?;
        let answer = BufReader::new(answer);
        Ok(Self { child, answer })
    }

    /// The next one; none behind the last.
    pub(super) fn next(&mut self) -> Result<Option<File>, RevisionProblem> {
        let mut line = Vec::new();
        let mut part = self.answer.by_ref().take(LONGEST);
        part.read_until(0, &mut line)
            .map_err(RevisionProblem::Git)?;
        if line.is_empty() {
            return self.end().map(|()| None);
        }
        if line.pop() != Some(0) {
            return Err(RevisionProblem::Long(LONGEST));
        }
        let foreign = || RevisionProblem::said(&line);
        let tab = line
            .iter()
            .position(|&byte| byte == b'\t')
            .ok_or_else(foreign)?;
        let mut words = line[..tab].split(|&byte| byte == b' ');
        let kind = match words.next().ok_or_else(foreign)? {
            b"100755" => FileKind::Executable,
            b"120000" => FileKind::Symlink,
            b"160000" => FileKind::Submodule,
            // Old repositories have 100664.
            _ => FileKind::Plain,
        };
        let object = words.nth(1).ok_or_else(foreign)?.to_vec();
        let path = EntryPath::new(&line[tab + 1..]).map_err(RevisionProblem::Path)?;
        Ok(Some(File { kind, object, path }))
    }

    fn end(&mut self) -> Result<(), RevisionProblem> {
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let read = stderr.take(LONGEST).read_to_end(&mut said);
            read.map_err(RevisionProblem::Git)?;
        }
        let status = self.child.wait().map_err(RevisionProblem::Git)?;
        if status.success() {
            Ok(())
        } else {
            Err(RevisionProblem::said(&said))
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
