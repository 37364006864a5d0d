//! `Vertices`: the graph of a build as far as it is known, folded from what BuildKit says of it.
//!
//! A step is what a person sees: one vertex, or all vertices of a group. How steps are made of vertices follows BuildKit's own
//! `progressui`, so that the same build shows the same steps.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use shipload::engine::{ProgressGroup, Vertex, VertexLog, VertexStatus, VertexWarning, sanitize};

use super::log::Log;
use super::spans::{Span, Spans};

/// All steps that are known.
#[derive(Debug, Default)]
pub(super) struct Vertices {
    steps: Vec<Step>,
    /// The step that shows a vertex, by its digest.
    shown_by: HashMap<String, usize>,
    groups: HashMap<String, usize>,
    /// Steps in the order in which they began.
    begun: Vec<usize>,
    /// Steps of which there is something new to print.
    news: BTreeSet<usize>,
    /// When the first vertex began, by the engine's clock.
    start: Option<SystemTime>,
    /// How far our clock is ahead of the engine's, or behind it.
    ahead: Option<Skew>,
}

/// A difference of two clocks.
#[derive(Debug, Clone, Copy)]
enum Skew {
    Ahead(Duration),
    Behind(Duration),
}

/// A vertex, or a group of them.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// What it does, in one line.
    pub(super) name: String,
    /// When it was at work.
    pub(super) spans: Spans,
    /// Whether all of it came from the build cache.
    pub(super) cached: bool,
    /// Why it failed.
    pub(super) error: Option<String>,
    /// What it does one after the other, such as transfers, in the order in which that began.
    pub(super) parts: Vec<Part>,
    /// Warnings about it.
    pub(super) warnings: Vec<String>,
    /// What it printed.
    pub(super) log: Log,
    /// How much was heard of it since it was last left alone.
    pub(super) busyness: Busyness,
    /// How much it printed, in bytes.
    pub(super) printed: u64,
    /// Digest → state of the vertices in a group.
    members: HashMap<String, Member>,
    /// A group is hidden as long as only vertices began that others share.
    hidden: bool,
    began: bool,
}

/// How much was heard of a step, since when.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Busyness {
    /// Changes, pieces of output and the like.
    pub(super) count: u32,
    /// When the first of them came, by our clock.
    pub(super) since: Option<SystemTime>,
}

/// A part of a step, with its state.
#[derive(Debug)]
pub(super) struct Part {
    /// The state.
    pub(super) status: VertexStatus,
    /// Its id for a person.
    pub(super) name: String,
    /// Whether this state has not been printed.
    pub(super) fresh: bool,
}

/// What a group knows of a vertex in it.
#[derive(Debug)]
struct Member {
    cached: bool,
    error: Option<String>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended<'a> {
    /// It was done.
    Done,
    /// It was not necessary.
    Cached,
    /// It was stopped because another failed, or by whoever wanted it.
    Canceled,
    /// It failed, for this reason.
    Failed(&'a str),
}

/// Folding
impl Vertices {
    /// Takes what is new of a vertex; `now` is the time here.
    pub(super) fn vertex(&mut self, vertex: &Vertex, now: SystemTime) {
        if let Some(started) = vertex.started {
            self.start.get_or_insert(started);
            self.ahead
                .get_or_insert_with(|| Skew::between(started, now));
        }
        match &vertex.group {
            Some(group) => self.member(vertex, group, now),
            None => self.single(vertex, now),
        }
    }

    fn single(&mut self, vertex: &Vertex, now: SystemTime) {
        let at = self.slot(&vertex.digest);
        let step = &mut self.steps[at];
        // A vertex is announced again before it begins again; that takes nothing back.
        if step.began && vertex.started.is_none() {
            return;
        }
        let before = step.state();
        step.hidden = false;
        step.name = one_line(&vertex.name);
        step.cached = vertex.cached;
        step.error = error(vertex);
        if let Some(started) = vertex.started {
            step.spans.insert(started, vertex.completed);
            if step.state() != before || !step.began {
                self.touch(at, now);
            }
            self.begin(at);
        }
    }

