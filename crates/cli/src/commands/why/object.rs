//! An answer for programs: one JSON object.

use serde_json::{Map, Value, json};
use shipload::dockerfile::{ContextSource, Reader};
use shipload::explain::{Answers, EngineRuling, Level, Reason, RuleLine, Ruling, Why};

use super::text::name;
use crate::json;

pub(super) fn object(answers: &Answers, why: &Why) -> Value {
    let mut object = Map::new();
    json::insert(&mut object, "path", why.path.as_bytes());
    object.extend(ruling(&why.ruling));
    object.insert("exists".to_owned(), why.found.is_some().into());
    if let Some(found) = why.found {
        object.insert("type".to_owned(), found.kind.into());
        object.insert("size".to_owned(), found.size.into());
    }
    let sources = |sources: &[ContextSource]| -> Value {
        sources
            .iter()
            .map(|source| reader(answers, source))
            .collect()
    };
    let chain: Value = why.chain.iter().map(level).collect();
    let engines: Value = why.engines.iter().map(engine).collect();
    object.insert("chain".to_owned(), chain);
    object.insert("read_by".to_owned(), sources(&why.read_by));
    object.insert("wanted_by".to_owned(), sources(&why.wanted_by));
    object.insert("engine".to_owned(), name(answers.semantics).into());
    object.insert("engines".to_owned(), engines);
    object.into()
}

/// The verdict, without its name.
fn ruling(ruling: &Ruling) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("included".to_owned(), ruling.included.into());
    object.insert("allowed".to_owned(), ruling.allowed.into());
    let rule = ruling.rule.as_ref();
    object.insert(
        "rule".to_owned(),
        rule.map_or(Value::Null, |line| rule_line(line).into()),
    );
    let reason = ruling.reason.as_ref();
    object.insert(
        "reason".to_owned(),
        reason.map_or(Value::Null, self::reason),
    );
    object
}

fn rule_line(rule: &RuleLine) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("file".to_owned(), rule.file.as_str().into());
    object.insert("line".to_owned(), rule.line.into());
    json::insert(&mut object, "text", &rule.text);
    object
}

fn reason(reason: &Reason) -> Value {
    json!({"code": reason.code(), "message": reason.to_string(), "hint": reason.hint()})
}

fn level(level: &Level) -> Value {
    let mut object = Map::new();
    json::insert(&mut object, "path", level.path.as_bytes());
    object.insert("allowed".to_owned(), level.allowed.into());
    object.insert("entered".to_owned(), level.entered.into());
    let rules = level.rules.iter().map(|(rule, is_inherited)| {
        let mut object = rule_line(rule);
        object.insert("inherited".to_owned(), (*is_inherited).into());
        Value::from(object)
    });
    object.insert("rules".to_owned(), rules.collect());
    object.into()
}

fn reader(answers: &Answers, source: &ContextSource) -> Value {
    let instruction = match &source.reader {
        Reader::Copy { .. } => "COPY",
        Reader::Add => "ADD",
        _ => "RUN",
    };
    json!({
        "file": answers.dockerfile,
        "line": source.position.line,
        "column": source.position.column,
        "instruction": instruction,
        "stage": source.stage,
        "stage_name": source.stage_name.as_deref(),
        "source": source.written,
        "pattern": source.pattern,
    })
}

fn engine(engine: &EngineRuling) -> Value {
    let mut object = Map::new();
    object.insert("engine".to_owned(), name(engine.semantics).into());
    match &engine.ruling {
        Ok(found) => object.extend(ruling(found)),
        Err(error) => {
            object.insert("error".to_owned(), error.as_str().into());
        }
    }
    object.into()
}
