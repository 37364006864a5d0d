//! `shipload build`: packs the context, sends it, shows what the engine makes of it, and names the image.

mod arguments;
mod options;
mod progress;
mod report;
mod source;
mod sources;
mod values;

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use shipload::blocking::Engine;
use shipload::context::{Compression, PackOptions, Plan, Progress, Semantics, show};
use shipload::engine::{
    BuildError, BuildOptions, Built, CancelToken, ContextBody, EngineKind, Environment, Registry,
    TransferError,
};

use crate::args::{EngineArguments, EngineChoice};
use crate::engine::Preference;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::plan;
use crate::ui::{Ui, Work};

use self::arguments::ProgressChoice;
use self::report::{Report, Style};

pub(crate) use self::arguments::{Arguments, with_switches};

pub(crate) fn run(ui: &Ui, arguments: &Arguments, engine: EngineArguments) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let mut options = options::options(arguments, &environment)?;
    let progress = options::progress(arguments, &environment)?;
    let (ui, style) = view(ui, progress)?;
    let ui = &ui;
    let stop = Stop::on_interrupt()?;

    let preference = match arguments.context.engine {
        EngineChoice::Podman => Preference::Podman,
        _ => Preference::Docker,
    };
    let engine = arguments
        .engine
        .or(engine)
        .connect(&environment, preference)?;
    let semantics = semantics(arguments.context.engine, &engine)?;
    let source = source::source(&arguments.path, arguments.context.file.as_ref())?;
    if let Some(file) = &arguments.iidfile {
        // Before the walk: it may lie in the context.
        remove_old(file)?;
    }
    let progress = Progress::new();
    let mut plan = plan::plan(ui, &source, &arguments.context, semantics, &progress)?;

    for (name, value) in engine.proxy_build_args() {
        options.build_args.entry(name).or_insert(Some(value));
    }
    let least = sources::referenced(&plan, &options, &engine)?;
    options.registries = Registry::of_images(&least.reads);
    if !arguments.whole_context {
        plan.view = least.view.clone();
    }
    plan::check_size(&plan.view, &arguments.context)?;
    options.dockerfile = Some(dockerfile_name(&plan)?);
    let compression = match arguments.compress {
        Some(true) => Compression::Gzip,
        Some(false) => Compression::None,
        None => engine.auto_compression(),
    };

    let mut report = Report::new(ui, style);
    if !arguments.whole_context {
        report.left_behind(&plan, &least);
    }
    let job = Job {
        engine: &engine,
        plan: &plan,
        options: &options,
        compression,
    };
    let started = Instant::now();
    let built = job.build(ui, &mut report, &stop)?;
    if let Some(file) = &arguments.iidfile {
        write_id(file, &built.image_id)?;
    }
    report.built(&built, started.elapsed());
    if arguments.push {
        push(&mut report, &engine, &built)?;
    }
    if style == Style::Quiet {
        writeln!(Ui::result()?, "{}", built.image_id)
            .map_err(|error| Failure::new("cannot write the image id").caused_by(&error))?;
    }
    Ok(())
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

/// Whose rules the engine's builder goes by.
fn semantics(choice: EngineChoice, engine: &Engine) -> Result<Semantics, Failure> {
    match (choice, engine.about().kind) {
        (EngineChoice::Podman, EngineKind::Docker) => Err(Failure::new(format!(
            "`--engine podman` was asked for, but Docker answers at `{}`",
            engine.about().address
        ))
        .hint("name Podman's socket with `--host`".to_owned())),
        (EngineChoice::Podman | EngineChoice::Auto, EngineKind::Podman) => Ok(Semantics::Podman),
        _ => Ok(Semantics::Classic),
    }
}

/// The engine is told names as text.
fn dockerfile_name(plan: &Plan) -> Result<String, Failure> {
    let name = plan.dockerfile.as_bytes().to_vec();
    String::from_utf8(name).map_err(|_| {
        Failure::new(format!(
            "the engine cannot be told the Dockerfile `{}`, whose name is not UTF-8",
            plan.dockerfile
        ))
        .hint("rename it".to_owned())
    })
}

/// All that a build needs.
struct Job<'a> {
    engine: &'a Engine,
    plan: &'a Plan,
    options: &'a BuildOptions,
    compression: Compression,
}

impl Job<'_> {
    fn build(&self, ui: &Ui, report: &mut Report<'_>, stop: &Stop) -> Result<Built, Failure> {
        let view = &self.plan.view;
        let bytes = view.content_bytes();
        report.sending(view.len(), bytes, &self.engine.about().address);
        let progress = Progress::new();
        let pack = PackOptions::new(self.compression);
        let context = ContextBody::from_view(view.clone(), pack, progress.clone());
        let mut events = self.engine.build(context, self.options);
        stop.arm(events.cancel_token());
        let meter = ui.meter(Work::Building {
            progress,
            bytes,
            upload: events.progress(),
            doing: report.doing(),
        });
        for event in &mut events {
            report.event(&event);
        }
        let outcome = events.finish();
        drop(meter);
        stop.disarm();
        let cancelled = matches!(outcome, Err(BuildError::Cancelled));
        report.end(outcome.is_err() && !cancelled);
        if let Err(BuildError::Solve(failure)) = &outcome {
            report.sources(&failure.sources);
        }
        outcome.map_err(Failure::from)
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
    failure
        .details
        .push(format!("the image was built: {}", built.image_id));
    failure
}

/// An id of an earlier image must not pass for that of a build that fails.
fn remove_old(file: &Path) -> Result<(), Failure> {
    match fs_err::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let file = show(std::os::unix::ffi::OsStrExt::as_bytes(file.as_os_str()));
            Err(Failure::new(format!("cannot remove the old `{file}`")).caused_by(&error))
        }
        _ => Ok(()),
    }
}

fn write_id(file: &Path, id: &str) -> Result<(), Failure> {
    fs_err::write(file, id).map_err(|error| {
        let mut failure = Failure::new("cannot write the image id").caused_by(&error);
        failure.details.push(format!("the image was built: {id}"));
        failure
    })
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
