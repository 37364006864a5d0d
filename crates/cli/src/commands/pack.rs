//! `shipload pack`: the context as an archive, whole or not there.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use shipload::context::{Plan, Progress};

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::interrupt;
use crate::packing::PackingArguments;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::Ui;

/// Writes the context as an archive
///
/// The archive that `docker build` would send: the same members in the same order, and the same bytes on every machine.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    #[command(flatten)]
    packing: PackingArguments,

    /// Pack only what the Dockerfile reads, and the Dockerfile; where that cannot be told, everything
    #[arg(long)]
    referenced: bool,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

pub(crate) fn run(ui: &Ui, arguments: Arguments) -> Result<(), Failure> {
    let quiet = arguments.packing.quiet.then(|| ui.quiet());
    let ui = quiet.as_ref().unwrap_or(ui);
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let progress = Progress::new();
    let request = reads::if_referenced(arguments.referenced, &arguments.reads)?;
    let packing = arguments.packing.resolve(progress.clone())?;

    let stop = progress.clone();
    interrupt::on_interrupt(move || stop.cancel())?;
    let mut plan = plan::plan(
        ui,
        &Source::Directory(arguments.path.clone()),
        &arguments.context,
        semantics,
        &progress,
    )?;
    if let Some(request) = request {
        let least = reads::least(ui, &plan, &request)?;
        if let Some(left) = reads::left(&least) {
            ui.progress(&left);
        }
        plan.view = least.view;
    }
    plan::check_size(&plan.view, &arguments.context)?;
    warn_of_dockerfile(ui, &plan);
    if let Some(file) = packing.file() {
        plan::warn_of_itself(ui, &plan, &arguments.path, "archive", file);
    }
    packing.write(ui, &plan.view)
}

/// BuildKit asks for the Dockerfile apart from the context; whoever builds from the archive has to have it in there.
fn warn_of_dockerfile(ui: &Ui, plan: &Plan) {
    if !plan.dockerfile_sent {
        ui.warning(
            &format!(
                "the Dockerfile `{}` is excluded and not in the archive",
                plan.dockerfile
            ),
            Some("include it again with a `!` rule if the archive is to be built from"),
        );
    }
}
