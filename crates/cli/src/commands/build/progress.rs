//! `Progress`: a build on BuildKit as it goes on, in the form that its user asked for.
//!
//! ```text
//! Event ──► Vertices, the graph as far as it is known ──► Plain   lines, step by step
//!                                                     └─► Screen  a picture of all steps, redrawn in place
//! Event ──► rawjson                                           BuildKit's own JSON
//! ```
//!
//! What is shown follows BuildKit's `progressui`. It is drawn by a thread ten times a second, so that neither a flood of output nor
//! silence changes how often.

mod excerpt;
mod log;
mod plain;
mod rawjson;
mod screen;
mod spans;
mod vertices;

use std::fmt::Write as _;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use shipload::engine::{Event, SourceLines, VertexWarning, sanitize};

use crate::ui::{Extent, Line, Ui};

use self::excerpt::excerpt;
use self::plain::Plain;
use self::screen::{Scope, Screen};
use self::vertices::{Ended, Vertices};

pub(super) use self::rawjson::line as json_line;

/// How often news are shown.
const PACE: Duration = Duration::from_millis(100);

/// Pieces of output are taken in this size at most, so that they can be shown before older ones have to go.
const PIECE: usize = 512;

/// How many last lines of a failed step follow the build where all of them were shown before.
const LAST_LINES: usize = 10;

/// How many where they were not.
const LAST_LINES_UNSEEN: usize = 200;

/// How many warnings are told at the end.
const WARNINGS_KEPT: usize = 500;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Line by line.
    Plain,
    /// As a picture that is redrawn in place.
    Screen,
    /// Not at all, unless it fails.
    Quiet,
}

/// Shows a build until it is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    ui: Ui,
    story: Arc<Mutex<Story>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a build shows, without where.
#[derive(Debug)]
struct Story {
    view: View,
    vertices: Vertices,
    warnings: Vec<VertexWarning>,
    /// How many warnings there were beyond those that are kept.
    unkept: usize,
}

#[derive(Debug)]
enum View {
    Plain(Plain),
    Screen(Screen),
    Quiet,
}

/// What is said at the end.
#[derive(Debug)]
struct End {
    /// What is left to show.
    lines: String,
    /// Why it failed.
    failures: String,
    /// What may not be as it was meant.
    warnings: String,
}

