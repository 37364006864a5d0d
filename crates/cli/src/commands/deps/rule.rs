//! A rule for make or ninja: what depends on which files.
//!
//! Both read file names from a text in which spaces end them, and neither has a way to write every name; what cannot be written
//! is refused.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use shipload::context::{Entry, Plan, View, show};

use crate::args::ContextArguments;
use crate::exit::Failure;

/// Whose syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `image: a b`, and a rule without a recipe for each file, so that one that is deleted stops nothing.
    Make,
    /// `build image: phony a b`.
    Ninja,
}

/// A rule in the making.
pub(super) struct Rule {
    syntax: Syntax,
    target: Vec<u8>,
    files: Vec<Vec<u8>>,
    known: HashSet<Vec<u8>>,
}

impl Rule {
    pub(super) fn new(syntax: Syntax, target: &str) -> Result<Self, Failure> {
        let target = syntax.escape(target.as_bytes())?;
        if target.is_empty() {
            return Err(Failure::usage("`--output-name` is empty"));
        }
        Ok(Self {
            syntax,
            target,
            files: Vec::new(),
            known: HashSet::new(),
        })
    }

    /// Adds the Dockerfile and the ignore files, as seen from the current directory.
    pub(super) fn add_build_files(
        &mut self,
        plan: &Plan,
        context: &Path,
        named: Option<&Path>,
    ) -> Result<(), Failure> {
        let seen = |file: &Path| {
            let inside = plan
                .directory
                .as_ref()
                .and_then(|dir| file.strip_prefix(dir).ok());
            inside.map_or_else(|| file.to_owned(), |inside| joined(context, inside))
        };
        let dockerfile = match named {
            Some(named) if named.as_os_str() == "-" => None,
            Some(named) => Some(named.to_owned()),
            None => plan.dockerfile_host.as_deref().map(seen),
        };
        let ignore_files = plan.ignore_files.iter().map(|file| seen(file));
        for file in dockerfile.into_iter().chain(ignore_files) {
            self.add(&file)?;
        }
        Ok(())
    }

    /// Adds members of the context as the files that they come from, as seen from the current directory.
    pub(super) fn add_members(
        &mut self,
        members: &View,
        context: &Path,
        arguments: &ContextArguments,
    ) -> Result<(), Failure> {
        for archive in &arguments.add_archive {
            self.add(archive)?;
        }
        for member in members.members() {
            let file = match added(member.entry, arguments) {
                Some(file) => file,
                None => joined(context, in_system(member.entry.path.as_bytes())),
            };
            // What is in an archive only is not a file, and the archive is named.
            let is_file =
                arguments.add_archive.is_empty() || fs_err::symlink_metadata(&file).is_ok();
            if is_file {
                self.add(&file)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &Path) -> Result<(), Failure> {
        let file = self.syntax.escape(file.as_os_str().as_bytes())?;
        if self.known.insert(file.clone()) {
            self.files.push(file);
        }
        Ok(())
    }

    /// The text of the rule.
    pub(super) fn finish(&self) -> Vec<u8> {
        let (mut text, gap) = match self.syntax {
            Syntax::Make => ([&self.target[..], b":"].concat(), b" \\\n  "),
            Syntax::Ninja => (
                [b"build ", &self.target[..], b": phony"].concat(),
                b" $\n  ",
            ),
        };
        for file in &self.files {
            text.extend_from_slice(gap);
            text.extend_from_slice(file);
        }
        text.push(b'\n');
        if self.syntax == Syntax::Make {
            for file in &self.files {
                // As a target, but not as a prerequisite, it would be a pattern.
                let target = file.iter().flat_map(|&byte| match byte {
                    b'%' => vec![b'\\', b'%'],
                    byte => vec![byte],
                });
                text.push(b'\n');
                text.extend(target);
                text.extend_from_slice(b":\n");
            }
        }
        text
    }
}

impl Syntax {
    /// What keeps a name from being written, if anything does.
    fn unwritable(self, name: &[u8]) -> Option<String> {
        let special: &[u8] = match self {
            // What looks like `archive(member)` is one, and what has a `=` is a variable.
            Self::Make if name.ends_with(b")") => b"\n\t;|=(",
            Self::Make => b"\n\t;|=",
            Self::Ninja => b"\n\r|",
        };
        if let Some(byte) = name.iter().find(|byte| special.contains(byte)) {
            return Some(format!("holds `{}`", show(&[*byte])));
        }
        // Before a space or a line's end a backslash is for these, and before a colon a `&` is.
        let last = name.last().filter(|last| b"\\&".contains(last));
        let last = last.filter(|_| self == Self::Make)?;
        Some(format!("ends with `{}`", char::from(*last)))
    }

    /// A name in which nothing is special any more.
    fn escape(self, name: &[u8]) -> Result<Vec<u8>, Failure> {
        if let Some(reason) = self.unwritable(name) {
            let name = show(name);
            return Err(
                Failure::new(format!("a rule cannot name `{name}`, as it {reason}"))
                    .hint("take `--format nul`, which can name every file".to_owned()),
            );
        }
        let mut escaped = Vec::with_capacity(name.len());
        // How many backslashes stand right before.
        let mut backslashes = 0;
        for (at, &byte) in name.iter().enumerate() {
            match (self, byte) {
                // Only at the start is it somebody's home.
                (Self::Make, b'~') if at > 0 => {}
                (_, b'$') | (Self::Ninja, b' ' | b':') => escaped.push(b'$'),
                (Self::Make, b' ' | b'#' | b':' | b'*' | b'?' | b'[' | b'~') => {
                    // Backslashes count only before something special.
                    escaped.extend(vec![b'\\'; backslashes]);
                    escaped.push(b'\\');
                }
                (Self::Make | Self::Ninja, _) => {}
            }
            backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
            escaped.push(byte);
        }
        Ok(escaped)
    }
}

/// The file that was added under the name of an entry, or below it.
fn added(entry: &Entry, arguments: &ContextArguments) -> Option<PathBuf> {
    arguments.add.iter().find_map(|addition| {
        let rest = entry.path.as_bytes().strip_prefix(addition.at.as_bytes())?;
        match rest.strip_prefix(b"/") {
            Some(below) => Some(addition.host.join(in_system(below))),
            None => rest.is_empty().then(|| addition.host.clone()),
        }
    })
}

fn in_system(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

/// A path below the context directory, without a needless `./`.
fn joined(context: &Path, inside: &Path) -> PathBuf {
    let context: PathBuf = context
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    context.join(inside)
}
