//! Findings as JSON, an object a line.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use shipload::context::EntryPath;
use shipload::explain::{Edit, Finding, Location, Report};

use super::places::{Places, columns};
use crate::json::insert;

pub(super) fn write(report: &Report, places: &Places, out: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "{}", Value::Object(object(finding, places)))?;
    }
    Ok(())
}

fn object(finding: &Finding, places: &Places) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("code".into(), finding.code.name().into());
    object.insert("severity".into(), finding.severity.name().into());
    object.insert("message".into(), finding.message.clone().into());
    if let Some(path) = &finding.path {
        insert(&mut object, "path", path.as_bytes());
    }
    if let Some(location) = &finding.location {
        place(&mut object, location, places);
    }
    if finding.count > 0 {
        object.insert("count".into(), finding.count.into());
        let paths = finding
            .concerns
            .iter()
            .map(|path| Value::Object(self::path(path)));
        object.insert("paths".into(), paths.collect());
    }
    if let Some(bytes) = finding.bytes {
        object.insert("bytes".into(), bytes.into());
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(|related| {
            let mut object = Map::new();
            object.insert("message".into(), related.message.clone().into());
            place(&mut object, &related.location, places);
            Value::Object(object)
        });
        object.insert("related".into(), related.collect());
    }
    if let Some(fix) = &finding.fix {
        let edits: Value = fix
            .edits
            .iter()
            .map(|edit| self::edit(edit, places))
            .collect();
        object.insert(
            "fix".into(),
            json!({ "advice": fix.advice, "edits": edits }),
        );
    }
    object
}

fn path(path: &EntryPath) -> Map<String, Value> {
    let mut object = Map::new();
    insert(&mut object, "path", path.as_bytes());
    object
}

/// File and line, and the columns in characters from 1, the last one behind the end.
fn place(object: &mut Map<String, Value>, location: &Location, places: &Places) {
    let (start, end) = columns(location);
    insert(object, "file", bytes(places.file(&location.file)));
    object.insert("line".into(), location.line.into());
    object.insert("column".into(), start.into());
    object.insert("end_column".into(), end.into());
}

/// The bytes of the file from `start` to before `end` become `text`.
fn edit(edit: &Edit, places: &Places) -> Value {
    let mut object = Map::new();
    insert(&mut object, "file", bytes(places.file(&edit.file)));
    object.insert("start".into(), edit.range.start.into());
    object.insert("end".into(), edit.range.end.into());
    insert(&mut object, "text", &edit.text);
    Value::Object(object)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