impl Progress {
    /// Shows a build on `ui`.
    pub(super) fn start(ui: &Ui, form: Form) -> Self {
        let view = match form {
            Form::Plain => View::Plain(Plain::default()),
            Form::Screen => View::Screen(Screen::default()),
            Form::Quiet => View::Quiet,
        };
        let story = Arc::new(Mutex::new(Story::new(view)));
        let (stop, stopped) = mpsc::channel();
        let (shown, on) = (Arc::clone(&story), ui.clone());
        let follow = move || {
            while stopped.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
                let now = SystemTime::now();
                let mut story = lock(&shown);
                on.block(&story.news(now));
                if let Some(lines) = story.picture(now, Ui::extent(), Scope::Fitting) {
                    on.draw(&lines);
                }
            }
        };
        // Without a thread all is shown at the end.
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(follow)
            .ok();
        Self {
            ui: ui.clone(),
            story,
            stop: Some(stop),
            thread,
        }
    }

    /// Takes an event of the graph; others are left alone.
    pub(super) fn event(&self, event: &Event) {
        let mut story = lock(&self.story);
        self.ui.block(&story.event(event, SystemTime::now()));
    }

    /// Shows what is left, and the last lines of steps that failed. After a failure a quiet build tells only these.
    pub(super) fn finish(mut self) {
        self.stop();
        let now = SystemTime::now();
        let mut story = lock(&self.story);
        if let Some(lines) = story.picture(now, Ui::extent(), Scope::All) {
            self.ui.draw(&lines);
            self.ui.leave_drawn();
        }
        let end = story.finish(now);
        self.ui.block(&end.lines);
        self.ui.failed_block(&end.failures);
        self.ui.block(&end.warnings);
    }

    fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic; if it did, the build is not to blame.
            let _ = thread.join();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Story {
    fn new(view: View) -> Self {
        Self {
            view,
            vertices: Vertices::default(),
            warnings: Vec::new(),
            unkept: 0,
        }
    }

    /// Takes an event. What it returns has to be said now, because it could not be kept.
    fn event(&mut self, event: &Event, now: SystemTime) -> String {
        let mut urgent = String::new();
        match event {
            Event::Vertex(vertex) => {
                self.vertices.vertex(vertex, now);
                if !matches!(self.view, View::Plain(_)) {
                    self.vertices.forget_logs();
                }
            }
            Event::VertexStatus(status) => self.vertices.status(status, now),
            Event::VertexLog(log) => {
                for piece in log.data.chunks(PIECE) {
                    self.vertices.log(log, piece, now);
                    if matches!(self.view, View::Plain(_)) && self.vertices.is_filling() {
                        urgent += &self.news(now);
                    }
                }
            }
            Event::VertexWarning(warning) => {
                self.vertices.warning(warning, now);
                if self.warnings.len() < WARNINGS_KEPT {
                    self.warnings.push(warning.clone());
                } else {
                    self.unkept += 1;
                }
            }
            _ => {}
        }
        urgent
    }

    /// Lines about what is new.
    fn news(&mut self, now: SystemTime) -> String {
        match &mut self.view {
            View::Plain(plain) => plain.print(&mut self.vertices, now),
            View::Screen(_) | View::Quiet => String::new(),
        }
    }

    /// The lines to draw, if any are to be drawn.
    fn picture(&mut self, now: SystemTime, extent: Extent, scope: Scope) -> Option<Vec<Line>> {
        match &mut self.view {
            View::Screen(screen) => Some(screen.picture(&self.vertices, now, extent, scope)),
            View::Plain(_) | View::Quiet => None,
        }
    }

    fn finish(&mut self, now: SystemTime) -> End {
        let (lines, last) = match &mut self.view {
            View::Plain(plain) => (plain.finish(&mut self.vertices, now), LAST_LINES),
            View::Screen(_) | View::Quiet => (String::new(), LAST_LINES_UNSEEN),
        };
        End {
            lines,
            failures: failed_steps(&self.vertices, last),
            warnings: told(&self.warnings, self.unkept),
        }
    }
}

/// Shows the lines of source files in which a failure lies.
pub(super) fn sources(ui: &Ui, sources: &[SourceLines]) {
    let shown: String = sources.iter().filter_map(excerpt).collect();
    ui.failed_block(&shown);
}

/// The names of failed steps with what they printed last.
fn failed_steps(vertices: &Vertices, last: usize) -> String {
    let mut out = String::new();
    for (_, step) in vertices.begun() {
        if let Some(Ended::Failed(_)) = step.ended() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "------\n > {}:", step.name);
            for line in step.log.last(last) {
                let _ = writeln!(out, "{line}");
            }
            out.push_str("------\n");
        }
    }
    out
}

/// All warnings, with the lines that they are about.
///
/// **Deviation**: buildx shows more than the first line of each only with `--debug`.
fn told(warnings: &[VertexWarning], unkept: usize) -> String {
    let mut out = String::new();
    let found = match warnings.len() + unkept {
        0 => return out,
        1 => "1 warning found".to_owned(),
        count => format!("{count} warnings found"),
    };
    let _ = writeln!(out, "\n {found}:");
    for warning in warnings {
        let _ = writeln!(out, " - {}", sanitize(&warning.short));
        for detail in &warning.details {
            let _ = writeln!(out, "{}", sanitize(detail));
        }
        if !warning.url.is_empty() {
            let _ = writeln!(out, "More info: {}", sanitize(&warning.url));
        }
        if let Some(lines) = warning.source.as_ref().and_then(excerpt) {
            out.push_str(&lines);
        }
        out.push('\n');
    }
    if unkept > 0 {
        let _ = writeln!(out, " and {unkept} more");
    }
    out
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
