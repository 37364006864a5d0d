//! `Plain`: a build line by line, as `docker buildx build --progress plain` prints it.
//!
//! ```text
//! #4 [1/2] COPY busybox /bin/busybox
//! #4 DONE 0.0s
//!
//! #5 [2/2] RUN make
//! #5 0.076 cc main.c
//! #5 ...
//! ```
//!
//! Steps that run at once take turns, so that their lines stay together: one keeps the screen until it is done, or has had its fair
//! share of time, or another has waited too long. A step gets its number when it is first shown.
//!
//! **Deviation**: a line of output is printed when it is complete (or its step has ended, or it is 16 KiB long), of a line that
//! overwrites itself only the last state, and escape sequences are left out.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use super::vertices::{Ended, Part, Vertices};

/// How long a step that shares the engine with no other keeps the screen; the more it prints compared with the others, the longer.
const TURN: Duration = Duration::from_secs(5);

/// How long a step waits for the screen at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a part that goes on is printed, unless it made [`STRIDE`].
const PACE: Duration = Duration::from_secs(5);

/// How long a step that was only looked up may take to begin.
const MOMENT: Duration = Duration::from_millis(200);

/// Which fraction of a part is worth a line.
const STRIDE: f64 = 0.05;

/// Who has the screen, and what was printed.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// The place of the step whose lines come last.
    current: Option<usize>,
    /// Whether anything was printed.
    began: bool,
    /// The numbers of steps by their places.
    numbers: HashMap<usize, usize>,
    /// Steps that have ended, whose end is not told because a part of them goes on.
    held: BTreeSet<usize>,
    /// How many warnings of a step were printed.
    warned: HashMap<usize, usize>,
    /// What was last printed of a part, by its id.
    last: HashMap<String, (u64, Option<SystemTime>)>,
}

/// Whether to end steps that BuildKit left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Openness {
    /// A part that goes on keeps its step open.
    May,
    /// Nothing will follow.
    Over,
}

impl Plain {
    /// Whole lines about what is new.
    pub(super) fn print(&mut self, vertices: &mut Vertices, now: SystemTime) -> String {
        let mut out = String::new();
        self.turn(&mut out, vertices, now, Openness::May);
        out
    }

    /// Whole lines about all that is left.
    pub(super) fn finish(&mut self, vertices: &mut Vertices, now: SystemTime) -> String {
        let mut out = String::new();
        vertices.close_logs();
        self.turn(&mut out, vertices, now, Openness::Over);
        let mut left = std::mem::take(&mut self.held);
        left.extend(vertices.news());
        for at in left {
            self.show(&mut out, vertices, at, Openness::Over);
        }
        out
    }

    fn turn(&mut self, out: &mut String, vertices: &mut Vertices, now: SystemTime, open: Openness) {
        let current = self.current;
        let mut completed: Vec<(Option<SystemTime>, usize)> = Vec::new();
        let mut running: Vec<usize> = Vec::new();
        let then = vertices.at_engine(now).checked_sub(MOMENT);
        for at in vertices.news().collect::<Vec<_>>() {
            let is_looked_up = vertices
                .step(at)
                .is_some_and(|step| step.is_looked_up(then));
            if is_looked_up && open == Openness::May {
                continue;
            }
            match vertices.step(at).and_then(|step| step.completed()) {
                Some(time) => completed.push((Some(time).filter(|_| Some(at) != current), at)),
                None => running.push(at),
            }
        }
        // That on the screen first, then as they ended.
        completed.sort();
        for &(_, at) in &completed {
            self.show(out, vertices, at, open);
        }
        let current =
            current.filter(|&at| vertices.step(at).is_some_and(|step| !step.is_completed()));
        if running.is_empty() {
            let next = vertices.begun().find(|(_, step)| !step.is_completed());
            let next = next.map(|(at, _)| at).filter(|_| current.is_none());
            if let Some(at) = next {
                self.show(out, vertices, at, open);
            }
            return;
        }
        if let Some(at) = current.filter(|at| running.contains(at)) {
            self.show(out, vertices, at, open);
        }
        if let Some(at) = Self::next(vertices, &running, current, now) {
            self.show(out, vertices, at, open);
        }
    }

    /// Which of the running steps takes the screen from `current`.
    fn next(
        vertices: &mut Vertices,
        running: &[usize],
        current: Option<usize>,
        now: SystemTime,
    ) -> Option<usize> {
        let mut sum = 0.0;
        let mut own = (0.0, Duration::ZERO);
        let mut busiest: Option<(f64, usize)> = None;
        let mut impatient = None;
        let others = running.iter().copied().filter(|&at| Some(at) != current);
        for at in current.into_iter().chain(others) {
            let Some(step) = vertices.step(at) else {
                continue;
            };
            let Some(since) = step.busyness.since else {
                continue;
            };
            let time = now.duration_since(since).unwrap_or_default();
            let rate = f64::from(step.busyness.count) / time.as_secs_f64().max(1e-3);
            sum += rate;
            if Some(at) == current {
                own = (rate, time);
            } else if time > PATIENCE || step.log.is_filling() {
                impatient = impatient.or(Some(at));
            }
            if busiest.is_none_or(|(most, _)| most < rate) {
                busiest = Some((rate, at));
            }
        }
        let busiest = busiest.map(|(_, at)| at);
        if current.is_none() {
            return impatient.or(busiest);
        }
        if impatient.is_some() {
            return impatient;
        }
        let (rate, time) = own;
        let share = rate / sum;
        let over = TURN.as_secs_f64() / (1.0 - share) < time.as_secs_f64();
        busiest.filter(|&at| over && Some(at) != current)
    }

