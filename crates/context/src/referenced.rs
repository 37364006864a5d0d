//! What of a context a build reads: the Dockerfile's sources held against the tree.
//!
//! [`Plan::reads`] asks the Dockerfile, [`Plan::referenced`] finds the entries, links followed within the context, and says which
//! sources lead nowhere and why.

mod error;
mod excerpt;
mod missing;
mod readers;
mod selection;

use std::collections::HashSet;

use shipload_dockerfile::{
    Builder, ContextSource, Dockerfile, Reader, Reads, ReadsError, Reason, Request, SyntaxProblem,
    Whole,
};
use shipload_ignore::Semantics;

use crate::recipe::Plan;
use crate::view::View;
use missing::Explainer;
use readers::Readers;
use selection::{Cache, Found, Names, Selection};

pub use error::ReferencedError;
pub use excerpt::{Excerpt, Readership};
pub use missing::{ExcludedBy, Missing, MissingCause};

/// The least context of a build, and what was left out of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Referenced {
    /// The members that the build reads, the directories above them, the Dockerfile and the ignore files.
    pub view: View,
    /// The entries that sources lead to, without what only goes with them; in order.
    pub members: View,
    /// What the Dockerfile reads.
    pub reads: Reads,
    /// How many members of the whole context are not in `view`.
    pub left_members: usize,
    /// How many bytes of content they have.
    pub left_bytes: u64,
    /// Sources that lead nowhere, so that the build will fail.
    pub missing: Vec<Missing>,
    readers: Readers,
}

/// What a build reads
impl Plan {
    /// Parses the Dockerfile.
    ///
    /// # Errors
    /// [`ReferencedError`] if it cannot be read or parsed.
    pub fn parse_dockerfile(&self) -> Result<Dockerfile, ReferencedError> {
        let text = self.dockerfile_text()?;
        Dockerfile::from_bytes(&text).map_err(|error| self.in_dockerfile(error.into()))
    }

    /// Tells what a build reads of its context. The builder is that of the plan, whatever `request` says.
    ///
    /// # Errors
    /// [`ReferencedError`] if the Dockerfile cannot be read, or no builder would take it.
    pub fn reads(&self, request: &Request) -> Result<Reads, ReferencedError> {
        let request = Request {
            builder: builder(self.semantics),
            ..request.clone()
        };
        let text = self.dockerfile_text()?;
        if let Some(anything) = Reads::foreign(&String::from_utf8_lossy(&text), &request) {
            return Ok(anything);
        }
        let file = match Dockerfile::from_bytes(&text) {
            // Images are named in ASCII.
            Err(error) if self.may_be_understood(&error.problem) => {
                let file = Dockerfile::parse(&String::from_utf8_lossy(&text)).ok();
                let reads = file.and_then(|file| file.reads(&request).ok());
                let images = reads.unwrap_or_default().images;
                return Ok(Reads {
                    images,
                    ..Reads::unknown(error)
                });
            }
            file => file.map_err(|error| self.in_dockerfile(error.into()))?,
        };
        file.reads(&request)
            .map_err(|error| self.in_dockerfile(error))
    }

    /// Finds the least context: what a build reads, and nothing else.
    ///
    /// An image that is built from it is the same as one that is built from all. Where it cannot be told what is read
    /// ([`Reads::whole`] says why), it is the whole context.
    ///
    /// ```
    /// use shipload_context::{Progress, Recipe, Request};
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY app.* /\n"), ("app.js", ""), ("big.iso", "")] {
    /// #     std::fs::write(dir.join(name), text)?;
    /// # }
    /// let plan = Recipe::new(dir).plan(&Progress::new())?;
    /// let least = plan.referenced(&Request::default())?;
    /// let paths: Vec<_> = least.view.members().map(|m| m.entry.path.to_string()).collect();
    /// assert_eq!(paths, ["Dockerfile", "app.js"]);
    /// assert_eq!(least.left_members, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`reads`](Self::reads). Sources that lead nowhere are no error: see [`Referenced::missing`].
    pub fn referenced(&self, request: &Request) -> Result<Referenced, ReferencedError> {
        let mut reads = self.reads(request)?;
        let tree = self.view.tree();
        let mut selection = Selection::new(tree);
        let (found, readers) = self.follow(&mut reads, &mut selection);
        if reads.is_whole() {
            selection.add_all();
        }
        let missing = self.missing(&reads, &found);
        let cache = match self.semantics {
            Semantics::Classic => Cache::Classic,
            Semantics::BuildKit | Semantics::Podman => Cache::Other,
        };
        let kept = selection.into_kept(cache);
        let is_build_file = |place: usize| self.is_build_file(&tree.entries()[place].path);
        let members = self.view.clone().marked(|place| kept.named[place]);
        let view = self.view.clone();
        let view = view.marked(|place| kept.beside[place] || is_build_file(place));
        Ok(Referenced {
            left_members: self.view.len() - view.len(),
            left_bytes: self
                .view
                .content_bytes()
                .saturating_sub(view.content_bytes()),
            view,
            members,
            reads,
            missing,
            readers,
        })
    }

