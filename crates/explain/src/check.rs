//! `check`: everything that is wrong with a context, before anything of it is sent.
//!
//! The context is planned as `pack` and `build` plan it, and the directory is listed once more without any rules. What each
//! group of checks looks for is in a file of its own: the text of rules (`lines`), what rules do (`effects`) and to whom
//! (`engines`), which ignore files are read (`places`), the sources of the Dockerfile (`sources`), and what is in the context
//! (`junk`, `links`, `files`, `names`).

mod effects;
mod engines;
mod exclusion;
mod files;
mod habits;
mod judged;
mod junk;
mod junk_kinds;
mod line;
mod lines;
mod links;
mod malformed;
mod names;
mod near;
mod places;
mod raw;
mod sources;
mod subject;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use shipload_context::{EntryPath, IgnoreChoice, Plan, Progress, Recipe, RecipeError, Request};
use shipload_context::{OnUnreadable, TreeError};

use crate::code::{Code, Severity};
use crate::finding::Finding;
use crate::secrets::{hide_secrets, secret_findings};
use crate::survey::{RuleFiles, Survey};
use judged::Judged;
use subject::Subject;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckOptions {
    /// The build that decides on which files of the context are read; by default that of the last stage.
    pub request: Request,
    /// How many bytes the files in the context may have, each counted once; the default is any number.
    pub max_context: Option<u64>,
    /// From how many bytes on a file that nothing reads is large; the default is 32 MiB.
    pub large_file: u64,
    /// What packing will do about what cannot be read; by default it fails, so that it is an error.
    pub on_unreadable: OnUnreadable,
    /// The codes to look for; by default all.
    pub codes: BTreeSet<Code>,
    /// How many findings of one code are told; more are counted. The default is 100.
    pub most: usize,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            request: Request::default(),
            max_context: None,
            large_file: 32 << 20,
            on_unreadable: OnUnreadable::default(),
            codes: Code::ALL.iter().copied().collect(),
            most: 100,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The findings: those in ignore files, then in the Dockerfile, each by line, then those of the context by path.
    pub findings: Vec<Finding>,
    /// How many more there are of codes of which there are too many.
    pub untold: BTreeMap<Code, usize>,
}

impl Report {
    /// How bad the worst finding is.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Why nothing can be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// There is no context to check: no directory, no Dockerfile, or an archive that cannot be read.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The directory cannot be listed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An ignore file changed or went away meanwhile.
    #[error("cannot read an ignore file")]
    Rules(#[source] io::Error),
}

/// Looks for everything that is wrong with the context of a recipe. No content of the context is read but the Dockerfile's, that of
/// ignore files, and what looking for secrets needs.
///
/// What a recipe says of unreadable files does not matter here: they are findings.
///
/// ```
/// use shipload_context::{Progress, Recipe};
/// use shipload_explain::{CheckOptions, Code, check};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # std::fs::create_dir(dir.join("src"))?;
/// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY src /\n"), (".dockerignore", "*.test.ts\n"), ("src/a.test.ts", "")] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let report = check(&Recipe::new(dir), &CheckOptions::default(), &Progress::new())?;
/// let finding = &report.findings[0];
/// assert_eq!(finding.code, Code::AnchoredRule);
/// assert!(finding.message.ends_with("`**/*.test.ts` would match 1 file"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CheckError`] where there is nothing to check. What keeps a build from working otherwise is a finding.
pub fn check(
    recipe: &Recipe,
    options: &CheckOptions,
    progress: &Progress,
) -> Result<Report, CheckError> {
    let recipe = recipe.clone().on_unreadable(OnUnreadable::Skip);
    let plan = match recipe.plan(progress) {
        Ok(plan) => plan,
        Err(error) if malformed::is_about_rules(&error) => {
            // With rules that no builder takes nothing is sent, so nothing else is to be said of the context.
            let plan = recipe.ignore(IgnoreChoice::None).plan(progress)?;
            let mut findings = malformed::all(&error, &plan);
            findings.extend(sources::syntax(&plan, &options.request)?);
            return Ok(Report::new(findings, &plan, options));
        }
        Err(error) => return Err(error.into()),
    };
    let least = sources::least(&plan, &options.request)?;
    let mut findings = least.findings;
    let survey = match &plan.directory {
        Some(directory) => Survey::new(directory, progress)?,
        None => Survey::of(plan.view.tree().clone()),
    };
    let files = RuleFiles::read(&plan).map_err(CheckError::Rules)?;
    let mut subject = Subject {
        plan: &plan,
        least: least.referenced.as_ref(),
        survey: &survey,
        files: &files,
        options,
        junk: Vec::new(),
    };
    subject.junk = junk::places(&subject);
    let (judged, malformed) = Judged::all(&subject);
    findings.extend(malformed);
    let explained = lines::all(&subject, &judged, &mut findings);
    findings.extend(effects::all(&subject, &judged, &explained));
    findings.extend(engines::all(&subject, &judged));
    findings.extend(places::all(&subject));
    findings.extend(sources::missing(&subject, &judged));
    findings.extend(junk::all(&subject, &judged));
    findings.extend(files::all(&subject));
    findings.extend(links::all(&subject));
    findings.extend(names::all(&subject));
    findings.extend(secrets(&subject, progress));
    Ok(Report::new(findings, &plan, options))
}

/// Secrets in all that is no junk, and in the configuration of git, which is, and may have a token in an address.
fn secrets(subject: &Subject<'_>, progress: &Progress) -> Vec<Finding> {
    let codes = [
        Code::Secret,
        Code::SecretFile,
        Code::PossibleSecret,
        Code::DockerfileSecret,
        Code::GitIgnored,
    ];
    if !codes
        .iter()
        .any(|code| subject.options.codes.contains(code))
    {
        return Vec::new();
    }
    let plan = subject.plan;
    let is_looked_at =
        |path: &EntryPath| !subject.is_junk(path) || path.as_bytes() == b".git/config";
    let view = plan.view.clone().filter(|entry| is_looked_at(&entry.path));
    let request = &subject.options.request;
    let findings = secret_findings(plan, &view, subject.least, request, progress);
    let completed = findings.into_iter();
    completed
        .map(|finding| exclusion::completed(subject, finding))
        .collect()
}

impl Report {
    fn new(mut findings: Vec<Finding>, plan: &Plan, options: &CheckOptions) -> Self {
        hide_secrets(&mut findings);
        findings.retain(|finding| options.codes.contains(&finding.code));
        let rank = |finding: &Finding| match &finding.location {
            _ if finding.code < Code::DockerfileSyntax => 0,
            Some(location) if Some(&location.file) == plan.dockerfile_host.as_ref() => 1,
            Some(_) => 2,
            None => 3,
        };
        let place = |finding: &Finding| {
            let location = finding.location.as_ref();
            location.map(|location| (location.file.clone(), location.line, location.column))
        };
        findings.sort_by_cached_key(|finding| {
            (
                rank(finding),
                place(finding),
                finding.path.clone(),
                finding.code,
            )
        });
        let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
        findings.retain(|finding| {
            let count = counts.entry(finding.code).or_default();
            *count += 1;
            *count <= options.most
        });
        counts.retain(|_, count| *count > options.most);
        for count in counts.values_mut() {
            *count -= options.most;
        }
        Self {
            findings,
            untold: counts,
        }
    }
}
