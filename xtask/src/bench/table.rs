//! What was measured, as a table for people and as JSON for programs.
//!
//! Wall, CPU and memory are medians over the rounds. The ratio is that of the wall times within one round, the row's to the
//! first row's, of which again the median is shown, with the least and the greatest: a machine that is busy for a round
//! is so for both. That of the processor times stands behind it, which other programs disturb less.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::contender::{Contender, Goal};
use super::measure::Sample;

/// A row and its samples, one a round; none where it failed.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) contender: &'a Contender,
    pub(super) samples: Vec<Sample>,
}

/// Medians
impl Row<'_> {
    fn wall(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.wall.as_secs_f64()))
    }

    fn cpu(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.cpu.as_secs_f64()))
    }

    fn peak(&self) -> u64 {
        middle(self.samples.iter().map(|sample| sample.peak))
    }

    fn output(&self) -> u64 {
        middle(self.samples.iter().map(|sample| sample.output))
    }

    /// The ratios of wall times to `first`.
    fn ratios(&self, first: &Row<'_>) -> Vec<f64> {
        self.ratios_of(first, |sample| sample.wall)
    }

    /// The ratios to `first` round by round, in ascending order. A row that was measured once is compared with the median.
    fn ratios_of(&self, first: &Row<'_>, time: impl Fn(&Sample) -> Duration) -> Vec<f64> {
        let times = |row: &Row<'_>| -> Vec<f64> {
            let times = row.samples.iter().map(&time);
            times.map(|time| time.as_secs_f64()).collect()
        };
        let (own, theirs) = (times(self), times(first));
        let mut ratios: Vec<_> = if own.len() == theirs.len() {
            own.iter()
                .zip(theirs)
                .map(|(own, their)| own / their)
                .collect()
        } else {
            let their = median(theirs.into_iter());
            own.iter().map(|own| own / their).collect()
        };
        ratios.sort_by(f64::total_cmp);
        ratios
    }

    /// Each goal and whether it is met.
    fn goals(&self, first: &Row<'_>) -> Vec<(String, bool)> {
        let goal = |goal: &Goal| match *goal {
            Goal::Times(times) => {
                let met = median(self.ratios(first).into_iter()) >= times;
                (format!("≥ {times:.2} ×"), met)
            }
            Goal::Size(times) => {
                let limit = times * approximate(self.output());
                let met = approximate(first.output()) <= limit;
                (format!("size ≤ {times:.2} ×"), met)
            }
            Goal::Peak(bytes) => (format!("≤ {}", memory(bytes)), self.peak() <= bytes),
            Goal::Seconds(seconds) => (format!("≤ {seconds:.1} s"), self.wall() <= seconds),
            Goal::Rate(bytes) => {
                let rate = approximate(bytes) / (first.cpu() - self.cpu()).max(1e-6);
                let met = rate >= 500e6;
                (format!("{:.0} ≥ 500 MB/s a core", rate / 1e6), met)
            }
        };
        self.contender.goals.iter().map(goal).collect()
    }
}

