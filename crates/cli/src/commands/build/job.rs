//! `Job`: one build, on whichever builder.

use shipload::blocking::{Build, BuildKit, Engine};
use shipload::context::{Compression, PackOptions, Plan, Progress, Referenced, View};
use shipload::engine::{BuildError, BuildOptions, Built, ContextBody, SessionContext};

use crate::exit::Failure;
use crate::ui::{Ui, Work};

use super::Stop;
use super::builder::{Builder, Place};
use super::report::Report;

/// All that a build needs.
pub(super) struct Job<'a> {
    pub(super) place: &'a Place,
    pub(super) plan: &'a Plan,
    /// What of the context the Dockerfile reads, if only that is to be sent.
    pub(super) least: Option<&'a Referenced>,
    /// Whether the archive is compressed, if the user says so.
    pub(super) compress: Option<bool>,
}

impl Job<'_> {
    /// What is sent, or may be.
    pub(super) fn view(&self) -> &View {
        self.least.map_or(&self.plan.view, |least| &least.view)
    }

    /// Builds, and tells `report` of it.
    pub(super) fn build(
        &self,
        ui: &Ui,
        report: &mut Report<'_>,
        options: &mut BuildOptions,
        stop: &Stop,
    ) -> Result<Built, Failure> {
        match (&self.place.builder, &self.place.engine) {
            (Builder::BuildKit(buildkit), _) => self.on_buildkit(buildkit, report, options, stop),
            (Builder::Classic | Builder::Podman, Some(engine)) => {
                self.on_api(engine, ui, report, options, stop)
            }
            (Builder::Classic | Builder::Podman, None) => {
                Err(Failure::new("there is no engine to build on"))
            }
        }
    }

    /// BuildKit asks for what it needs, so it may have everything.
    fn on_buildkit(
        &self,
        buildkit: &BuildKit,
        report: &mut Report<'_>,
        options: &BuildOptions,
        stop: &Stop,
    ) -> Result<Built, Failure> {
        let context = SessionContext::from_plan(self.plan).map_err(|error| Failure::of(&error))?;
        follow(buildkit.build(&context, options), report, stop)
    }

    /// The whole archive, through `POST /build`.
    fn on_api(
        &self,
        engine: &Engine,
        ui: &Ui,
        report: &mut Report<'_>,
        options: &mut BuildOptions,
        stop: &Stop,
    ) -> Result<Built, Failure> {
        options.dockerfile = Some(self.dockerfile_name()?);
        if let Some(least) = self.least {
            report.left_behind(self.plan, least);
        }
        let view = self.view();
        let bytes = view.content_bytes();
        report.sending(view.len(), bytes, &engine.about().address);
        let progress = Progress::new();
        let pack = PackOptions::new(self.compression(engine));
        let context = ContextBody::from_view(view.clone(), pack, progress.clone());
        let events = engine.build(context, options);
        let meter = ui.meter(Work::Building {
            progress,
            bytes,
            upload: events.progress(),
            doing: report.doing(),
        });
        let outcome = follow(events, report, stop);
        drop(meter);
        outcome
    }

    fn compression(&self, engine: &Engine) -> Compression {
        match self.compress {
            Some(true) => Compression::Gzip,
            Some(false) => Compression::None,
            None => engine.auto_compression(),
        }
    }

    /// The engine is told names as text.
    fn dockerfile_name(&self) -> Result<String, Failure> {
        let name = self.plan.dockerfile.as_bytes().to_vec();
        String::from_utf8(name).map_err(|_| {
            Failure::new(format!(
                "the engine cannot be told the Dockerfile `{}`, whose name is not UTF-8",
                self.plan.dockerfile
            ))
            .hint("rename it".to_owned())
        })
    }
}

/// Tells `report` what happens, until it is over.
fn follow(mut events: Build, report: &mut Report<'_>, stop: &Stop) -> Result<Built, Failure> {
    stop.arm(events.cancel_token());
    for event in &mut events {
        report.event(&event);
    }
    let outcome = events.finish();
    stop.disarm();
    let cancelled = matches!(outcome, Err(BuildError::Cancelled));
    report.end(outcome.is_err() && !cancelled);
    if let Err(BuildError::Solve(failure)) = &outcome {
        report.sources(&failure.sources);
    }
    outcome.map_err(Failure::from)
}
