//! `shipload diff`: what differs between two contexts, and what a builder's cache will make of it.

mod show;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{Plan, Progress, Request, Semantics};
use shipload::explain::{
    DifferenceError, InputChange, Inputs, Side, differences, input_changes, predict,
};

use crate::args::{ContextArguments, ModesChoice, ReadsArguments};
use crate::exit::{Exit, Failure};
use crate::given::Given;
use crate::interrupt;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::{Ui, Work};

use show::Found;

/// Tells what differs between two contexts
///
/// What is added, removed, or another, path by path, and which instruction the builder's cache misses first. Times and owners are
/// no difference. The exit status is 3 if anything differs. As text a directory that is on one side only is one line; as JSON everything
/// in it has its own.
///
/// A and B are each a directory, a tar archive (`-` is standard input), `git:REVISION` or `git:REVISION:DIRECTORY` (the directory as
/// it is in that revision, as git stores it: without filters, line ends and submodules), or a manifest of `digest`. Ignore rules
/// apply to directories and revisions, to each its own; archives are taken as they are. With a manifest only what the Dockerfile
/// reads is compared. `--file` is relative to each of the contexts.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The first
    #[arg(value_name = "A", value_hint = ValueHint::AnyPath)]
    from: PathBuf,

    /// The second
    #[arg(value_name = "B", value_hint = ValueHint::AnyPath)]
    to: PathBuf,

    /// Compare only what the Dockerfile reads, and what was asked for
    #[arg(long)]
    referenced: bool,

    /// How differences are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Which permissions count
    #[arg(long, value_name = "MODES", default_value = "keep")]
    modes: ModesChoice,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each
    Text,
    /// A JSON object on a line each
    Json,
}

/// One of the two, listed.
enum Listed {
    Context {
        plan: Box<Plan>,
        known: Option<Inputs>,
    },
    Inputs(Inputs),
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<Exit, Failure> {
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let request = reads::request(&arguments.reads)?;
    let is_input = |path: &Path| path.as_os_str() == "-";
    if is_input(&arguments.from) && is_input(&arguments.to) {
        return Err(Failure::usage(
            "only one of the two can be read from standard input",
        ));
    }
    if arguments.context.file.as_deref().is_some_and(is_input) {
        return Err(Failure::usage(
            "`--file -` has no use here: it is to name a file in each of the contexts",
        ));
    }
    let progress = Progress::new();
    let stop = progress.clone();
    interrupt::on_interrupt(move || stop.cancel())?;

    let given = [&arguments.from, &arguments.to];
    let given = given.map(|path| Given::find(ui, path, &arguments.context, &progress));
    let [from, to] = given;
    let (from, to) = (from?, to?);
    let is_manifest = |given: &Given| matches!(given, Given::Manifest(_));
    let least = arguments.referenced || is_manifest(&from) || is_manifest(&to);
    if is_manifest(&from) && is_manifest(&to) {
        reads::refuse(&arguments.reads)?;
    }
    let list = |given| list(ui, given, arguments, semantics, &request, least, &progress);
    let (from, to) = (list(from)?, list(to)?);

    let files = differences(&from.side(), &to.side(), &progress)?;
    let known = from.inputs().zip(to.inputs());
    let mut inputs = known.map_or_else(Vec::new, |(from, to)| input_changes(from, to));
    if !least {
        // It is among the files, unless rules keep it from being sent.
        let is_sent = from.sends_dockerfile() && to.sends_dockerfile();
        inputs.retain(|change| !is_sent || *change != InputChange::Dockerfile);
    }
    let is_same = files.is_empty() && inputs.is_empty();
    let found = Found {
        files,
        inputs,
        // Of what is the same there is nothing to tell.
        cache: known
            .filter(|_| !is_same)
            .map(|(from, to)| predict(from, to)),
    };
    Ui::listing("differences", |out| match arguments.format {
        Format::Text => found.text(out),
        Format::Json => found.objects(out),
    })?;
    Ok(if is_same { Exit::Done } else { Exit::Found })
}

/// Lists what was given, and reads what the Dockerfile reads of it.
fn list(
    ui: &Ui,
    given: Given,
    arguments: &Arguments,
    semantics: Semantics,
    request: &Request,
    least: bool,
    progress: &Progress,
) -> Result<Listed, Failure> {
    let source = match given {
        Given::Manifest(inputs) => return Ok(Listed::Inputs(*inputs)),
        Given::Context(source) => source,
    };
    let mut context = arguments.context.clone();
    if let (Source::Directory(dir), Some(file)) = (&source, &mut context.file) {
        *file = dir.join(&file);
    }
    let mut plan = if least {
        plan::plan(ui, &source, &context, semantics, progress)?
    } else {
        plan::lenient(ui, &source, &context, semantics, progress)?
    };
    plan.view = arguments.modes.apply(plan.view);
    plan::check_size(&plan.view, &context)?;
    let read = |quiet: &Ui| -> Result<Inputs, Failure> {
        let least = reads::least(quiet, &plan, request)?;
        let work = Work::Packing(progress.clone(), least.members.content_bytes());
        let _meter = ui.meter(work);
        Ok(Inputs::of(&plan, request, &least, progress)?)
    };
    if least {
        return read(ui).map(Listed::Inputs);
    }
    // Whole contexts can be compared though nothing can be built of them.
    let known = match read(&ui.quiet()) {
        Ok(inputs) => Some(inputs),
        Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
        Err(_) => None,
    };
    let plan = Box::new(plan);
    Ok(Listed::Context { plan, known })
}

impl Listed {
    fn side(&self) -> Side<'_> {
        match self {
            Self::Context { plan, known } => Side::Context {
                view: &plan.view,
                known: known.as_ref(),
            },
            Self::Inputs(inputs) => Side::Inputs(inputs),
        }
    }

    fn inputs(&self) -> Option<&Inputs> {
        match self {
            Self::Context { known, .. } => known.as_ref(),
            Self::Inputs(inputs) => Some(inputs),
        }
    }

    fn sends_dockerfile(&self) -> bool {
        match self {
            Self::Context { plan, .. } => plan.dockerfile_sent,
            Self::Inputs(_) => false,
        }
    }
}

impl From<DifferenceError> for Failure {
    fn from(error: DifferenceError) -> Self {
        match error {
            DifferenceError::Cancelled => Self::interrupted(),
            error => Self::of(&error).hint(error.hint()),
        }
    }
}