/// Lays out a group; the first of `rows` is the one that the others are compared with.
pub(super) fn text(rows: &[Row<'_>]) -> String {
    let Some(first) = rows.first() else {
        return String::new();
    };
    let mut cells = vec![
        [
            "", "wall", "CPU", "peak", "output", "ratio", "(range)", "of CPU", "goal",
        ]
        .map(str::to_owned),
    ];
    for row in rows {
        let ratios = row.ratios(first);
        let range = match (ratios.first(), ratios.last()) {
            (Some(least), Some(most))
                if ratios.len() > 1 && row.contender.name != first.contender.name =>
            {
                format!("({least:.2} – {most:.2})")
            }
            _ => String::new(),
        };
        let goals = row
            .goals(first)
            .into_iter()
            .map(|(goal, met)| format!("{goal} {}", if met { "met" } else { "NOT MET" }));
        cells.push([
            row.contender.name.clone(),
            format!("{:.3} s", row.wall()),
            format!("{:.3} s", row.cpu()),
            memory(row.peak()),
            size(row.output()),
            format!("{:.2}", median(ratios.into_iter())),
            range,
            format!(
                "{:.2}",
                median(row.ratios_of(first, |sample| sample.cpu).into_iter())
            ),
            goals.collect::<Vec<_>>().join(", "),
        ]);
    }
    columns(&cells)
}

/// Aligns columns: the first and the last to the left, the others to the right.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut table = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:width$}"),
                _ if column + 1 == N => write!(line, "   {cell}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

/// The same as [`text`], with every sample.
pub(super) fn json(title: &str, rows: &[Row<'_>]) -> Value {
    let rows = rows.iter().map(|row| {
        let first = &rows[0];
        let list = |pick: fn(&Sample) -> Value| row.samples.iter().map(pick).collect::<Vec<_>>();
        let goals = row
            .goals(first)
            .into_iter()
            .map(|(goal, met)| json!({ "goal": goal, "met": met }));
        json!({
            "name": row.contender.name,
            "wall_seconds": list(|sample| json!(sample.wall.as_secs_f64())),
            "cpu_seconds": list(|sample| json!(sample.cpu.as_secs_f64())),
            "peak_bytes": list(|sample| json!(sample.peak)),
            "output_bytes": row.output(),
            "ratio": median(row.ratios(first).into_iter()),
            "cpu_ratio": median(row.ratios_of(first, |sample| sample.cpu).into_iter()),
            "goals": goals.collect::<Vec<_>>(),
        })
    });
    json!({ "group": title, "rows": rows.collect::<Vec<_>>() })
}

fn memory(bytes: u64) -> String {
    format!("{:.0} MiB", approximate(bytes) / f64::from(1 << 20))
}

pub(super) fn size(bytes: u64) -> String {
    format!("{:.1} MB", approximate(bytes) / 1e6)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "for display, and far below 2^52"
)]
fn approximate(number: u64) -> f64 {
    number as f64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[upper],
        _ => f64::midpoint(values[upper - 1], values[upper]),
    }
}

/// The median, or the greater of the two in the middle.
fn middle(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Stage;

    fn contender(name: &str, goals: &[Goal]) -> Contender {
        Contender::new(name, Stage::new("true"), goals)
    }

    fn samples(walls: &[u64], output: u64) -> Vec<Sample> {
        let sample = |wall: &u64| Sample {
            wall: Duration::from_millis(*wall),
            cpu: Duration::from_millis(2 * wall),
            peak: 5 << 20,
            output,
        };
        walls.iter().map(sample).collect()
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let ours = contender("shipload", &[Goal::Peak(4 << 20), Goal::Seconds(1.0)]);
        let peer = contender("peer", &[Goal::Times(2.0), Goal::Size(1.02)]);
        let once = contender("once", &[]);
        let less = contender("less", &[Goal::Rate(120_000_000)]);
        // In the second round the machine was busy: the ratio stays at 2.
        let rows = [
            Row {
                contender: &ours,
                samples: samples(&[100, 400, 110], 1_030_000),
            },
            Row {
                contender: &peer,
                samples: samples(&[200, 800, 330], 1_000_000),
            },
            Row {
                contender: &once,
                samples: samples(&[1100], 0),
            },
            Row {
                contender: &less,
                samples: samples(&[10], 0),
            },
        ];
        let expected = "
               wall      CPU   peak  output  ratio        (range)  of CPU   goal
  shipload  0.110 s  0.220 s  5 MiB  1.0 MB   1.00                   1.00   ≤ 4 MiB NOT MET, ≤ 1.0 s met
  peer      0.330 s  0.660 s  5 MiB  1.0 MB   2.00  (2.00 – 3.00)    2.00   ≥ 2.00 × met, size ≤ 1.02 × NOT MET
  once      1.100 s  2.200 s  5 MiB  0.0 MB  10.00                  10.00
  less      0.010 s  0.020 s  5 MiB  0.0 MB   0.09                   0.09   600 ≥ 500 MB/s a core met
";
        assert_eq!(format!("\n{}", text(&rows)), expected);
        let json = json("tar", &rows);
        assert_eq!(json["rows"][1]["ratio"], 2.0);
        assert_eq!(json["rows"][1]["goals"][1]["met"], false);
        assert_eq!(json["rows"][0]["wall_seconds"].as_array().unwrap().len(), 3);
    }
}