    /// Prints what is new of a step, and gives it the screen.
    fn show(&mut self, out: &mut String, vertices: &mut Vertices, at: usize, open: Openness) {
        vertices.is_known(at);
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(at).or_insert(next);
        if self.current != Some(at) {
            if let Some(old) = self.current {
                line(out, self.numbers.get(&old).copied().unwrap_or(0), "...");
                if let Some(step) = vertices.step(old) {
                    step.busyness.count = 0;
                }
            }
            let Some(step) = vertices.step(at) else {
                return;
            };
            if std::mem::replace(&mut self.began, true) {
                out.push('\n');
            }
            line(out, number, &step.name);
        }
        let Some(step) = vertices.step(at) else {
            return;
        };
        let mut goes_on = false;
        for part in step.parts.iter_mut().filter(|part| part.fresh) {
            part.fresh = false;
            if is_worth_a_line(part, self.last.get(&part.status.id)) {
                let state = (part.status.current, part.status.timestamp);
                self.last.insert(part.status.id.clone(), state);
                goes_on |= part.status.completed.is_none();
                line(out, number, &part.to_string());
            }
        }
        let warned = self.warned.entry(at).or_insert(0);
        for warning in step.warnings.iter().skip(*warned) {
            line(out, number, &format!("WARN: {warning}"));
        }
        *warned = step.warnings.len();
        let completed = step.is_completed();
        if completed {
            step.log.close();
        }
        for text in step.log.take_fresh() {
            line(out, number, text);
        }
        self.current = Some(at);
        // With a remote cache parts go on after their step has ended.
        if !completed {
            return;
        }
        if goes_on && open == Openness::May {
            self.held.insert(at);
            return;
        }
        self.held.remove(&at);
        self.current = None;
        step.busyness.count = 0;
        match step.ended() {
            Some(Ended::Failed(error)) => line(out, number, &format!("ERROR: {error}")),
            Some(Ended::Canceled) => line(out, number, "CANCELED"),
            Some(Ended::Cached) => line(out, number, "CACHED"),
            Some(Ended::Done) => {
                let busy = step.spans.busy(SystemTime::UNIX_EPOCH).as_secs_f64();
                line(out, number, &format!("DONE {busy:.1}s"));
            }
            None => {}
        }
        if !matches!(step.ended(), Some(Ended::Failed(_))) {
            step.log.clear();
        }
    }
}

fn line(out: &mut String, number: usize, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "#{number} {text}");
}

/// What goes on is printed when it has made some way, or for some time.
fn is_worth_a_line(part: &Part, last: Option<&(u64, Option<SystemTime>)>) -> bool {
    let status = &part.status;
    let Some(&(current, time)) = last.filter(|_| status.completed.is_none()) else {
        return true;
    };
    #[expect(clippy::cast_precision_loss, reason = "a twentieth is looked for")]
    let stride = match status.total {
        0 => 0.0,
        total => status.current.saturating_sub(current) as f64 / total as f64,
    };
    let passed = status.timestamp.zip(time);
    let passed = passed.and_then(|(now, then)| now.duration_since(then).ok());
    stride >= STRIDE || passed.unwrap_or_default() >= PACE
}

/// The name, how much of it is done, how long that took, and whether it is over.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.status;
        f.write_str(&self.name)?;
        if let Some(amount) = self.amount() {
            write!(f, " {amount}")?;
        }
        let span = status.started.zip(status.completed.or(status.timestamp));
        let time = span.and_then(|(start, end)| end.duration_since(start).ok());
        let seconds = time.unwrap_or_default().as_secs_f64();
        if seconds > 0.01 {
            write!(f, " {seconds:.1}s")?;
        }
        if status.completed.is_some() {
            f.write_str(" done")?;
        }
        Ok(())
    }
}

impl Part {
    /// How much is done, of how much where that is known; none if it is nothing.
    pub(super) fn amount(&self) -> Option<String> {
        match (self.status.current, self.status.total) {
            (0, 0) => None,
            (current, 0) => Some(bytes(current)),
            (current, total) => Some(format!("{} / {}", bytes(current), bytes(total))),
        }
    }
}

/// A number of bytes as BuildKit's clients write it: `52B`, `2.10MB`.
fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 6] = [
        (1_000_000_000_000_000_000, "EB"),
        (1_000_000_000_000_000, "PB"),
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let unit = UNITS.iter().find(|(size, _)| count >= *size);
    #[expect(
        clippy::cast_precision_loss,
        reason = "two digits after the point are shown"
    )]
    unit.map_or_else(
        || format!("{count}B"),
        |(size, unit)| format!("{:.2}{unit}", count as f64 / *size as f64),
    )
}
