//! What a builder's cache will make of a build, told from what the build before depended on.
//!
//! A builder finds a step in its cache by the step before it, the instruction as it understood it, and the files that it reads.
//! [`Inputs::steps`](crate::Inputs::steps) has the digests of the latter two. So the steps of two builds can be laid over each
//! other like two trees: a new step is in the cache if the old tree has it at the same place. What each builder looks at, found
//! out on real ones, is told in `docs/cache.md`.

mod buildkit;
mod cause;
mod chain;
mod classic;
mod hasher;
mod oracle;
mod pattern;
mod prediction;
mod show;
mod sight;
mod steps;

pub use cause::{Cause, FileChange};
pub use prediction::{Fate, Forecast, Prediction, Unpredictable, predict};
pub(crate) use steps::steps;
