//! `shipload check`: everything that is wrong with a context, before anything of it is sent.

mod github;
mod json;
mod places;
mod sarif;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{DockerfileChoice, OnUnreadable, Progress};
use shipload::explain::{self, CheckError, CheckOptions, Code, Report, Severity};

use crate::args::{ContextArguments, ReadsArguments, UnreadableChoice};
use crate::exit::{Exit, Failure};
use crate::plan::{self, Source};
use crate::reads;
use crate::size::grouped;
use crate::ui::{Ui, Work};

use places::Places;

/// Finds what is wrong with the context
///
/// Rules that do nothing or not what they look like, sources of the Dockerfile that are ignored or missing, junk, secrets, links that
/// lead nowhere, and more. Each finding has a code, with a page in docs/checks that says why it matters and what to do. The exit
/// status is 3 if there are warnings or errors; nothing is sent, and nothing is changed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    /// How a finding is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// From which severity on the exit status is 3
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: FailOn,

    /// Look for these codes only, such as `dead-rule`; separated by commas, or repeated
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    only: Vec<Code>,

    /// Do not look for these codes; separated by commas, or repeated
    #[arg(
        long,
        value_name = "CODE",
        value_delimiter = ',',
        conflicts_with = "only"
    )]
    skip: Vec<Code>,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How a finding is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: place, severity, code, message, the line with a caret, and what to do
    Text,
    /// A JSON object on a line
    Json,
    /// One SARIF 2.1.0 document, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations
    Github,
}

/// From which severity on the exit status tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// The build fails, or leaks
    Error,
    /// The build does something else than was meant
    Warning,
    /// Whatever is found
    Note,
    /// The exit status does not tell
    Never,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<Exit, Failure> {
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let source = Source::Directory(arguments.path.clone());
    let dockerfile = plan::dockerfile_choice(&arguments.context, DockerfileChoice::Default)?;
    let recipe = plan::recipe(&source, &arguments.context, dockerfile, semantics)?;
    let options = arguments.options()?;
    let progress = Progress::new();
    let meter = ui.meter(Work::Listing(progress.clone()));
    let report = explain::check(&recipe, &options, &progress).map_err(|error| match error {
        CheckError::Recipe(error) => plan::misplaced(error, &arguments.path),
        error => Failure::of(&error),
    })?;
    drop(meter);
    let places = Places::new(&arguments.path)?;
    Ui::listing("findings", |out| match arguments.format {
        Format::Text => text::write(&report, &places, out),
        Format::Json => json::write(&report, &places, out),
        Format::Sarif => sarif::write(&report, &places, out),
        Format::Github => github::write(&report, &places, out),
    })?;
    for (code, untold) in &report.untold {
        let untold = grouped(*untold as u64);
        ui.warning(&format!("{untold} more of `{code}` are not shown"), None);
    }
    ui.summary(&summary(&report));
    Ok(match (report.worst(), arguments.fail_on.severity()) {
        (Some(worst), Some(least)) if worst >= least => Exit::Found,
        _ => Exit::Done,
    })
}

impl Arguments {
    fn options(&self) -> Result<CheckOptions, Failure> {
        let mut options = CheckOptions::default();
        options.request = reads::request(&self.reads)?;
        options.max_context = self.context.max_context.map(|size| size.0);
        options.on_unreadable = match self.context.on_unreadable {
            UnreadableChoice::Fail => OnUnreadable::Fail,
            UnreadableChoice::Skip => OnUnreadable::Skip,
        };
        if !self.only.is_empty() {
            options.codes = self.only.iter().copied().collect();
        }
        options.codes.retain(|code| !self.skip.contains(code));
        Ok(options)
    }
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }
}

/// `1 error, 2 warnings, 0 notes`.
fn summary(report: &Report) -> String {
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    let counted = severities.map(|severity| {
        let findings = report.findings.iter();
        let count = findings
            .filter(|finding| finding.severity == severity)
            .count();
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {severity}{plural}")
    });
    counted.join(", ")
}
