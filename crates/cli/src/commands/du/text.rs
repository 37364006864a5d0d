//! Sizes as tables.

use std::io::{self, Write};

use shipload::context::show;
use shipload::explain::{Churn, Sum};

use super::Report;
use crate::size::{Size, grouped};

/// How many files and how many rules are shown.
const SHOWN: usize = 10;

const SIZES: &[&str] = &["SIZE", "ENTRIES", "NOT READ"];

/// How many readers of a rule's files are named.
const READERS: usize = 3;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let usage = &report.usage;
    let directories = usage.largest_directories(report.depth).map(|directory| {
        let path = directory.path.as_ref();
        let name = path.map_or_else(|| ".".to_owned(), |path| format!("{path}/"));
        Row::new(directory.all, directory.unread, name)
    });
    table(SIZES, "DIRECTORY", directories.collect(), out)?;

    let files = usage.largest.iter().take(SHOWN).map(|file| {
        let all = Sum {
            bytes: file.bytes,
            entries: 1,
        };
        let unread = file
            .is_unread
            .map(|is_unread| if is_unread { all } else { Sum::default() });
        Row::new(all, unread, file.path.to_string())
    });
    table(SIZES, "FILE", files.collect(), out)?;

    let rules = usage.candidates.iter().take(SHOWN).map(|candidate| {
        let name = format!(
            "{}{}",
            show(candidate.rule.as_bytes()),
            readers(report, &candidate.read_by)
        );
        Row::new(candidate.out, candidate.unread, name)
    });
    table(SIZES, "RULE THAT WOULD TAKE IT OUT", rules.collect(), out)?;

    match &report.churn {
        None => {}
        Some(Err(why)) => writeln!(out, "\nwhat changes often is not known: {why}")?,
        Some(Ok(churn)) => changes(report, churn, out)?,
    }

    let tar = Size(usage.archive_bytes);
    writeln!(out, "\nas an archive, without compression: {tar}")
}

/// The files that change most often.
fn changes(report: &Report, churn: &Churn, out: &mut impl Write) -> io::Result<()> {
    let files = churn.files.iter().take(SHOWN).map(|file| Row {
        columns: vec![grouped(file.commits as u64)],
        name: format!("{}{}", file.path, readers(report, &file.read_by)),
    });
    let commits = match churn.commits {
        1 => "THE LAST COMMIT".to_owned(),
        commits => format!("THE LAST {} COMMITS", grouped(commits as u64)),
    };
    let shallow = if churn.is_shallow {
        " (A SHALLOW CLONE)"
    } else {
        ""
    };
    table(
        &["COMMITS"],
        &format!("FILE THAT CHANGED IN {commits}{shallow}"),
        files.collect(),
        out,
    )?;
    if churn.is_cut {
        writeln!(out, "git took too long to tell of more commits")?;
    }
    Ok(())
}

/// Who reads some files, by the numbers of sources.
fn readers(report: &Report, numbers: &[usize]) -> String {
    let sources = report
        .referenced
        .iter()
        .flat_map(|referenced| &referenced.reads.sources);
    let sources: Vec<_> = sources.collect();
    let read_by = numbers.iter().filter_map(|number| sources.get(*number));
    let dockerfile = report.plan.dockerfile_shown();
    let mut named: Vec<String> = read_by
        .map(|source| {
            let written = show(source.written.as_bytes());
            format!("{dockerfile}:{} `{written}`", source.position.line)
        })
        .collect();
    if named.is_empty() {
        return String::new();
    }
    let others = named.len().saturating_sub(READERS);
    named.truncate(READERS);
    let more = if others > 0 {
        format!(" and {others} more")
    } else {
        String::new()
    };
    format!("  (read by {}{more})", named.join(", "))
}

/// A line of a table: right-aligned columns, and a name.
struct Row {
    columns: Vec<String>,
    name: String,
}

impl Row {
    fn new(all: Sum, unread: Option<Sum>, name: String) -> Self {
        let mut columns = vec![Size(all.bytes).to_string(), grouped(all.entries)];
        columns.extend(unread.map(|unread| Size(unread.bytes).to_string()));
        Self { columns, name }
    }
}

/// Writes rows below a head, with an empty line above all tables but the first; nothing of no rows.
fn table(heads: &[&str], name: &str, mut rows: Vec<Row>, out: &mut impl Write) -> io::Result<()> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    if name != "DIRECTORY" {
        writeln!(out)?;
    }
    let heads = heads.iter().take(first.columns.len());
    let head = Row {
        columns: heads.map(ToString::to_string).collect(),
        name: name.to_owned(),
    };
    rows.insert(0, head);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.columns.get(column));
        cells.map(String::len).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..rows[0].columns.len()).map(width).collect();
    for row in &rows {
        for (cell, width) in row.columns.iter().zip(&widths) {
            write!(out, "{cell:>width$}  ")?;
        }
        writeln!(out, "{}", row.name)?;
    }
    Ok(())
}
