//! `Report`: what a build says, as its user wants to see it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shipload::context::{Plan, Referenced};
use shipload::engine::{Address, Built, Event, ImageName, LogStream, SourceLines, sanitize};

use crate::reads;
use crate::size::{self, Size};
use crate::ui::{Doing, Ui};

use super::progress::{self, Form, Progress, json_line};

/// How many lines a quiet build keeps for the case that it fails.
const KEPT: usize = 200;

/// How a build is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Line by line.
    Lines,
    /// As a picture that is redrawn in place, where the engine says enough for one, else line by line.
    Screen,
    /// Not at all, unless it fails.
    Quiet,
    /// A JSON object for each event.
    Json,
}

/// Shows what a build or push does, in order.
pub(super) struct Report<'a> {
    ui: &'a Ui,
    style: Style,
    /// What is being done, for a meter.
    doing: Arc<Mutex<Doing>>,
    /// A line that is not complete yet.
    open: String,
    kept: VecDeque<String>,
    /// A build on BuildKit, once it has begun.
    graph: Option<Progress>,
}

impl<'a> Report<'a> {
    pub(super) fn new(ui: &'a Ui, style: Style) -> Self {
        Self {
            ui,
            style,
            doing: Arc::default(),
            open: String::new(),
            kept: VecDeque::new(),
            graph: None,
        }
    }

    /// What is being done, as it changes.
    pub(super) fn doing(&self) -> Arc<Mutex<Doing>> {
        Arc::clone(&self.doing)
    }

    /// What is about to be sent, and where.
    pub(super) fn sending(&mut self, entries: usize, bytes: u64, address: &Address) {
        if self.style == Style::Json {
            let address = address.to_string();
            self.json(
                &json!({"event": "sending", "entries": entries, "bytes": bytes, "to": address}),
            );
        } else {
            let (entries, bytes) = (size::entries(entries as u64), Size(bytes));
            self.line(&format!("sending {entries}, {bytes}, to {address}"));
        }
    }

    /// What is not sent, or why all is.
    pub(super) fn left_behind(&mut self, plan: &Plan, least: &Referenced) {
        let nothing = least.left_members == 0 && least.reads.whole.is_empty();
        if nothing {
            return;
        }
        if self.style == Style::Json {
            let (entries, bytes) = (least.left_members, least.left_bytes);
            let whole: Vec<_> = least.reads.whole.iter().map(ToString::to_string).collect();
            self.json(&json!({
                "event": "left-behind", "entries": entries, "bytes": bytes, "because": whole,
            }));
            return;
        }
        for whole in &least.reads.whole {
            let dockerfile = plan.dockerfile_shown();
            self.line(&format!("sending the whole context: {dockerfile}:{whole}"));
        }
        if let Some(left) = reads::left(least) {
            self.line(&left);
        }
    }

    /// What came of it.
    pub(super) fn built(&mut self, built: &Built, time: Duration) {
        let (id, seconds) = (&built.image_id, time.as_secs_f64());
        let names: Vec<&str> = built.tags.iter().map(ImageName::as_str).collect();
        if self.style == Style::Json {
            self.json(&json!({"event": "built", "id": id, "names": names, "seconds": seconds}));
            return;
        }
        let what = if id.is_empty() {
            "done".to_owned()
        } else {
            format!("built {id}")
        };
        self.line(&format!("{what} in {seconds:.1} s"));
        for name in names {
            self.line(&format!("named {name}"));
        }
    }

