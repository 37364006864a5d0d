//! Sizes as JSON, an object a line.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use shipload::explain::{Churn, ChurnError, Sum};

use super::Report;
use crate::json::insert;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let usage = &report.usage;
    let mut total = sums("total", usage.total, usage.unread);
    total.insert("archive_bytes".to_owned(), usage.archive_bytes.into());
    line(total, out)?;
    for directory in usage.largest_directories(report.depth) {
        let mut object = sums("directory", directory.all, directory.unread);
        let path = directory.path.as_ref();
        insert(
            &mut object,
            "path",
            path.map_or(b".", |path| path.as_bytes()),
        );
        object.insert("own_bytes".to_owned(), directory.own.bytes.into());
        object.insert("own_entries".to_owned(), directory.own.entries.into());
        line(object, out)?;
    }
    for file in &usage.largest {
        let mut object = Map::new();
        object.insert("kind".to_owned(), "file".into());
        insert(&mut object, "path", file.path.as_bytes());
        object.insert("bytes".to_owned(), file.bytes.into());
        object.insert("is_unread".to_owned(), file.is_unread.into());
        line(object, out)?;
    }
    for candidate in &usage.candidates {
        let mut object = sums("rule", candidate.out, candidate.unread);
        object.insert("rule".to_owned(), candidate.rule.as_str().into());
        object.insert("read_by".to_owned(), sources(report, &candidate.read_by));
        line(object, out)?;
    }
    match &report.churn {
        None => Ok(()),
        Some(Err(why)) => line(problem(why), out),
        Some(Ok(churn)) => changes(report, churn, out),
    }
}

fn changes(report: &Report, churn: &Churn, out: &mut impl Write) -> io::Result<()> {
    let mut object = Map::new();
    object.insert("kind".to_owned(), "commits".into());
    object.insert("commits".to_owned(), churn.commits.into());
    object.insert("is_cut".to_owned(), churn.is_cut.into());
    object.insert("is_shallow".to_owned(), churn.is_shallow.into());
    line(object, out)?;
    for file in &churn.files {
        let mut object = Map::new();
        object.insert("kind".to_owned(), "changed".into());
        insert(&mut object, "path", file.path.as_bytes());
        object.insert("commits".to_owned(), file.commits.into());
        object.insert("read_by".to_owned(), sources(report, &file.read_by));
        line(object, out)?;
    }
    Ok(())
}

/// Why it is not known what changes often.
fn problem(why: &ChurnError) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("kind".to_owned(), "commits".into());
    object.insert("commits".to_owned(), Value::Null);
    object.insert("problem".to_owned(), why.to_string().into());
    object
}

/// Sources of the Dockerfile: the line, and the source as written.
fn sources(report: &Report, numbers: &[usize]) -> Value {
    let sources = |number: &usize| {
        let source = report.referenced.as_ref()?.reads.sources.get(*number)?;
        Some(json!({ "line": source.position.line, "source": source.written }))
    };
    numbers.iter().filter_map(sources).collect()
}

fn sums(kind: &str, all: Sum, unread: Option<Sum>) -> Map<String, Value> {
    let mut object = Map::new();
    let mut set = |key: &str, value: Value| object.insert(key.to_owned(), value);
    set("kind", kind.into());
    set("bytes", all.bytes.into());
    set("entries", all.entries.into());
    set("unread_bytes", unread.map(|unread| unread.bytes).into());
    set("unread_entries", unread.map(|unread| unread.entries).into());
    object
}

fn line(object: Map<String, Value>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", Value::Object(object))
}
