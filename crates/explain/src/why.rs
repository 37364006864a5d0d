//! `why`: is a path in a context, because of what, who reads it, and do engines differ.
//!
//! Answers come from the code that lists and packs, asked about a few paths instead of all: see
//! [`Excerpt`](shipload_context::Excerpt).

mod ground;
mod nearest;
mod question;
mod reason;
mod ruling;

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload_context::{
    EntryPath, Excerpt, Progress, Readership, Reads, Recipe, RecipeError, ReferencedError, Request,
    Semantics, TreeError,
};
use shipload_dockerfile::ContextSource;

pub use question::{Question, QuestionError};
pub use reason::Reason;
pub use ruling::{Level, RuleLine, Ruling};

use crate::secrets::shown_instruction;
use ground::Ground;
use ruling::Judge;

/// What was found out about some paths.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answers {
    /// The builder whose context it is.
    pub semantics: Semantics,
    /// The Dockerfile as a user knows it.
    pub dockerfile: String,
    /// What the Dockerfile reads, or why that cannot be told; then nothing is said about who reads the paths.
    pub reads: Result<Reads, ReferencedError>,
    /// The paths, in the order in which they were asked about.
    pub paths: Vec<Why>,
}

/// Why a path is in the context or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The path.
    pub path: EntryPath,
    /// What is there, on disk or added; none if there is nothing.
    pub found: Option<Thing>,
    /// Whether it is in, and because of what.
    pub ruling: Ruling,
    /// The directories above the path and at last the path itself, as far as a walk gets, with all rules that count for them.
    pub chain: Vec<Level>,
    /// The sources of the Dockerfile that lead to it, in order. Of a line that holds a secret the excerpt is no more than the first
    /// word, here and in `wanted_by`.
    pub read_by: Vec<ContextSource>,
    /// Of a path that is not in the context, the sources that would lead to it if it was.
    pub wanted_by: Vec<ContextSource>,
    /// What each builder makes of it, where they differ; empty where all agree.
    pub engines: Vec<EngineRuling>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thing {
    /// The word for it in listings, or `socket`.
    pub kind: &'static str,
    /// Its size in bytes: that of a file, 0 for all others.
    pub size: u64,
}

/// What one builder makes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineRuling {
    /// Which.
    pub semantics: Semantics,
    /// Its ruling, or why it has none: it would not take this directory for a context.
    pub ruling: Result<Ruling, String>,
}

/// Says of paths whether they are in the context of a recipe, and why.
///
/// It does not walk the context. It looks at the paths and the directories above them, at what the sources of the Dockerfile lead
/// through, and below a path only where that is excluded and searched for what is included again.
///
/// ```
/// use std::path::Path;
/// use shipload_context::{Recipe, Request};
/// use shipload_explain::{Question, why};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY . /\n"), (".dockerignore", "*.log\n"), ("a.log", "")] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let question = Question::new(dir, Path::new("a.log"))?;
/// let answers = why(&Recipe::new(dir), &Request::default(), &[question])?;
/// let answer = &answers.paths[0];
/// assert!(!answer.ruling.included);
/// assert_eq!(answer.ruling.rule.as_ref().map(ToString::to_string).as_deref(), Some(".dockerignore:1: *.log"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`RecipeError`] where the context has no Dockerfile, its rules cannot be read, or a file system fails. What one other builder
/// makes an error of is told in [`EngineRuling`].
pub fn why(
    recipe: &Recipe,
    request: &Request,
    questions: &[Question],
) -> Result<Answers, RecipeError> {
    let outline = recipe.outline()?;
    let paths = || questions.iter().map(|question| &question.path);
    let excerpt = outline.excerpt(paths(), &Progress::new())?;
    let readership = excerpt.readership(request, &Progress::new());
    let judge = Judge::new(&excerpt);
    let all = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];
    let others: Vec<(Semantics, Result<Excerpt, String>)> = all
        .into_iter()
        .filter(|semantics| *semantics != outline.semantics)
        .map(|semantics| {
            let outline = recipe.clone().semantics(semantics).outline();
            let excerpt = outline.and_then(|outline| outline.excerpt(paths(), &Progress::new()));
            (semantics, excerpt.map_err(|error| whole(&error)))
        })
        .collect();
    let failed = |error| RecipeError::Tree(TreeError::Rule(error));
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        let ground = ground::ground(&excerpt, question);
        let ruling = judge.ruling(question, &ground).map_err(failed)?;
        let (read_by, wanted_by) = match &readership {
            Ok(readership) => readers(readership, question, &ground, &ruling),
            Err(_) => (Vec::new(), Vec::new()),
        };
        let mut engines: Vec<EngineRuling> = others
            .iter()
            .map(|(semantics, excerpt)| EngineRuling {
                semantics: *semantics,
                ruling: match excerpt {
                    Ok(excerpt) => Judge::new(excerpt)
                        .ruling(question, &ground)
                        .map_err(|error| error.to_string()),
                    Err(error) => Err(error.clone()),
                },
            })
            .collect();
        let agrees = |other: &EngineRuling| {
            let agrees = |other: &Ruling| other.agrees(&ruling);
            other.ruling.as_ref().is_ok_and(agrees)
        };
        if engines.iter().all(agrees) {
            engines.clear();
        } else {
            let own = EngineRuling {
                semantics: outline.semantics,
                ruling: Ok(ruling.clone()),
            };
            let place = all.iter().position(|one| *one == outline.semantics);
            engines.insert(place.unwrap_or_default(), own);
        }
        let is_ruled = !matches!(
            ruling.reason,
            Some(Reason::Added { .. } | Reason::Undecidable { .. })
        );
        let chain = if is_ruled {
            judge.chain(question, &ground).map_err(failed)?
        } else {
            Vec::new()
        };
        answers.push(Why {
            path: question.path.clone(),
            found: ground.thing,
            chain,
            ruling,
            read_by,
            wanted_by,
            engines,
        });
    }
    Ok(Answers {
        semantics: outline.semantics,
        dockerfile: excerpt.plan.dockerfile_shown(),
        paths: answers,
        reads: readership.map(|readership| readership.reads),
    })
}

