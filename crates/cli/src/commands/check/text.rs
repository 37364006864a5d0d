//! Findings for people.

use std::io::{self, Write};

use shipload::context::show;
use shipload::explain::{Finding, Location, Report};

use super::places::{Places, columns, shown};
use crate::size::grouped;

pub(super) fn write(report: &Report, places: &Places, out: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        one(finding, places, out)?;
    }
    Ok(())
}

fn one(finding: &Finding, places: &Places, out: &mut impl Write) -> io::Result<()> {
    match (&finding.location, places.of(finding)) {
        (Some(location), Some(file)) => {
            let (column, _) = columns(location);
            write!(out, "{}:{}:{column}: ", shown(&file), location.line)?;
        }
        (None, Some(file)) => write!(out, "{}: ", shown(&file))?,
        (_, None) => write!(out, "{}: ", shown(places.context()))?,
    }
    writeln!(out, "{}", printable(&finding.to_string()))?;
    if let Some(caret) = finding.location.as_ref().and_then(Location::caret) {
        for line in caret.lines() {
            writeln!(out, "  | {line}")?;
        }
    }
    // What has one place says it in its message.
    if finding.count > 1 {
        let named: Vec<_> = finding.concerns.iter().map(ToString::to_string).collect();
        let more = match finding.count.saturating_sub(named.len()) {
            0 => String::new(),
            more => format!(" and {} more", grouped(more as u64)),
        };
        writeln!(out, "  = {}{more}", named.join(", "))?;
    }
    for related in &finding.related {
        let (column, _) = columns(&related.location);
        let file = shown(places.file(&related.location.file));
        let (line, message) = (related.location.line, printable(&related.message));
        writeln!(out, "  = {file}:{line}:{column}: {message}")?;
    }
    if let Some(fix) = &finding.fix {
        writeln!(out, "  fix: {}", printable(&fix.advice))?;
    }
    Ok(())
}

fn printable(text: &str) -> String {
    show(text.as_bytes())
}
