//! `Screen`: a build as a picture of all its steps, as `docker buildx build` draws it on a terminal.
//!
//! ```text
//! [+] Building 3.2s (4/6)
//!  => [internal] load build definition from Dockerfile                  0.0s
//!  => => transferring dockerfile: 203B                                  0.0s
//!  => CACHED [1/3] COPY busybox /bin/busybox                            0.0s
//!  => [2/3] RUN make                                                    2.9s
//!  => => # cc main.c
//! ```
//!
//! **Deviation**: the last lines of a step's output are cut where a terminal would break them, and what they do to the cursor is
//! left out.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::ui::{Extent, Line, Tone, fit, width};

use super::vertices::{Ended, Step, Vertices};

/// How many lines of output a step shows.
const OUTPUT: usize = 6;

/// How many rows have to be left for that.
const OUTPUT_ROOM: usize = OUTPUT + 3;

/// What a name needs at least.
const NAME: usize = 12;

/// What stays the same from one picture to the next.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// How often the output of a step was shown, by its place, so that it is not another's each time.
    shown: HashMap<usize, u64>,
}

/// How much of the build is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// What fits, and the output of what runs.
    Fitting,
    /// All steps, since it is the last picture.
    All,
}

/// A line before it is laid out.
struct Row {
    text: String,
    amount: Option<String>,
    time: Duration,
    tone: Tone,
    goes_on: bool,
    output: Vec<String>,
}

impl Screen {
    /// The picture at a time, for a terminal of that size.
    pub(super) fn picture(
        &mut self,
        vertices: &Vertices,
        now: SystemTime,
        extent: Extent,
        scope: Scope,
    ) -> Vec<Line> {
        let (complete, known) = vertices.counts();
        let seconds = vertices.elapsed(now).as_secs_f64();
        let finished = scope == Scope::All && known > 0 && complete == known;
        let end = if finished { " FINISHED" } else { "" };
        let header = format!("[+] Building {seconds:.1}s ({complete}/{known}){end}");
        let mut lines = vec![Line {
            text: fit(&header, extent.columns),
            tone: Tone::Running,
        }];
        let now = vertices.at_engine(now);
        let mut rows: Vec<Row> = Vec::new();
        let speakers = match scope {
            Scope::Fitting => self.speakers(vertices, extent.rows),
            Scope::All => Vec::new(),
        };
        for (at, step) in vertices.begun() {
            let first = rows.len();
            rows.extend(rows_of(step, now));
            if speakers.contains(&at)
                && let Some(row) = rows.get_mut(first)
            {
                row.output = step.log.last_texts(OUTPUT).collect();
            }
        }
        if scope == Scope::Fitting {
            let output: usize = rows.iter().map(|row| row.output.len()).sum();
            rows = fitting(rows, extent.rows.saturating_sub(2 + output));
        }
        for row in rows {
            lines.extend(row.line(extent.columns));
            lines.extend(row.output.iter().map(|text| Line {
                text: fit(&format!(" => => # {text}"), extent.columns),
                tone: Tone::Quoted,
            }));
        }
        lines
    }

    /// The places of the steps whose output is shown: those that print most, as long as there is room.
    fn speakers(&mut self, vertices: &Vertices, rows: usize) -> Vec<usize> {
        let running = vertices.begun().filter(|(_, step)| !step.is_completed());
        let running: Vec<(usize, &Step)> = running.collect();
        let mut free = rows.saturating_sub(2 + running.len());
        let printed = |at: usize, step: &Step| {
            let shown = self.shown.get(&at).copied().unwrap_or(0);
            step.printed.saturating_add(shown.saturating_mul(50))
        };
        let mut candidates: Vec<(u64, usize)> = running
            .into_iter()
            .filter(|(_, step)| !step.log.is_empty())
            .map(|(at, step)| (printed(at, step), at))
            .collect();
        candidates.sort_by_key(|&(printed, at)| (std::cmp::Reverse(printed), at));
        let mut speakers = Vec::new();
        for (_, at) in candidates {
            if free <= OUTPUT_ROOM {
                break;
            }
            free -= OUTPUT_ROOM;
            *self.shown.entry(at).or_insert(0) += 1;
            speakers.push(at);
        }
        speakers
    }
}

impl Row {
    /// The line, or none where it would have no room for words.
    fn line(&self, columns: usize) -> Option<Line> {
        let seconds = self.time.as_secs_f64();
        let seconds = if seconds < 0.05 { 0.0 } else { seconds };
        let time = format!(" {seconds:.1}s");
        // One column stays free, since some terminals go on to the next line after the last.
        let room = columns.checked_sub(" => ".len() + time.len() + 2)?;
        let amount = self.amount.as_ref().map(|amount| format!(" {amount}"));
        let amount = amount
            .filter(|amount| room >= amount.len() + NAME)
            .unwrap_or_default();
        let name = room - amount.len();
        if name < NAME {
            return None;
        }
        let text = format!(" => {}{amount}", fit(&self.text, name));
        let gap = " ".repeat((" => ".len() + room).saturating_sub(width(&text)) + 1);
        Some(Line {
            text: format!("{text}{gap}{time}"),
            tone: self.tone,
        })
    }
}

/// A step, its parts and its warnings.
fn rows_of(step: &Step, now: SystemTime) -> Vec<Row> {
    let (mark, tone) = match step.ended() {
        None => ("", Tone::Running),
        Some(Ended::Done) => ("", Tone::Done),
        Some(Ended::Cached) => ("CACHED ", Tone::Done),
        Some(Ended::Canceled) => ("CANCELED ", Tone::Doubtful),
        Some(Ended::Failed(_)) => ("ERROR ", Tone::Failed),
    };
    let row = |text: String, time: Duration, tone: Tone| Row {
        text,
        amount: None,
        time,
        tone,
        goes_on: tone == Tone::Running,
        output: Vec::new(),
    };
    let busy = step.spans.busy(now);
    let mut rows = vec![row(format!("{mark}{}", step.name), busy, tone)];
    for part in &step.parts {
        let status = &part.status;
        let end = status.completed.unwrap_or(now);
        let time = status
            .started
            .and_then(|start| end.duration_since(start).ok());
        let tone = match status.completed {
            Some(_) => Tone::Done,
            None => Tone::Running,
        };
        let part_row = row(format!("=> {}", part.name), time.unwrap_or_default(), tone);
        rows.push(Row {
            amount: part.amount(),
            ..part_row
        });
    }
    for warning in &step.warnings {
        rows.push(row(format!("WARN: {warning}"), busy, Tone::Doubtful));
    }
    rows
}

/// The last rows, but what goes on rather than what is over.
fn fitting(rows: Vec<Row>, limit: usize) -> Vec<Row> {
    let over = rows.len().saturating_sub(limit);
    let running = rows.iter().filter(|row| row.goes_on).count();
    let mut spare_running = running.saturating_sub(limit);
    let mut spare_ended = over - spare_running;
    let mut stays = |row: &Row| {
        let spare = if row.goes_on {
            &mut spare_running
        } else {
            &mut spare_ended
        };
        let stays = *spare == 0;
        *spare -= usize::from(!stays);
        stays
    };
    rows.into_iter().filter(|row| stays(row)).collect()
}