/// Who reads it, and who would if it was in.
fn readers(
    readership: &Readership,
    question: &Question,
    ground: &Ground,
    ruling: &Ruling,
) -> (Vec<ContextSource>, Vec<ContextSource>) {
    let read_by: Vec<_> = readership.of(&question.path).cloned().collect();
    let wanted_by = if ruling.included || !read_by.is_empty() {
        Vec::new()
    } else {
        readership.if_included(&question.path, ground.is_dir(question))
    };
    (without_secrets(read_by), without_secrets(wanted_by))
}

fn without_secrets(mut sources: Vec<ContextSource>) -> Vec<ContextSource> {
    for source in &mut sources {
        let shown = shown_instruction(&source.excerpt);
        if shown.len() < source.excerpt.trim().len() {
            source.excerpt = shown.into();
        }
    }
    sources
}

/// An error with its causes, on a line.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

impl fmt::Display for Why {
    /// One line: `` `a/b.log` is out: .dockerignore:3: *.log ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ruling {
            included,
            allowed,
            rule,
            reason,
        } = &self.ruling;
        let path = &self.path;
        let side = |included: bool| if included { "in" } else { "out" };
        let because = |f: &mut fmt::Formatter<'_>| match rule {
            Some(rule) => write!(f, ": {rule}"),
            None => Ok(()),
        };
        match reason {
            None => {
                write!(f, "`{path}` is {}", side(*included))?;
                because(f)
            }
            Some(reason @ Reason::Undecidable { .. }) => write!(f, "`{path}` {reason}"),
            Some(reason @ (Reason::Absent { .. } | Reason::NotADirectory { .. })) => {
                write!(f, "`{path}` {reason}; it would be {}", side(*allowed))?;
                because(f)
            }
            Some(reason) => {
                write!(f, "`{path}` is {}", side(*included))?;
                let rule = rule.as_ref().filter(|_| included == allowed);
                match rule {
                    Some(rule) => write!(f, ": {rule}; it {reason}"),
                    None => write!(f, ": it {reason}"),
                }
            }
        }
    }
}

/// Where the context has what a path behind a link leads to.
fn real_path(directory: &Path, path: &EntryPath) -> Option<EntryPath> {
    let real = fs_err::canonicalize(host_path(directory, path)).ok()?;
    let inside = real.strip_prefix(directory).ok()?;
    EntryPath::new(inside.as_os_str().as_bytes()).ok()
}

/// The path on this machine of what stands at a path of the context.
fn host_path(directory: &Path, path: &EntryPath) -> PathBuf {
    directory.join(OsStr::from_bytes(path.as_bytes()))
}
