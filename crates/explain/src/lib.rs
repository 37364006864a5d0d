//! Explains Docker build contexts: what is in them and why, what they cost, what they leak, and what a builder's cache will
//! make of them.
//!
//! Every question is put to the same plan, tree and view that [`pack`](shipload_context::pack()) writes from, so that no
//! answer can be wrong about the archive. Answers are plain data; nothing here prints, and nothing knows the network.
//!
//! | question | answered by |
//! |---|---|
//! | why is a path in or out, who reads it | [`why()`] |
//! | what does it cost, which rules would save the most, what changes often | [`Usage`], [`Candidate`], [`Churn`], as a page [`Page`] |
//! | what is wrong with it, does it leak secrets | [`check()`], [`scan_secrets`] and [`secret_findings`] |
//! | which edit of the ignore file moves paths in or out | [`fix`](mod@fix) |
//! | what does the build depend on, with one digest and in writing | [`Inputs`] |
//! | how does it differ from another, or from a git revision | [`differences`], [`input_changes`], [`Revision`] |
//! | what will the builder's cache make of the difference | [`predict`] |

mod cache;
mod check;
mod code;
mod difference;
mod digest;
mod finding;
pub mod fix;
mod git;
mod inputs;
mod manifest;
mod revision;
mod secrets;
mod survey;
mod usage;
mod why;

pub use cache::{Cause, Fate, FileChange, Forecast, Prediction, Unpredictable, predict};
pub use check::{CheckError, CheckOptions, Report, check};
pub use code::{Code, Severity, UnknownCode};
pub use difference::{
    Change, Difference, DifferenceError, InputChange, Side, State, differences, input_changes,
};
pub use digest::{Digest, DigestError};
pub use finding::{Edit, Finding, Fix, Location, Related};
pub use git::GitError;
pub use inputs::{InputFile, InputKind, Inputs, InputsError, Step};
pub use manifest::{ManifestError, ManifestProblem};
pub use revision::{Revision, RevisionError, RevisionProblem};
pub use secrets::{
    Confidence, Hit, Place, Scan, SecretKind, scan_secrets, secret_findings, secret_kinds,
};
pub use survey::{LineId, Matched, RuleFile, RuleFiles, Survey, Verdict};
pub use usage::{Candidate, Changed, Churn, ChurnError, Directory, LargeFile, Page, Sum, Usage};
pub use why::{
    Answers, EngineRuling, Level, Question, QuestionError, Reason, RuleLine, Ruling, Thing, Why,
    why,
};
