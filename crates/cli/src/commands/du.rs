//! `shipload du`: what the context weighs, and where.

mod json;
mod text;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{Plan, Progress, Referenced};
use shipload::explain::Usage;

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::Ui;

/// Says what the context weighs, and where
///
/// The directories of the context, largest first, as `pack` would write them: in bytes of content, in entries, and how much of
/// it the Dockerfile does not read. Then the largest files, and the ignore rules that would take the most out.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    /// How many levels of directories are listed; 0 is the context alone
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    depth: usize,

    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Weigh only what the Dockerfile reads, as `pack --referenced` writes it
    #[arg(long)]
    referenced: bool,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables
    Text,
    /// A JSON object on a line for the whole, each directory, file and rule, told apart by `kind`; sizes in bytes
    Json,
    /// The paths of the directories as they are, each followed by a NUL byte
    Nul,
}

/// What is told.
struct Report {
    plan: Plan,
    /// What the Dockerfile reads, where that can be told.
    referenced: Option<Referenced>,
    usage: Usage,
    depth: usize,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let request = reads::request(&arguments.reads)?;
    let source = Source::Directory(arguments.path.clone());
    let mut plan = plan::plan(ui, &source, &arguments.context, semantics, &Progress::new())?;
    let referenced = if arguments.referenced || arguments.reads.is_given() {
        Some(reads::least(ui, &plan, &request)?)
    } else {
        reads::if_told(ui, &plan, &request)
    };
    if let Some(referenced) = referenced.as_ref().filter(|_| arguments.referenced) {
        plan.view = referenced.view.clone();
    }
    plan::check_size(&plan.view, &arguments.context)?;
    let report = Report {
        usage: Usage::of(&plan, referenced.as_ref()),
        plan,
        referenced,
        depth: arguments.depth,
    };
    Ui::listing("sizes", |out| match arguments.format {
        Format::Text => text::write(&report, out),
        Format::Json => json::write(&report, out),
        Format::Nul => {
            for directory in report.usage.largest_directories(report.depth) {
                let path = directory
                    .path
                    .as_ref()
                    .map_or(&b"."[..], |path| path.as_bytes());
                out.write_all(path)?;
                out.write_all(&[0])?;
            }
            Ok(())
        }
    })
}