    fn member(&mut self, vertex: &Vertex, group: &ProgressGroup, now: SystemTime) {
        let at = self.groups.get(&group.id).copied().unwrap_or_else(|| {
            let at = self.steps.len();
            self.groups.insert(group.id.clone(), at);
            at
        });
        if at == self.steps.len() {
            self.steps.push(Step {
                name: one_line(&group.name),
                hidden: true,
                ..Step::default()
            });
        }
        self.shown_by.insert(vertex.digest.clone(), at);
        let step = &mut self.steps[at];
        let before = step.state();
        let member = Member {
            cached: vertex.cached,
            error: error(vertex),
        };
        if member.error.is_some() || (vertex.started.is_some() && !group.weak) {
            step.hidden = false;
        }
        step.members.insert(vertex.digest.clone(), member);
        step.cached = step.members.values().all(|member| member.cached);
        if step.error.is_none() {
            step.error = error(vertex);
        }
        if let Some(started) = vertex.started {
            step.spans.insert(started, vertex.completed);
        }
        let changed = step.state() != before || !step.began;
        if !step.hidden && step.is_started() {
            if changed {
                self.touch(at, now);
            }
            self.begin(at);
        }
    }

    /// Takes how far a part of a vertex is.
    pub(super) fn status(&mut self, status: &VertexStatus, now: SystemTime) {
        let Some(&at) = self.shown_by.get(&status.vertex) else {
            return;
        };
        let parts = &mut self.steps[at].parts;
        let known = parts.iter_mut().find(|part| part.status.id == status.id);
        match known {
            Some(part) => {
                part.status = status.clone();
                part.fresh = true;
            }
            None if status.started.is_some() => parts.push(Part {
                status: status.clone(),
                name: one_line(&status.id),
                fresh: true,
            }),
            None => {}
        }
        self.touch(at, now);
    }

    /// Takes a piece of what a vertex printed.
    pub(super) fn log(&mut self, log: &VertexLog, data: &[u8], now: SystemTime) {
        let Some(&at) = self.shown_by.get(&log.vertex) else {
            return;
        };
        let step = &mut self.steps[at];
        let start = step.spans.last().map(|span| span.start);
        let time = log.timestamp.zip(start);
        let time = time.and_then(|(time, start)| time.duration_since(start).ok());
        step.log.push(data, time.unwrap_or_default());
        step.printed = step.printed.saturating_add(data.len() as u64);
        self.touch(at, now);
    }

    /// Takes a warning.
    pub(super) fn warning(&mut self, warning: &VertexWarning, now: SystemTime) {
        if let Some(&at) = self.shown_by.get(&warning.vertex) {
            let step = &mut self.steps[at];
            step.warnings.push(one_line(&warning.short));
            step.busyness.add(now);
        }
    }

    /// Completes lines that have no end, since nothing follows.
    pub(super) fn close_logs(&mut self) {
        for (at, step) in self.steps.iter_mut().enumerate() {
            if step.log.close() {
                self.news.insert(at);
            }
        }
    }

    /// Drops what steps printed that did not fail and are not at work any more, where nobody prints news.
    pub(super) fn forget_logs(&mut self) {
        for at in std::mem::take(&mut self.news) {
            let step = &mut self.steps[at];
            if step
                .ended()
                .is_some_and(|ended| !matches!(ended, Ended::Failed(_)))
            {
                step.log.clear();
            }
        }
    }

    fn slot(&mut self, digest: &str) -> usize {
        if let Some(&at) = self.shown_by.get(digest) {
            return at;
        }
        let at = self.steps.len();
        self.steps.push(Step::default());
        self.shown_by.insert(digest.to_owned(), at);
        at
    }

    fn begin(&mut self, at: usize) {
        if !std::mem::replace(&mut self.steps[at].began, true) {
            self.begun.push(at);
        }
    }

    fn touch(&mut self, at: usize, now: SystemTime) {
        self.news.insert(at);
        self.steps[at].busyness.add(now);
    }
}

/// Asking
impl Vertices {
    /// The steps that are shown, in the order in which they began, with their places.
    pub(super) fn begun(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.begun.iter().map(|&at| (at, &self.steps[at]))
    }

