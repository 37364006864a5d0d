//! `Outline`: what decides on a context, found, before anything of the context is listed.

use std::path::PathBuf;

use shipload_ignore::{Rules, Semantics};

use super::{Plan, RecipeError};
use crate::entry::Entry;
use crate::path::EntryPath;
use crate::progress::Progress;
use crate::source::host::OnUnreadable;
use crate::source::host::portion::Portion;
use crate::tree::TreeBuilder;
use crate::view::{Parents, View};

/// A recipe carried out as far as the build's own files: the Dockerfile and the rules are found, and nothing is listed.
///
/// Cheap to clone. What is listed later goes by the rules as they were read here.
///
/// ```
/// use shipload_context::Recipe;
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # for (name, text) in [("Dockerfile", "FROM scratch\n"), (".dockerignore", "*.log\n")] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let outline = Recipe::new(dir).outline()?;
/// assert!(outline.rules.explain(b"a.log", false)?.excluded);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outline {
    /// The Dockerfile's name in the context, as the engine must be told it.
    pub dockerfile: EntryPath,
    /// The Dockerfile on this machine, links resolved; none for a text and for a member of an archive.
    pub dockerfile_host: Option<PathBuf>,
    /// The context directory, links resolved; none for an archive.
    pub directory: Option<PathBuf>,
    /// Whether the Dockerfile is in the context only because it was put there, for builders that must find it there.
    pub is_injected: bool,
    /// The ignore files that were read, in order.
    pub ignore_files: Vec<PathBuf>,
    /// The rules in force.
    pub rules: Rules,
    /// Whose rules they are.
    pub semantics: Semantics,
    /// The Dockerfile itself, where it is a member of an archive that stands for a directory.
    pub(super) dockerfile_member: Option<Entry>,
    /// What happens to what cannot be read.
    pub on_unreadable: OnUnreadable,
    /// All that the context is made of.
    pub(super) builder: TreeBuilder,
}

impl Outline {
    /// Lists the context. No content of it is read.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn plan(&self, progress: &Progress) -> Result<Plan, RecipeError> {
        self.plan_portion(Portion::everything(), progress)
    }

    /// Lists a portion of the context: a plan to ask, not to send.
    pub(crate) fn plan_portion(
        &self,
        portion: &Portion,
        progress: &Progress,
    ) -> Result<Plan, RecipeError> {
        let tree = self.builder.build_portion(portion, progress)?;
        let parents = if self.semantics.sends_excluded_parents() {
            Parents::Send
        } else {
            Parents::Omit
        };
        let dockerfile = tree.get(&self.dockerfile);
        Ok(Plan {
            dockerfile_sent: dockerfile.is_some_and(|entry| !entry.is_dir()),
            view: View::with_parents(&tree, parents),
            dockerfile: self.dockerfile.clone(),
            dockerfile_host: self.dockerfile_host.clone(),
            directory: self.directory.clone(),
            is_injected: self.is_injected,
            ignore_files: self.ignore_files.clone(),
            rules: self.rules.clone(),
            semantics: self.semantics,
            dockerfile_member: self.dockerfile_member.clone(),
        })
    }
}
