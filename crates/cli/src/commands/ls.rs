//! `shipload ls`: what `pack` would write and `build` would send, entry by entry, in that order.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{ListFormat, Progress, list};

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::Ui;

/// Lists the context
///
/// What `pack` would write, in its order. No content is read.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    /// How an entry is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Also show kind and mode, owner, size in bytes, and modification time in UTC; as JSON they are always there
    #[arg(short, long)]
    long: bool,

    /// List only what the Dockerfile reads, as `pack --referenced` writes it
    #[arg(long)]
    referenced: bool,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line, with what is not printable escaped; directories end in `/`
    Text,
    /// A JSON object on a line
    Json,
    /// The path as it is, then a NUL byte
    Nul,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    let format = match (arguments.format, arguments.long) {
        (Format::Text, false) => ListFormat::Text,
        (Format::Text, true) => ListFormat::Long,
        (Format::Json, _) => ListFormat::Json,
        (Format::Nul, false) => ListFormat::Nul,
        (Format::Nul, true) => {
            return Err(Failure::usage(
                "`--long` and `--format nul` contradict each other",
            ));
        }
    };
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let request = reads::if_referenced(arguments.referenced, &arguments.reads)?;
    let mut plan = plan::plan(
        ui,
        &Source::Directory(arguments.path.clone()),
        &arguments.context,
        semantics,
        &Progress::new(),
    )?;
    if let Some(request) = request {
        plan.view = reads::least(ui, &plan, &request)?.view;
    }
    plan::check_size(&plan.view, &arguments.context)?;
    Ui::listing("listing", |out| list(&plan.view, format, out))
}
