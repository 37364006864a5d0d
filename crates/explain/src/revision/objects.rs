//! The files of a tree as a tar, their contents from `git cat-file`.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use shipload_context::{EntryPath, Progress, show};
use tar::{Builder, EntryType, Header};

use super::RevisionProblem;
use super::tree::{FileKind, Files};
use crate::git::{Git, GitError};

/// The longest target of a link, in bytes, as in archives.
const TARGET: u64 = EntryPath::MAX_LEN as u64;

/// Writes the files of `tree` to `out` as a tar, and gives back the submodules.
pub(super) fn write(
    git: &Git<'_>,
    tree: &OsStr,
    out: impl Write,
    progress: &Progress,
) -> Result<Vec<EntryPath>, RevisionProblem> {
    let mut files = Files::of(git, tree)?;
    let mut objects = Objects::new(git)?;
    let mut out = Builder::new(io::BufWriter::with_capacity(64 << 10, out));
    let mut submodules = Vec::new();
    while let Some(file) = files.next()? {
        if progress.cancelled() {
            return Err(RevisionProblem::Cancelled);
        }
        let (kind, mode) = match file.kind {
            FileKind::Plain => (EntryType::Regular, 0o644),
            FileKind::Executable => (EntryType::Regular, 0o755),
            FileKind::Symlink => (EntryType::Symlink, 0o777),
            FileKind::Submodule => (EntryType::Directory, 0o755),
        };
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        match file.kind {
            FileKind::Submodule => {
                append(&mut out, header, &file.path, &[], io::empty())?;
                submodules.push(file.path);
            }
            FileKind::Symlink => {
                let target = objects.read(&file.object)?;
                append(&mut out, header, &file.path, &target, io::empty())?;
            }
            FileKind::Plain | FileKind::Executable => {
                header.set_size(objects.ask(&file.object)?);
                append(&mut out, header, &file.path, &[], objects.content())?;
                objects.end()?;
            }
        }
    }
    let mut out = out.into_inner().map_err(unread)?;
    out.flush().map_err(unread)?;
    Ok(submodules)
}

/// Appends a member; names that do not fit into its header stand in an extended one.
fn append(
    out: &mut Builder<impl Write>,
    mut header: Header,
    path: &EntryPath,
    target: &[u8],
    content: impl Read,
) -> Result<(), RevisionProblem> {
    let old = header.as_old_mut();
    let mut long = Vec::new();
    for (field, key, name) in [
        (&mut old.name, "path", path.as_bytes()),
        (&mut old.linkname, "linkpath", target),
    ] {
        if name.len() > field.len() {
            long.push((key, name));
        }
        let len = name.len().min(field.len());
        field[..len].copy_from_slice(&name[..len]);
    }
    header.set_cksum();
    if !long.is_empty() {
        out.append_pax_extensions(long).map_err(unread)?;
    }
    out.append(&header, content).map_err(unread)
}

/// Whoever reads the archive stopped, or git did.
fn unread(error: io::Error) -> RevisionProblem {
    match error.kind() {
        io::ErrorKind::BrokenPipe => RevisionProblem::Unread,
        _ => RevisionProblem::Talk(error),
    }
}

/// A `git cat-file` that is asked for one object after the other.
struct Objects {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// How many bytes of the object at hand are not read yet.
    left: u64,
}

impl Objects {
    fn new(git: &Git<'_>) -> Result<Self, RevisionProblem> {
        let mut command = git.command(&["cat-file", "--batch"]);
        // What it says on standard error it also says by its answer or its end.
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(GitError::Run)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (questions, answers) = pipes.ok_or(RevisionProblem::Unread)?;
        Ok(Self {
            child,
            questions,
            answers: BufReader::with_capacity(64 << 10, answers),
            left: 0,
        })
    }

    /// Asks for an object: its size.
    fn ask(&mut self, object: &[u8]) -> Result<u64, RevisionProblem> {
        let question = [object, b"\n"].concat();
        let asked = self.questions.write_all(&question);
        asked
            .and_then(|()| self.questions.flush())
            .map_err(RevisionProblem::Talk)?;
        let mut answer = Vec::new();
        let mut head = self.answers.by_ref().take(1 << 10);
        head.read_until(b'\n', &mut answer)
            .map_err(RevisionProblem::Talk)?;
        let text = String::from_utf8_lossy(&answer);
        let mut words = text.trim_end().rsplit(' ');
        let size = words.next().and_then(|size| size.parse().ok());
        match (size, words.next()) {
            (Some(size), Some("blob")) => {
                self.left = size;
                Ok(size)
            }
            _ => Err(RevisionProblem::Missing(show(object))),
        }
    }

    /// The content of the object at hand.
    fn content(&mut self) -> impl Read {
        let left = std::mem::take(&mut self.left);
        self.answers.by_ref().take(left)
    }

    /// Reads the line feed behind an object.
    fn end(&mut self) -> Result<(), RevisionProblem> {
        let mut end = [0];
        self.answers
            .read_exact(&mut end)
            .map_err(RevisionProblem::Talk)
    }

    /// A small object, whole.
    fn read(&mut self, object: &[u8]) -> Result<Vec<u8>, RevisionProblem> {
        if self.ask(object)? > TARGET {
            return Err(RevisionProblem::Long(TARGET));
        }
        let mut content = Vec::new();
        let read = self.content().read_to_end(&mut content);
        read.map_err(RevisionProblem::Talk)?;
        self.end()?;
        Ok(content)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
