//! `Prediction`: which steps of a build come out of the cache, and which do not.

use shipload_context::{Semantics, Unsure};

use super::cause::Cause;
use super::oracle::Oracle;
use crate::inputs::Inputs;

/// What the cache will make of each step of a build, if the build before it was the last that the builder has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prediction {
    /// The steps in the order of the Dockerfile, without `FROM`s, which do nothing. `BuildKit` runs those of different stages at
    /// once.
    pub steps: Vec<Forecast>,
    /// What is taken for granted: images whose names may have come to mean others.
    pub assumed: Vec<Unsure>,
    /// Why nothing can be told, if so. The steps are empty then.
    pub unpredictable: Option<Unpredictable>,
}

/// What the cache will make of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// Its place in [`Inputs::steps`].
    pub step: usize,
    /// The stage it is in, counted from 0.
    pub stage: usize,
    /// The name of that stage.
    pub stage_name: Option<String>,
    /// The line of the Dockerfile in which it begins, counted from 1.
    pub line: usize,
    /// The instruction on one line.
    pub text: String,
    /// What will become of it.
    pub fate: Fate,
    /// Why; nothing for what is in the cache.
    pub causes: Vec<Cause>,
}

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is in the cache.
    Cached,
    /// It is in the cache, or it is not: that is decided by what is not known here.
    MayRun,
    /// It is not in the cache.
    Runs,
}

/// Why nothing can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unpredictable {
    /// The builds are for different builders, and each has a cache of its own.
    Builders,
    /// Nothing is known of the cache of podman.
    Podman,
    /// The steps of a build are not known.
    Steps,
    /// There is too much to compare.
    Work,
    /// The builds are for different platforms.
    Platforms,
}

impl Prediction {
    /// The first step that is certain to run.
    pub fn first(&self) -> Option<&Forecast> {
        self.steps.iter().find(|step| step.fate == Fate::Runs)
    }

    /// The steps that may run or not.
    pub fn doubtful(&self) -> impl Iterator<Item = &Forecast> {
        self.steps.iter().filter(|step| step.fate == Fate::MayRun)
    }

    /// Whether all is certain to come out of the cache.
    pub fn is_cached(&self) -> bool {
        let is_cached = |step: &Forecast| step.fate == Fate::Cached;
        self.unpredictable.is_none() && self.steps.iter().all(is_cached)
    }
}

/// Tells what the cache will make of `new` on a builder that has just built `old`: from the same place, with nothing pruned and
/// nothing else built in between.
///
/// ```
/// use shipload_context::{Progress, Recipe, Request};
/// use shipload_explain::{Inputs, predict};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # std::fs::write(dir.join("Dockerfile"), "FROM scratch\nCOPY a.txt /\nCOPY b.txt /\n")?;
/// # std::fs::write(dir.join("a.txt"), "")?;
/// # std::fs::write(dir.join("b.txt"), "")?;
/// let inputs = || -> Result<Inputs, Box<dyn std::error::Error>> {
///     let (progress, request) = (Progress::new(), Request::default());
///     let plan = Recipe::new(dir).plan(&progress)?;
///     let least = plan.referenced(&request)?;
///     Ok(Inputs::of(&plan, &request, &least, &progress)?)
/// };
/// let before = inputs()?;
/// std::fs::write(dir.join("b.txt"), "edited")?;
/// let prediction = predict(&before, &inputs()?);
/// let first = prediction.first().ok_or("all is cached")?;
/// assert_eq!((first.line, first.text.as_str()), (3, "COPY b.txt /"));
/// assert_eq!(first.causes[0].to_string(), "`b.txt` has other content");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn predict(old: &Inputs, new: &Inputs) -> Prediction {
    let unpredictable = if old.builder != new.builder {
        Some(Unpredictable::Builders)
    } else if new.builder == Semantics::Podman {
        Some(Unpredictable::Podman)
    } else if old.platform != new.platform {
        Some(Unpredictable::Platforms)
    } else if old.steps.is_empty() || new.steps.is_empty() {
        Some(Unpredictable::Steps)
    } else {
        None
    };
    let mut prediction = Prediction {
        steps: Vec::new(),
        assumed: Vec::new(),
        unpredictable,
    };
    if unpredictable.is_none() {
        Oracle::new(old, new).tell(&mut prediction);
    }
    prediction
}
