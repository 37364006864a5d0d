//! `shipload repack`: an archive through ignore rules and the metadata policy.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{ArchiveOptions, Clash, Progress};

use crate::args::ContextArguments;
use crate::exit::Failure;
use crate::given;
use crate::interrupt;
use crate::packing::PackingArguments;
use crate::plan::{self, Source};
use crate::ui::Ui;

/// Passes an archive through ignore rules
///
/// What `pack` would write of the directory that the archive was made of, byte for byte: without what the rules of its own ignore
/// file exclude, owned by 0:0, with times in whole seconds.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The tar archive, plain or compressed; `-` is standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    /// What members with one path mean
    #[arg(long, value_name = "WHICH", default_value = "fail")]
    duplicates: Duplicates,

    #[command(flatten)]
    packing: PackingArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// What members with one path mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Duplicates {
    /// End without an archive
    Fail,
    /// The last of them counts, as for whoever unpacks the archive
    Last,
}

pub(crate) fn run(ui: &Ui, arguments: Arguments) -> Result<(), Failure> {
    let quiet = arguments.packing.quiet.then(|| ui.quiet());
    let ui = quiet.as_ref().unwrap_or(ui);
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let progress = Progress::new();
    let packing = arguments.packing.resolve(progress.clone())?;
    let options = ArchiveOptions {
        clash: match arguments.duplicates {
            Duplicates::Fail => Clash::Fail,
            Duplicates::Last => Clash::LastWins,
        },
        ..ArchiveOptions::default()
    };
    let archive = given::archive(&arguments.input, &arguments.context, &options)?;

    let stop = progress.clone();
    interrupt::on_interrupt(move || stop.cancel())?;
    let source = Source::Unpacked(archive);
    let plan = plan::lenient(ui, &source, &arguments.context, semantics, &progress)?;
    plan::check_size(&plan.view, &arguments.context)?;
    packing.write(ui, &plan.view)
}