    /// Which name is pushed next.
    pub(super) fn pushing(&mut self, name: &ImageName) {
        if self.style == Style::Json {
            self.json(&json!({"event": "pushing", "name": name.as_str()}));
        } else {
            self.heading(&format!("pushing {name}"));
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        if self.style == Style::Json {
            if let Some(object) = object(event) {
                self.json(&object);
            } else if let Some(line) = json_line(event) {
                self.ui.progress(&line);
            }
            return;
        }
        if is_of_a_graph(event) {
            let form = match self.style {
                Style::Quiet => Form::Quiet,
                Style::Screen => Form::Screen,
                Style::Lines | Style::Json => Form::Plain,
            };
            let graph = self
                .graph
                .get_or_insert_with(|| Progress::start(self.ui, form));
            return graph.event(event);
        }
        match event {
            Event::Log { text, .. } => return self.log(text),
            _ => self.close(),
        }
        match event {
            Event::Step {
                number,
                total,
                text,
            } => {
                let step = format!("[{number}/{total}] {text}");
                self.set_doing(&step, Some((*number, *total)));
                self.heading(&step);
            }
            Event::Cached => self.line("  taken from the build cache"),
            Event::Warning(text) => self.ui.warning(&sanitize(text), None),
            Event::Transfer {
                id,
                status,
                current,
                ..
            } => {
                let id = id
                    .as_deref()
                    .map(|id| format!("{id}: "))
                    .unwrap_or_default();
                self.set_doing(&format!("{id}{status}"), None);
                // How far a layer is does not fit into lines.
                if current.is_none() {
                    self.line(&format!("  {id}{status}"));
                }
            }
            Event::Pushed { tag, digest, .. } => self.line(&format!("pushed {tag}: {digest}")),
            // Said at the end, by the build's outcome; the others are noise.
            _ => {}
        }
    }

    /// Completes what is incomplete. After a failure a quiet build tells what it kept.
    pub(super) fn end(&mut self, failed: bool) {
        self.close();
        if let Some(graph) = self.graph.take() {
            graph.finish();
        }
        if failed {
            for line in self.kept.drain(..) {
                self.ui.failed_line(&line);
            }
        }
    }

    /// The lines of the Dockerfile in which a build failed.
    pub(super) fn sources(&self, sources: &[SourceLines]) {
        if self.style != Style::Json {
            progress::sources(self.ui, sources);
        }
    }

    /// Commands print in pieces; what is shown is lines. Of a line that overwrites itself, its last state.
    fn log(&mut self, text: &str) {
        self.open.push_str(text);
        while let Some(end) = self.open.find('\n') {
            let rest = self.open.split_off(end + 1);
            let line = std::mem::replace(&mut self.open, rest);
            let line = line.trim_end_matches(['\n', '\r']);
            let shown = line.rsplit('\r').next().unwrap_or_default();
            self.line(&format!("  {}", sanitize(shown)));
        }
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.log("\n");
        }
    }

    fn json(&self, object: &Value) {
        self.ui.progress(&object.to_string());
    }

    fn line(&mut self, text: &str) {
        self.keep(text);
        self.ui.progress(&sanitize(text));
    }

    fn heading(&mut self, text: &str) {
        self.keep(text);
        self.ui.heading(&sanitize(text));
    }

    fn keep(&mut self, text: &str) {
        if self.style == Style::Quiet {
            if self.kept.len() == KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back(sanitize(text).into_owned());
        }
    }

    /// Tells the meter; a transfer is a part of the step before it.
    fn set_doing(&self, text: &str, step: Option<(u32, u32)>) {
        let mut doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        sanitize(text)
            .lines()
            .next()
            .unwrap_or_default()
            .clone_into(&mut doing.text);
        if let Some((step, steps)) = step {
            (doing.step, doing.steps) = (step, steps);
        }
    }
}

/// Whether the event is BuildKit's.
fn is_of_a_graph(event: &Event) -> bool {
    matches!(
        event,
        Event::Vertex(_) | Event::VertexStatus(_) | Event::VertexLog(_) | Event::VertexWarning(_)
    )
}

/// An event as JSON; the kinds that say nothing to a program have none.
fn object(event: &Event) -> Option<Value> {
    Some(match event {
        Event::Step {
            number,
            total,
            text,
        } => {
            json!({"event": "step", "number": number, "total": total, "text": text})
        }
        Event::Cached => json!({"event": "cached"}),
        Event::Layer { id } => json!({"event": "layer", "id": id}),
        Event::Running { container } => json!({"event": "running", "container": container}),
        Event::Log { stream, text } => {
            let stream = match stream {
                LogStream::Stdout => "stdout",
                LogStream::Stderr => "stderr",
            };
            json!({"event": "log", "stream": stream, "text": text})
        }
        Event::Warning(text) => json!({"event": "warning", "text": text}),
        Event::Transfer {
            id,
            status,
            current,
            total,
        } => {
            json!({"event": "transfer", "id": id, "status": status, "current": current, "total": total})
        }
        Event::ImageId(id) => json!({"event": "image", "id": id}),
        Event::Tagged(name) => json!({"event": "tagged", "name": name}),
        Event::Pushed { tag, digest, size } => {
            json!({"event": "pushed", "tag": tag, "digest": digest, "size": size})
        }
        _ => return None,
    })
}
