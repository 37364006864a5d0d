//! `Question`: a path as a user writes it, as a path of the context.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload_context::{EntryPath, PathError, show};

/// A path of a context that may be there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The path.
    pub path: EntryPath,
    /// Whether it is taken for a directory if there is nothing.
    pub is_dir: bool,
}

/// Why a path cannot be one of the context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// It leads out of the context.
    #[error("`{}` is outside of the context `{}`", shown(path), shown(directory))]
    Outside {
        /// The path as given.
        path: PathBuf,
        /// The context directory.
        directory: PathBuf,
    },
    /// It is no path that a context can have.
    #[error(transparent)]
    Name(#[from] PathError),
}

impl QuestionError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Outside { .. } => Some(
                "paths are relative to the context directory; what is elsewhere can only be in by being added".into(),
            ),
            Self::Name(PathError::Empty(_)) => Some("name a file or directory in it".into()),
            Self::Name(_) => None,
        }
    }
}

impl Question {
    /// Asks about a path relative to the context `directory`, or an absolute one below it.
    ///
    /// `.` components and doubled slashes are dropped, and `..` takes back the name before it, whatever that is. A path that ends in
    /// `/` is a directory if there is nothing. Links in the path of the directory itself are resolved, links below it are not.
    ///
    /// ```
    /// use std::path::Path;
    /// use shipload_explain::Question;
    ///
    /// let question = Question::new(Path::new("/srv/app"), Path::new("./src/../logs/"))?;
    /// assert_eq!((question.path.to_string(), question.is_dir), ("logs".to_owned(), true));
    /// assert!(Question::new(Path::new("/srv/app"), Path::new("../other")).is_err());
    /// # Ok::<(), shipload_explain::QuestionError>(())
    /// ```
    ///
    /// # Errors
    /// [`QuestionError`].
    pub fn new(directory: &Path, given: &Path) -> Result<Self, QuestionError> {
        let bytes = given.as_os_str().as_bytes();
        let is_dir = [&b"/"[..], b"/.", b"/.."]
            .iter()
            .any(|end| bytes.ends_with(end));
        let path = match EntryPath::cleaned(bytes) {
            Err(PathError::Absolute(_) | PathError::Climbs(_)) => below(directory, given)?,
            path => path?,
        };
        Ok(Self { path, is_dir })
    }
}

/// A path that is absolute, or that climbs out of the directory and perhaps back into it.
fn below(directory: &Path, given: &Path) -> Result<EntryPath, QuestionError> {
    let outside = || QuestionError::Outside {
        path: given.to_owned(),
        directory: directory.to_owned(),
    };
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = fs_err::canonicalize(directory).unwrap_or_else(|_| absolute(directory));
    let tops = [real.clone(), lexically(&absolute(directory))];
    let path = lexically(&real.join(given));
    // What leads to the directory by another way: its own name is no link that is followed.
    let by_parent = path.parent().and_then(|parent| {
        let name = path.file_name()?;
        Some(fs_err::canonicalize(parent).ok()?.join(name))
    });
    let inside = [Some(path), by_parent]
        .into_iter()
        .flatten()
        .find_map(|path| {
            let inside = tops.iter().find_map(|top| path.strip_prefix(top).ok())?;
            Some(inside.to_owned())
        });
    Ok(EntryPath::new(
        inside.ok_or_else(outside)?.as_os_str().as_bytes(),
    )?)
}

/// An absolute path without `.` and `..`, which takes back what stands before it.
fn lexically(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            std::path::Component::Normal(name) => clean.push(name),
            std::path::Component::ParentDir => {
                clean.pop();
            }
            std::path::Component::CurDir
            | std::path::Component::RootDir
            | std::path::Component::Prefix(_) => {}
        }
    }
    clean
}

fn shown(path: &Path) -> String {
    show(path.as_os_str().as_bytes())
}
