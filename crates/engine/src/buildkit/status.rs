//! What BuildKit reports of a build, as [`Event`]s.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use bollard_buildkit_proto::pb;

use crate::events::{Event, LogStream};
use crate::vertex::{ProgressGroup, SourceLines, Vertex, VertexLog, VertexStatus, VertexWarning};

/// The events of one report, in the order in which they make sense: a vertex before what is said of it.
pub(crate) fn events(report: proto::StatusResponse) -> impl Iterator<Item = Event> {
    let vertices = report.vertexes.into_iter().map(vertex).map(Event::Vertex);
    let statuses = report.statuses.into_iter().map(status);
    let logs = report.logs.into_iter().map(log).map(Event::VertexLog);
    let warnings = report.warnings.into_iter().map(warning);
    vertices
        .chain(statuses.map(Event::VertexStatus))
        .chain(logs)
        .chain(warnings.map(Event::VertexWarning))
}

fn vertex(told: proto::Vertex) -> Vertex {
    Vertex {
        digest: told.digest,
        inputs: told.inputs,
        name: told.name,
        started: told.started.and_then(time),
        completed: told.completed.and_then(time),
        cached: told.cached,
        error: Some(told.error).filter(|error| !error.is_empty()),
        group: told.progress_group.map(|group| ProgressGroup {
            id: group.id,
            name: group.name,
            weak: group.weak,
        }),
    }
}

fn status(told: proto::VertexStatus) -> VertexStatus {
    let count = |value| u64::try_from(value).unwrap_or(0);
    VertexStatus {
        id: told.id,
        vertex: told.vertex,
        name: told.name,
        current: count(told.current),
        total: count(told.total),
        timestamp: told.timestamp.and_then(time),
        started: told.started.and_then(time),
        completed: told.completed.and_then(time),
    }
}

fn log(told: proto::VertexLog) -> VertexLog {
    VertexLog {
        vertex: told.vertex,
        stream: match told.stream {
            2 => LogStream::Stderr,
            _ => LogStream::Stdout,
        },
        data: told.msg,
        timestamp: told.timestamp.and_then(time),
    }
}

fn warning(told: proto::VertexWarning) -> VertexWarning {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    VertexWarning {
        vertex: told.vertex,
        level: told.level,
        short: text(told.short),
        details: told.detail.into_iter().map(text).collect(),
        url: told.url,
        source: told.info.map(|info| lines(info, &told.ranges)),
    }
}

/// The lines of a source that something is said about.
pub(crate) fn lines(info: pb::SourceInfo, ranges: &[pb::Range]) -> SourceLines {
    let line = |position: Option<pb::Position>| {
        position.and_then(|position| u32::try_from(position.line).ok())
    };
    SourceLines {
        file: info.filename,
        text: String::from_utf8_lossy(&info.data).into_owned(),
        ranges: ranges
            .iter()
            .filter_map(|range| {
                let first = line(range.start)?;
                Some((first, line(range.end).unwrap_or(first).max(first)))
            })
            .collect(),
    }
}

/// Go's zero time, which is long before 1970, stands for none.
fn time(told: Timestamp) -> Option<SystemTime> {
    let seconds = u64::try_from(told.seconds).ok()?;
    let nanos = u32::try_from(told.nanos).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + Duration::from_nanos(nanos.into()))
}
