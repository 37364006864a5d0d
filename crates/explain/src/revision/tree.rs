//! Which tree of a repository it is, and what is in it.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::process::{Child, ChildStdout};
use std::time::Duration;

use shipload_context::{EntryPath, show};

use super::RevisionProblem;
use crate::git::{Git, GitError, Limits};

/// The longest line about a file: more than the longest path that a context can have.
const LONGEST: u64 = 8 << 10;

/// How much a name may take.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    bytes: 8 << 10,
};

/// Where in its repository the directory is in which git runs, with a slash at the end.
pub(super) fn prefix(git: &Git<'_>) -> Result<Vec<u8>, RevisionProblem> {
    ask(git, &["--show-prefix".as_ref()])
}

/// The name of the tree object that `inside` is in `revision`; that of the whole revision where it is the top.
pub(super) fn id(
    git: &Git<'_>,
    revision: &OsStr,
    inside: Option<&EntryPath>,
) -> Result<OsString, RevisionProblem> {
    let whole = object(git, revision)?.ok_or(RevisionProblem::Unknown)?;
    let Some(top) = peeled(git, &whole, "^{tree}")? else {
        // Every commit has a tree, somewhere.
        let commit = peeled(git, &whole, "^{commit}")?;
        let missing = commit.map(|commit| RevisionProblem::Missing(show(commit.as_bytes())));
        return Err(missing.unwrap_or(RevisionProblem::NoDirectory));
    };
    let Some(path) = inside else {
        return Ok(top);
    };
    let found = object(git, &join(&top, ":", path.as_bytes()))?;
    let found = found.ok_or(RevisionProblem::NoDirectory)?;
    peeled(git, &found, "^{tree}")?.ok_or(RevisionProblem::NoDirectory)
}

/// The object of a type that another object is or leads to; none where it is of another type.
fn peeled(git: &Git<'_>, found: &OsStr, kind: &str) -> Result<Option<OsString>, RevisionProblem> {
    match object(git, &join(found, kind, b"")) {
        // It says which type it has instead.
        Err(RevisionProblem::Git(GitError::Failed { .. })) => Ok(None),
        peeled => peeled,
    }
}

fn join(object: &OsStr, between: &str, path: &[u8]) -> OsString {
    let mut object = object.to_owned();
    object.push(between);
    object.push(OsStr::from_bytes(path));
    object
}

/// The name of an object by a name that people give it; none where there is none.
fn object(git: &Git<'_>, name: &OsStr) -> Result<Option<OsString>, RevisionProblem> {
    let arguments = ["--verify".as_ref(), "--quiet".as_ref(), name];
    match ask(git, &arguments) {
        Ok(name) => Ok(Some(OsString::from_vec(name))),
        Err(RevisionProblem::Git(GitError::Silent)) => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// What `rev-parse` answers, without the line feed at the end.
fn ask(git: &Git<'_>, arguments: &[&OsStr]) -> Result<Vec<u8>, RevisionProblem> {
    let arguments = [&["rev-parse".as_ref()], arguments].concat();
    let mut answer = git.ask(&arguments, LIMITS)?;
    if answer.is_cut {
        return Err(RevisionProblem::Long(LONGEST));
    }
    if answer.bytes.last() == Some(&b'\n') {
        answer.bytes.pop();
    }
    Ok(answer.bytes)
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
    pub(super) fn of(git: &Git<'_>, tree: &OsStr) -> Result<Self, RevisionProblem> {
        let arguments = ["ls-tree", "-r", "-z", "--full-tree"].map(OsStr::new);
        let mut command = git.command(&arguments);
        let mut child = command.arg(tree).spawn().map_err(GitError::Run)?;
        let answer = child.stdout.take().ok_or(RevisionProblem::Unread)?;
        let answer = BufReader::new(answer);
        Ok(Self { child, answer })
    }

    /// The next one; none behind the last.
    pub(super) fn next(&mut self) -> Result<Option<File>, RevisionProblem> {
        let mut line = Vec::new();
        let mut part = self.answer.by_ref().take(LONGEST);
        part.read_until(0, &mut line)
            .map_err(RevisionProblem::Talk)?;
        if line.is_empty() {
            return self.end().map(|()| None);
        }
        if line.pop() != Some(0) {
            return Err(RevisionProblem::Long(LONGEST));
        }
        let foreign = || GitError::said(&line);
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
            read.map_err(RevisionProblem::Talk)?;
        }
        let status = self.child.wait().map_err(RevisionProblem::Talk)?;
        if status.success() {
            Ok(())
        } else {
            Err(GitError::said(&said).into())
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
