//! How differences look.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use shipload::context::{Kind, show};
use shipload::explain::{
    Cause, Change, Difference, Fate, Forecast, InputChange, Prediction, State,
};

use crate::json;
use crate::size::grouped;

/// Everything that differs.
pub(super) struct Found {
    pub(super) files: Vec<Difference>,
    pub(super) inputs: Vec<InputChange>,
    /// What a builder's cache will make of it, where that can be asked.
    pub(super) cache: Option<Prediction>,
}

impl Found {
    /// A line each, for people; one line for a directory that is on one side only.
    pub(super) fn text(&self, out: &mut impl Write) -> io::Result<()> {
        for change in &self.inputs {
            writeln!(out, "{:<9} {}", "input", input(change))?;
        }
        let mut rest = self.files.as_slice();
        while let Some((difference, behind)) = rest.split_first() {
            let within = within(difference, behind);
            let is_dir = matches!(
                (&difference.from, &difference.to),
                (_, Some(state)) | (Some(state), None) if state.kind == Kind::Dir
            );
            let slash = if is_dir { "/" } else { "" };
            let how = match within {
                0 => how(difference),
                1 => Some("with 1 entry".to_owned()),
                within => Some(format!("with {} entries", grouped(within as u64))),
            };
            let (word, path) = (difference.change.name(), &difference.path);
            let how = how.map_or_else(String::new, |how| format!(" ({how})"));
            writeln!(out, "{word:<9} {path}{slash}{how}")?;
            rest = &behind[within..];
        }
        if let Some(cache) = &self.cache {
            let text = cache.to_string().replace('\n', "\n  ");
            writeln!(out, "cache: {text}")?;
        }
        Ok(())
    }

    /// A JSON object on a line each.
    pub(super) fn objects(&self, out: &mut impl Write) -> io::Result<()> {
        for change in &self.inputs {
            writeln!(out, "{}", input_object(change))?;
        }
        for difference in &self.files {
            let mut object = Map::new();
            json::insert(&mut object, "path", difference.path.as_bytes());
            object.insert("change".to_owned(), difference.change.name().into());
            for (key, state) in [("from", &difference.from), ("to", &difference.to)] {
                if let Some(state) = state {
                    object.insert(key.to_owned(), state_object(state));
                }
            }
            writeln!(out, "{}", Value::from(object))?;
        }
        if let Some(cache) = &self.cache {
            writeln!(out, "{}", json!({ "cache": cache_object(cache) }))?;
        }
        Ok(())
    }
}

/// What is another about a path, where that is not all in its name.
fn how(difference: &Difference) -> Option<String> {
    let (from, to) = (difference.from.as_ref()?, difference.to.as_ref()?);
    let mut parts = Vec::new();
    match (&from.kind, &to.kind) {
        (Kind::File { size: one }, Kind::File { size: other }) if one != other => {
            parts.push(format!("{} → {} bytes", grouped(*one), grouped(*other)));
        }
        (Kind::File { .. }, Kind::File { .. }) if difference.change == Change::Modified => {
            let is_known_same = from.digest.is_some() && from.digest == to.digest;
            let what = if is_known_same {
                "capability"
            } else {
                "content"
            };
            parts.push(what.to_owned());
        }
        (Kind::Symlink { target: one }, Kind::Symlink { target: other }) => {
            parts.push(format!("-> {} → {}", show(one), show(other)));
        }
        (one, other) if one.name() != other.name() => {
            parts.push(format!("{} → {}", one.name(), other.name()));
        }
        _ => {}
    }
    if from.mode != to.mode && difference.change != Change::Type {
        parts.push(format!("{:04o} → {:04o}", from.mode, to.mode));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn input(change: &InputChange) -> String {
    let or = |value: &Option<String>, none: &str| match value {
        Some(value) => show(value.as_bytes()),
        None => none.to_owned(),
    };
    match change {
        InputChange::Dockerfile => "the Dockerfile is another".to_owned(),
        InputChange::Target(from, to) => {
            let none = "the last stage";
            format!("target {} → {}", or(from, none), or(to, none))
        }
        InputChange::Platform(from, to) => {
            let none = "the builder's own";
            format!("platform {} → {}", or(from, none), or(to, none))
        }
        InputChange::Argument(name, change) => {
            let name = show(name.as_bytes());
            format!("build argument {name} is {}", change.name())
        }
    }
}

fn input_object(change: &InputChange) -> Value {
    match change {
        InputChange::Dockerfile => json!({"input": "dockerfile", "change": "modified"}),
        InputChange::Target(from, to) => {
            json!({"input": "target", "change": "modified", "from": from, "to": to})
        }
        InputChange::Platform(from, to) => {
            json!({"input": "platform", "change": "modified", "from": from, "to": to})
        }
        InputChange::Argument(name, change) => {
            json!({"input": "argument", "name": name, "change": change.name()})
        }
    }
}

/// How many of the differences behind that of a directory are that it is on one side only, with all that is in it.
fn within(directory: &Difference, behind: &[Difference]) -> usize {
    if !matches!(directory.change, Change::Added | Change::Removed) {
        return 0;
    }
    let is_within = |other: &&Difference| {
        other.change == directory.change && other.path.starts_with(&directory.path)
    };
    behind.iter().take_while(is_within).count()
}

/// The first step to run, the lines of all that run and of those that may, or why nothing can be told.
fn cache_object(cache: &Prediction) -> Value {
    if let Some(why) = &cache.unpredictable {
        return json!({"unpredictable": why.to_string()});
    }
    let lines = |fate: Fate| -> Vec<usize> {
        let steps = cache.steps.iter().filter(|step| step.fate == fate);
        steps.map(|step| step.line).collect()
    };
    json!({
        "first": cache.first().map(step_object),
        "runs": lines(Fate::Runs),
        "may_run": lines(Fate::MayRun),
    })
}

fn step_object(step: &Forecast) -> Value {
    let files = step.causes.iter().filter_map(|cause| match cause {
        Cause::File { path, .. } | Cause::DirectoryMode { path } => {
            let mut object = Map::new();
            json::insert(&mut object, "path", path.as_bytes());
            Some(Value::from(object))
        }
        _ => None,
    });
    let because: Vec<String> = step.causes.iter().map(ToString::to_string).collect();
    json!({
        "line": step.line,
        "text": step.text,
        "stage": step.stage,
        "stage_name": step.stage_name,
        "files": files.collect::<Vec<_>>(),
        "because": because,
    })
}

/// A state with the fields of a listing.
fn state_object(state: &State) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), state.kind.name().into());
    object.insert("mode".to_owned(), format!("{:04o}", state.mode).into());
    match &state.kind {
        Kind::File { size } => {
            object.insert("size".to_owned(), (*size).into());
        }
        Kind::Symlink { target } => json::insert(&mut object, "target", target),
        Kind::Char(device) | Kind::Block(device) => {
            object.insert("major".to_owned(), device.major.into());
            object.insert("minor".to_owned(), device.minor.into());
        }
        Kind::Dir | Kind::Fifo => {}
    }
    if let Some(digest) = &state.digest {
        object.insert("digest".to_owned(), digest.to_string().into());
    }
    object.into()
}
