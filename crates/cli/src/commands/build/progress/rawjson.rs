//! BuildKit's own JSON of what happens, as `docker buildx build --progress rawjson` prints it: each line is a `SolveStatus`.
//!
//! ```json
//! {"vertexes":[{"digest":"sha256:…","name":"[2/2] RUN make","started":"2024-01-02T03:04:05.678901234Z"}]}
//! ```
//!
//! Times are RFC 3339 with nanoseconds, output and words of warnings are base64.
//!
//! **Deviation**: a line holds one thing, where BuildKit may put several into one; that a warning's source was made by the frontend
//! (`definition`, `language`) and the columns of its ranges are left out.

use std::fmt::Write as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use shipload::engine::{Event, LogStream, SourceLines, sanitize};

/// The time that Go writes for none.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The event as a line; none for those that do not come from BuildKit.
pub(in super::super) fn line(event: &Event) -> Option<String> {
    let status = match event {
        Event::Vertex(vertex) => SolveStatus::Vertexes([Vertex {
            digest: &vertex.digest,
            inputs: &vertex.inputs,
            name: &vertex.name,
            started: vertex.started.map(time),
            completed: vertex.completed.map(time),
            cached: vertex.cached,
            error: vertex.error.as_deref().unwrap_or_default(),
            progress_group: vertex.group.as_ref().map(|group| ProgressGroup {
                id: &group.id,
                name: &group.name,
                weak: group.weak,
            }),
        }]),
        Event::VertexStatus(status) => SolveStatus::Statuses([Status {
            id: &status.id,
            vertex: &status.vertex,
            name: &status.name,
            total: status.total,
            current: status.current,
            timestamp: status.timestamp.map_or(NO_TIME.to_owned(), time),
            started: status.started.map(time),
            completed: status.completed.map(time),
        }]),
        Event::VertexLog(log) => SolveStatus::Logs([Log {
            vertex: &log.vertex,
            stream: match log.stream {
                LogStream::Stdout => 1,
                LogStream::Stderr => 2,
            },
            data: STANDARD.encode(&log.data),
            timestamp: log.timestamp.map_or(NO_TIME.to_owned(), time),
        }]),
        Event::VertexWarning(warning) => SolveStatus::Warnings([Warning {
            vertex: &warning.vertex,
            level: warning.level,
            short: STANDARD.encode(&warning.short),
            detail: warning
                .details
                .iter()
                .map(|text| STANDARD.encode(text))
                .collect(),
            url: &warning.url,
            source_info: warning.source.as_ref().map(|source| SourceInfo {
                filename: &source.file,
                data: STANDARD.encode(&source.text),
            }),
            range: warning.source.as_ref().map(ranges).unwrap_or_default(),
        }]),
        _ => return None,
    };
    let json = serde_json::to_string(&status).ok()?;
    Some(harmless(&json))
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum SolveStatus<'a> {
    Vertexes([Vertex<'a>; 1]),
    Statuses([Status<'a>; 1]),
    Logs([Log<'a>; 1]),
    Warnings([Warning<'a>; 1]),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vertex<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    digest: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    inputs: &'a [String],
    #[serde(skip_serializing_if = "is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    started: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    completed: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    cached: bool,
    #[serde(skip_serializing_if = "is_empty")]
    error: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    progress_group: Option<ProgressGroup<'a>>,
}

#[derive(Serialize, PartialEq)]
struct ProgressGroup<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    weak: bool,
}

#[derive(Serialize)]
struct Status<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    vertex: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    total: u64,
    current: u64,
    timestamp: String,
    #[serde(skip_serializing_if = "is_empty")]
    started: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    completed: Option<String>,
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    vertex: &'a str,
    stream: u8,
    data: String,
    timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Warning<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    vertex: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    level: i64,
    #[serde(skip_serializing_if = "is_empty")]
    short: String,
    #[serde(skip_serializing_if = "is_empty")]
    detail: Vec<String>,
    #[serde(skip_serializing_if = "is_empty")]
    url: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    source_info: Option<SourceInfo<'a>>,
    #[serde(skip_serializing_if = "is_empty")]
    range: Vec<Range>,
}

#[derive(Serialize, PartialEq)]
struct SourceInfo<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    filename: &'a str,
    #[serde(skip_serializing_if = "is_empty")]
    data: String,
}

#[derive(Serialize, PartialEq)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize, PartialEq)]
struct Position {
    #[serde(skip_serializing_if = "is_empty")]
    line: u32,
}

fn ranges(source: &SourceLines) -> Vec<Range> {
    let position = |line| Position { line };
    let range = |&(start, end): &(u32, u32)| Range {
        start: position(start),
        end: position(end),
    };
    source.ranges.iter().map(range).collect()
}

/// RFC 3339 with as many digits as there are, in UTC; [`NO_TIME`] for what no calendar holds.
fn time(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or(NO_TIME.to_owned(), |time| time.to_string())
}

/// The same JSON, with what could steer a terminal as `\u202e`.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if sanitize(c.encode_utf8(&mut [0; 4])).is_empty() {
            // None of these is beyond the first 65,536; writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Go's `omitempty`.
fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
