//! Findings as workflow commands of GitHub Actions: a line each, `::warning file=…,line=…,title=…::message`.
//!
//! What would end a line, a property or the command is percent-encoded, as the runner's toolkit does, so that a file name cannot
//! become a command.

use std::io::{self, Write};

use shipload::explain::{Finding, Report, Severity};

use super::places::{Places, columns, shown};

pub(super) fn write(report: &Report, places: &Places, out: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        one(finding, places, out)?;
    }
    Ok(())
}

fn one(finding: &Finding, places: &Places, out: &mut impl Write) -> io::Result<()> {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    write!(out, "::{command} ")?;
    if let Some(file) = places.of(finding) {
        write!(out, "file={},", property(&shown(&file)))?;
    }
    if let Some(location) = &finding.location {
        let (start, end) = columns(location);
        write!(out, "line={},col={start},", location.line)?;
        if end > start {
            // Of the characters, the last one.
            write!(out, "endLine={},endColumn={},", location.line, end - 1)?;
        }
    }
    let mut message = finding.message.clone();
    if let Some(fix) = &finding.fix {
        message += "\nfix: ";
        message += &fix.advice;
    }
    writeln!(
        out,
        "title={}::{}",
        property(finding.code.name()),
        data(&message)
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command() {
        assert_eq!(data("100%\r\n::set-env"), "100%25%0D%0A::set-env");
        assert_eq!(property("a,line=1::b"), "a%2Cline=1%3A%3Ab");
    }
}