    /// The step in a place that was handed out.
    pub(super) fn step(&mut self, at: usize) -> Option<&mut Step> {
        self.steps.get_mut(at)
    }

    /// The places of the steps of which there is something new, and nothing is new any more.
    pub(super) fn news(&self) -> impl Iterator<Item = usize> {
        self.news
            .iter()
            .copied()
            .filter(|&at| self.steps.get(at).is_some_and(|step| step.began))
    }

    /// What was new of a step is known now.
    pub(super) fn is_known(&mut self, at: usize) {
        self.news.remove(&at);
    }

    /// Whether a step that may be printed will lose what it printed if that is not taken soon.
    pub(super) fn is_filling(&self) -> bool {
        self.news().any(|at| self.steps[at].log.is_filling())
    }

    /// How many steps are complete, and how many are known.
    pub(super) fn counts(&self) -> (usize, usize) {
        let shown = self.steps.iter().filter(|step| !step.hidden);
        let complete = shown.clone().filter(|step| step.is_completed()).count();
        (complete, shown.count())
    }

    /// How long the build has taken.
    pub(super) fn elapsed(&self, now: SystemTime) -> Duration {
        let now = self.at_engine(now);
        let start = self.start.unwrap_or(now);
        now.duration_since(start).unwrap_or_default()
    }

    /// Our time by the engine's clock.
    pub(super) fn at_engine(&self, now: SystemTime) -> SystemTime {
        match self.ahead {
            Some(Skew::Ahead(by)) => now.checked_sub(by).unwrap_or(now),
            Some(Skew::Behind(by)) => now.checked_add(by).unwrap_or(now),
            None => now,
        }
    }
}

/// Asking
impl Step {
    /// Whether any of it has begun.
    pub(super) fn is_started(&self) -> bool {
        self.spans.last().is_some()
    }

    /// When it ended last; none as long as it has not, or works again.
    pub(super) fn completed(&self) -> Option<SystemTime> {
        self.spans.last().and_then(|span| span.end)
    }

    /// Whether it is not at work any more.
    pub(super) fn is_completed(&self) -> bool {
        self.completed().is_some()
    }

    /// Whether it may have ended only for BuildKit to find out that there is something to do, later than `then`: what is not in
    /// the cache is then begun again.
    pub(super) fn is_looked_up(&self, then: Option<SystemTime>) -> bool {
        let Some(Span {
            start,
            end: Some(end),
        }) = self.spans.last()
        else {
            return false;
        };
        let short = end.duration_since(start).unwrap_or_default() < Duration::from_millis(1);
        let unused = self.parts.is_empty() && self.log.is_empty();
        short && unused && Some(end) > then && self.ended() == Some(Ended::Done)
    }

    /// How it ended; none as long as it has not.
    pub(super) fn ended(&self) -> Option<Ended<'_>> {
        self.completed()?;
        Some(match &self.error {
            // As BuildKit's clients tell it.
            Some(error) if error.ends_with("context canceled") => Ended::Canceled,
            Some(error) => Ended::Failed(error),
            None if self.cached => Ended::Cached,
            None => Ended::Done,
        })
    }

    /// What has to change for there to be news.
    fn state(&self) -> (String, Spans, bool, Option<String>, bool) {
        let Self {
            name,
            spans,
            cached,
            error,
            hidden,
            ..
        } = self;
        (name.clone(), spans.clone(), *cached, error.clone(), *hidden)
    }
}

impl Busyness {
    fn add(&mut self, now: SystemTime) {
        if self.count == 0 {
            self.since = Some(now);
        }
        self.count = self.count.saturating_add(1);
    }
}

impl Skew {
    fn between(engine: SystemTime, here: SystemTime) -> Self {
        match here.duration_since(engine) {
            Ok(by) => Self::Ahead(by),
            Err(error) => Self::Behind(error.duration()),
        }
    }
}

fn error(vertex: &Vertex) -> Option<String> {
    let error = vertex.error.as_deref().filter(|error| !error.is_empty());
    error.map(|error| sanitize(error).into_owned())
}

/// Text for one line of a terminal.
fn one_line(text: &str) -> String {
    sanitize(text).replace(['\n', '\t'], " ")
}
