//! Findings as one SARIF 2.1.0 document (OASIS, with errata 01), as code scanning services read it.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use shipload::explain::{Code, Edit, Finding, Fix, Location, Report, Severity};

use super::places::{Places, columns};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn write(report: &Report, places: &Places, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(report, places))?;
    writeln!(out)
}

fn document(report: &Report, places: &Places) -> Value {
    let rules: Value = Code::ALL.iter().map(|code| rule(*code)).collect();
    let results: Value = report
        .findings
        .iter()
        .map(|finding| result(finding, places))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "shipload",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": { "text": format!("{}.", capital(code.summary())) },
        "help": { "text": format!("docs/checks/{code}.md has the reason, an example and the cure.") },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(finding: &Finding, places: &Places) -> Value {
    let mut result = Map::new();
    let index = Code::ALL.iter().position(|code| *code == finding.code);
    result.insert("ruleId".into(), finding.code.name().into());
    result.insert(
        "ruleIndex".into(),
        index
            .map_or(-1, |index| i64::try_from(index).unwrap_or(-1))
            .into(),
    );
    result.insert("level".into(), level(finding.severity).into());
    let mut message = finding.message.clone();
    if let Some(fix) = &finding.fix {
        message += ". Fix: ";
        message += &fix.advice;
    }
    result.insert("message".into(), json!({ "text": message }));
    let location = match (&finding.location, &finding.path) {
        (Some(location), _) => place(location, places),
        (None, Some(path)) => file(&places.entry(path)),
        (None, None) => file(places.context()),
    };
    result.insert(
        "locations".into(),
        json!([{ "physicalLocation": location }]),
    );
    if !finding.related.is_empty() {
        let related = (1..).zip(&finding.related).map(|(id, related)| {
            let place = place(&related.location, places);
            json!({ "id": id, "physicalLocation": place, "message": { "text": related.message } })
        });
        result.insert("relatedLocations".into(), related.collect());
    }
    let fixes = finding.fix.as_ref().and_then(|fix| self::fix(fix, places));
    if let Some(fix) = fixes {
        result.insert("fixes".into(), json!([fix]));
    }
    Value::Object(result)
}

/// The edits as replacements; none where one puts in what is not text.
fn fix(fix: &Fix, places: &Places) -> Option<Value> {
    let mut changes: Vec<(&Path, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let replacement = replacement(edit)?;
        match changes.iter_mut().find(|(file, _)| *file == edit.file) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((&edit.file, vec![replacement])),
        }
    }
    let change = |(path, replacements): (&Path, Vec<Value>)| {
        let file = file(places.file(path));
        json!({ "artifactLocation": file["artifactLocation"], "replacements": replacements })
    };
    let changes: Vec<Value> = changes.into_iter().map(change).collect();
    (!changes.is_empty())
        .then(|| json!({ "description": { "text": fix.advice }, "artifactChanges": changes }))
}

fn replacement(edit: &Edit) -> Option<Value> {
    let text = std::str::from_utf8(&edit.text).ok()?;
    let (start, length) = (edit.range.start, edit.range.len());
    Some(json!({
        "deletedRegion": { "byteOffset": start, "byteLength": length },
        "insertedContent": { "text": text },
    }))
}

fn place(location: &Location, places: &Places) -> Value {
    let (start, end) = columns(location);
    let mut place = file(places.file(&location.file));
    let mut region = json!({ "startLine": location.line, "startColumn": start, "endColumn": end });
    if !location.excerpt.is_empty() {
        region["snippet"] = json!({ "text": location.excerpt });
    }
    place["region"] = region;
    place
}

fn file(path: &Path) -> Value {
    json!({ "artifactLocation": { "uri": uri(path) } })
}

/// A path as a URI reference: what is no plain character is percent-encoded.
fn uri(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "" });
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn level(severity: Severity) -> &'static str {
    severity.name()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_hold_any_name() {
        assert_eq!(uri(Path::new("a b/%:\u{e9}")), "a%20b/%25%3A%C3%A9");
        assert_eq!(uri(Path::new("/a")), "file:///a");
    }
}
