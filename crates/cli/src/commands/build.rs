//! `shipload build`: packs the context, sends it, shows what the engine makes of it, and names the image.

mod arguments;
pub(crate) mod builder;
mod buildkit;
mod job;
mod options;
mod outputs;
mod progress;
mod report;
mod results;
mod source;
mod sources;
mod values;

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use shipload::blocking::Engine;
use shipload::context::Progress;
use shipload::engine::{BuildError, Built, CancelToken, Environment, Registry, TransferError};

use crate::args::EngineArguments;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::plan;
use crate::ui::Ui;

use self::arguments::ProgressChoice;
use self::builder::{Builder, Directions, Wish};
use self::job::Job;
use self::outputs::{Load, Loading};
use self::report::{Report, Style};
use self::results::Results;

pub(crate) use self::arguments::{Arguments, with_switches};

pub(crate) fn run(ui: &Ui, arguments: &Arguments, engine: EngineArguments) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let wish = Wish::of(arguments.context.engine, &environment)?;
    let mut options = options::options(arguments, &environment)?;
    let progress = options::progress(arguments, &environment)?;
    let (ui, style) = view(ui, progress)?;
    let ui = &ui;
    let stop = Stop::on_interrupt()?;

    let place = Directions {
        wish,
        builder: arguments.buildkit.builder.as_ref(),
        engine: arguments.engine.or(engine),
        platforms: &arguments.platform,
        environment: &environment,
    }
    .follow()?;
    let source = source::source(&arguments.path, arguments.context.file.as_ref())?;
    let results = Results::begin(
        arguments.iidfile.as_ref(),
        arguments.buildkit.metadata_file.as_ref(),
    )?;
    let listing = Progress::new();
    let semantics = place.builder.semantics();
    let plan = plan::plan(ui, &source, &arguments.context, semantics, &listing)?;
    buildkit::time_alike(&mut options.buildkit, plan.view.times());

    let proxies = place.engine.as_ref().map(Engine::proxy_build_args);
    for (name, value) in proxies.unwrap_or_default() {
        options.build_args.entry(name).or_insert(Some(value));
    }
    let least = sources::referenced(&plan, &options, place.engine.as_ref())?;
    options.registries = Registry::of_images(&least.reads);
    let load = outputs::complete(&mut options, &place, arguments)?;
    place.check(ui, &plan, &options)?;
    if matches!(place.builder, Builder::BuildKit(_)) {
        unheeded(ui, arguments);
    }
    let mut report = Report::new(ui, style);
    let job = Job {
        place: &place,
        plan: &plan,
        least: (!arguments.whole_context).then_some(&least),
        compress: arguments.compress,
    };
    plan::check_size(job.view(), &arguments.context)?;
    let started = Instant::now();
    let loading = load.map(Load::start);
    let built = job.build(ui, &mut report, &mut options, &stop)?;
    loading.map_or(Ok(()), Loading::finish)?;
    results.write(&built)?;
    report.built(&built, started.elapsed());
    if let Some(engine) = place.engine.as_ref().filter(|_| arguments.push) {
        push(&mut report, engine, &built)?;
    }
    if style == Style::Quiet && !built.image_id.is_empty() && !outputs::take_stdout(&options) {
        writeln!(Ui::result()?, "{}", built.image_id)
            .map_err(|error| Failure::new("cannot write the image id").caused_by(&error))?;
    }
    Ok(())
}

/// Warns of what is about the archive that a builder is sent.
fn unheeded(ui: &Ui, arguments: &Arguments) {
    let given = [
        ("--compress", arguments.compress == Some(true)),
        ("--whole-context", arguments.whole_context),
    ];
    for (option, _) in given.iter().filter(|(_, given)| *given) {
        let text =
            format!("`{option}` has no effect on BuildKit, which asks for the files it needs");
        ui.warning(&text, None);
    }
}

/// Who hears of the build, and in which form.
fn view(ui: &Ui, progress: ProgressChoice) -> Result<(Ui, Style), Failure> {
    match progress {
        ProgressChoice::Auto | ProgressChoice::Tty if ui.can_draw() => {
            Ok((ui.clone(), Style::Screen))
        }
        ProgressChoice::Auto => Ok((ui.clone(), Style::Lines)),
        ProgressChoice::Plain => Ok((ui.plain(), Style::Lines)),
        ProgressChoice::Tty => Err(Failure::usage(
            "`--progress tty` needs standard error to be a terminal",
        )),
        ProgressChoice::Quiet => Ok((ui.quiet(), Style::Quiet)),
        ProgressChoice::Rawjson => Ok((ui.plain(), Style::Json)),
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match &error {
            BuildError::Cancelled => Self::interrupted(),
            _ => Self::of(&error).hint(error.hint()),
        }
    }
}

fn push(report: &mut Report<'_>, engine: &Engine, built: &Built) -> Result<(), Failure> {
    for name in &built.tags {
        report.pushing(name);
        let pushed = engine.push(name, |event| report.event(&event));
        report.end(pushed.is_err());
        pushed.map_err(|error| not_pushed(&error, built))?;
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The image is there all the same.
fn not_pushed(error: &TransferError, built: &Built) -> Failure {
    let mut failure = Failure::of(error).hint(error.hint());
    failure.details.extend(results::is_there(built));
    failure
}

/// What Ctrl-C stops: the build while there is one, else the program.
#[derive(Debug, Clone, Default)]
struct Stop(Arc<Mutex<Option<CancelToken>>>);

impl Stop {
    fn on_interrupt() -> Result<Self, Failure> {
        let stop = Self::default();
        let armed = stop.clone();
        interrupt::on_interrupt(move || match lock(&armed.0).as_ref() {
            Some(token) => token.cancel(),
            None => std::process::exit(Exit::Interrupted.code().into()),
        })?;
        Ok(stop)
    }

    fn arm(&self, token: CancelToken) {
        *lock(&self.0) = Some(token);
    }

    fn disarm(&self) {
        *lock(&self.0) = None;
    }
}
