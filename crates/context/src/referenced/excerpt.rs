//! `Excerpt`: a plan of which no more is listed than some paths and the Dockerfile's sources need.
//!
//! Following a source looks at names and directories. Those are listed that it looked at, and it is followed again, until it looks
//! at nothing new: then it has come to what it would have come to in the whole tree. Without patterns that go deep, that are a
//! few looks at the file system however large the context is.

use std::io;

use shipload_dockerfile::{ContextSource, Reads, Request};

use super::ReferencedError;
use super::readers::Readers;
use super::selection::Selection;
use crate::path::EntryPath;
use crate::progress::Progress;
use crate::recipe::{Outline, Plan, RecipeError};
use crate::source::host::OnUnreadable;
use crate::source::host::portion::{Extent, Portion};
use crate::source::made::EntryMetadata;
use crate::tree::TreeBuilder;
use crate::view::View;

/// How often the sources are followed before everything is listed: each link or pattern on a way takes one more turn.
const TURNS: usize = 64;

/// What is known of some paths without a walk of the context.
///
/// Of what is listed, everything is as in the whole [`Plan`], but that a hard link may have earlier names that are not listed, and
/// that directories that cannot be read are noted and left out where the plan would fail.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Excerpt {
    /// The plan, in whose view are those of the paths that are in the context, and the directories above them.
    pub plan: Plan,
    outline: Outline,
    portion: Portion,
}

/// Which instructions read which paths.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Readership {
    /// What the Dockerfile reads.
    pub reads: Reads,
    plan: Plan,
    readers: Readers,
}

impl Outline {
    /// Lists no more than tells whether these paths are in the context: the names in them, and all that is below a directory that
    /// is itself excluded, but is searched for what is included again.
    ///
    /// ```
    /// use shipload_context::{EntryPath, Progress, Recipe, Request};
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY *.py /\n"), ("app.py", ""), ("big.iso", "")] {
    /// #     std::fs::write(dir.join(name), text)?;
    /// # }
    /// let app: EntryPath = "app.py".parse()?;
    /// let excerpt = Recipe::new(dir).outline()?.excerpt([&app], &Progress::new())?;
    /// assert_eq!(excerpt.plan.view.len(), 1);
    /// let readership = excerpt.readership(&Request::default(), &Progress::new())?;
    /// assert_eq!(readership.of(&app).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn excerpt<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p EntryPath>,
        progress: &Progress,
    ) -> Result<Excerpt, RecipeError> {
        let mut portion = Portion::default();
        for path in paths {
            portion.take(path.as_bytes(), Extent::Given);
            let judged = self.rules.explain(path.as_bytes(), true);
            let is_searched = judged.is_ok_and(|judged| {
                let last = judged.steps.last();
                last.is_some_and(|step| {
                    step.path == path.as_bytes() && step.excluded && step.entered
                })
            });
            if is_searched {
                portion.take(path.as_bytes(), Extent::All);
            }
        }
        Ok(Excerpt {
            plan: self.plan_portion(&portion, progress)?,
            outline: self.clone(),
            portion,
        })
    }
}

impl Excerpt {
    /// What happens to what cannot be read when the context is listed as a whole.
    pub fn on_unreadable(&self) -> OnUnreadable {
        self.outline.on_unreadable
    }

    /// Finds which sources of the Dockerfile lead to the paths. The builder is that of the plan, whatever `request` says.
    ///
    /// # Errors
    /// [`ReferencedError`] if the Dockerfile cannot be read, or no builder would take it.
    pub fn readership(
        &self,
        request: &Request,
        progress: &Progress,
    ) -> Result<Readership, ReferencedError> {
        let sources = self.plan.reads(request)?;
        let mut portion = self.portion.clone();
        let mut plan = self.plan.clone();
        let mut turn = 0;
        loop {
            let mut reads = sources.clone();
            let mut selection = Selection::new(plan.view.tree()).asking(&mut portion);
            let (_, readers) = plan.follow(&mut reads, &mut selection);
            if !selection.asked_more() {
                return Ok(Readership {
                    reads,
                    plan,
                    readers,
                });
            }
            turn += 1;
            if turn == TURNS {
                // Nothing is left to ask for then.
                portion.take(b"", Extent::All);
            }
            plan = self.outline.plan_portion(&portion, progress)?;
        }
    }
}

impl Readership {
    /// The sources that lead to one of the paths, as [`Referenced::read_by`](super::Referenced::read_by).
    pub fn of(&self, path: &EntryPath) -> impl Iterator<Item = &ContextSource> {
        let tree = self.plan.view.tree();
        self.readers.of(&self.reads.sources, tree, path)
    }

    /// The sources that would lead to a path that is not in the context, if it was: as a file, or as a directory without anything
    /// in it. There are none where it cannot be in the context, because of what stands in its place or above it.
    pub fn if_included(&self, path: &EntryPath, is_dir: bool) -> Vec<ContextSource> {
        let metadata = if is_dir {
            EntryMetadata::directory(path.clone())
        } else {
            EntryMetadata::file(path.clone())
        };
        let with = TreeBuilder::new().view(self.plan.view.clone());
        let with = with.entry(metadata, io::empty()).ok();
        let Some(tree) = with.and_then(|with| with.build().ok()) else {
            return Vec::new();
        };
        let mut plan = self.plan.clone();
        plan.view = View::new(&tree);
        let mut reads = self.reads.clone();
        let mut selection = Selection::new(&tree);
        let (_, readers) = plan.follow(&mut reads, &mut selection);
        let sources = readers.of(&reads.sources, &tree, path);
        sources.cloned().collect()
    }
}