    /// Finds what each source leads to, and notes where that is too much.
    fn follow(
        &self,
        reads: &mut Reads,
        selection: &mut Selection<'_>,
    ) -> (Vec<Result<Found, ()>>, Readers) {
        let mut found = Vec::new();
        let mut readers = Readers::default();
        for source in &reads.sources {
            found.push(selection.add(&source.pattern, self.names(source)));
            readers.push(selection.take_reached());
            if selection.is_exhausted() {
                let (position, source) = (source.position, source.written.clone());
                let reason = Reason::Work { source };
                reads.whole.push(Whole { position, reason });
                break;
            }
        }
        (found, readers)
    }

    /// Whether the builder may understand a Dockerfile in spite of a problem: Docker takes any bytes, a classic builder may be
    /// of a release that has no heredocs (`RUN echo $((1 << 2))` is none there), and podman has a parser of its own.
    fn may_be_understood(&self, problem: &SyntaxProblem) -> bool {
        let is_heredoc = matches!(
            problem,
            SyntaxProblem::Unterminated { .. } | SyntaxProblem::HeredocWord { .. }
        );
        match self.semantics {
            Semantics::BuildKit => *problem == SyntaxProblem::NotUtf8,
            Semantics::Classic => *problem == SyntaxProblem::NotUtf8 || is_heredoc,
            Semantics::Podman => true,
        }
    }

    /// An error with the name of the Dockerfile as a user knows it.
    fn in_dockerfile(&self, error: ReadsError) -> ReferencedError {
        ReferencedError::Dockerfile {
            dockerfile: self.dockerfile_shown(),
            source: Box::new(error),
        }
    }

    /// What is said of the names in a source.
    fn names(&self, source: &ContextSource) -> Names {
        match &source.reader {
            Reader::Mount => Names::Plain,
            Reader::Copy { parents: true } => Names::Deep,
            _ if self.semantics == Semantics::Podman => Names::Deep,
            _ => Names::Patterns,
        }
    }

    /// The sources that lead nowhere, of those that were followed.
    fn missing(&self, reads: &Reads, found: &[Result<Found, ()>]) -> Vec<Missing> {
        let all = || reads.sources.iter().zip(found);
        let satisfied = all().filter(|(_, found)| **found == Ok(Found::Some));
        let satisfied: HashSet<_> = satisfied.map(|(source, _)| source.instruction).collect();
        let mut explainer = Explainer::new(self);
        let missing = all().filter_map(|(source, found)| {
            let is_pattern = source.reader != Reader::Mount && is_pattern(source);
            match (found, self.semantics) {
                (Ok(Found::Some), _) => missing::removed_by_engine(self, source),
                // What patterns match, what mounts make of it, and what podman does is left to them.
                (Ok(Found::Lost(_)), Semantics::Podman) => None,
                (Ok(Found::Lost(path)), _) => {
                    let is_name = source.reader != Reader::Mount && !is_pattern;
                    is_name.then(|| explainer.lost(source, path))
                }
                (Ok(Found::Nothing), Semantics::BuildKit) if is_pattern => None,
                // Nothing matches a malformed pattern either, and an instruction may have other sources.
                (_, Semantics::Classic) if is_pattern => {
                    let has_others = source.has_others || satisfied.contains(&source.instruction);
                    (!has_others).then(|| explainer.explain(source))
                }
                (Ok(Found::Nothing), _) => Some(explainer.explain(source)),
                (Err(()), _) => Some(Missing {
                    source: source.clone(),
                    cause: MissingCause::Malformed,
                }),
            }
        });
        missing.collect()
    }
}

/// Whether a source has wildcards.
fn is_pattern(source: &ContextSource) -> bool {
    source.pattern.contains(['*', '?', '['])
}

fn builder(semantics: Semantics) -> Builder {
    match semantics {
        Semantics::Classic => Builder::Classic,
        Semantics::BuildKit => Builder::BuildKit,
        Semantics::Podman => Builder::Podman,
    }
}
