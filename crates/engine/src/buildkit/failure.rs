//! Why a build on BuildKit failed, with the lines of the Dockerfile that did.
//!
//! The text is the status of the call. What can be said beyond it BuildKit packs into the status' details: a
//! `google.rpc.Status` whose `Any`s name the vertex (`errdefs.Vertex`) and the places in the Dockerfile (`errdefs.Source`), both as
//! JSON. BuildKit 0.8 (Engine 20.10) sends none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::google::rpc;
use bollard_buildkit_proto::pb;
use prost::Message as _;

use crate::build::BuildError;
use crate::error::RequestError;
use crate::vertex::SourceLines;

use super::status;

/// A build that BuildKit gave up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SolveFailure {
    /// BuildKit's words, not filtered: see [`crate::sanitize`].
    pub message: String,
    /// The digest of the vertex that failed, where one did.
    pub vertex: Option<String>,
    /// The lines of the Dockerfile that made it; several where a file includes another.
    pub sources: Vec<SourceLines>,
    /// The exit code of the command, where one failed.
    pub code: Option<i64>,
}

/// `errdefs.Vertex` of BuildKit.
#[derive(Default, serde::Deserialize)]
struct Vertex {
    #[serde(default)]
    digest: String,
}

/// `errdefs.Source` of BuildKit.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Source {
    info: Info,
    ranges: Vec<Range>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Info {
    filename: String,
    /// In base64.
    data: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Position {
    line: i32,
}

impl SolveFailure {
    pub(crate) fn of(status: &tonic::Status) -> Self {
        let mut failure = Self::said(status.message());
        let details = rpc::Status::decode(status.details()).unwrap_or_default();
        for detail in details.details {
            let name = detail.type_url.rsplit('/').next().unwrap_or_default();
            match name {
                "errdefs.Vertex+json" => {
                    let told: Option<Vertex> = serde_json::from_slice(&detail.value).ok();
                    failure.vertex = told.map(|vertex| vertex.digest);
                }
                "errdefs.Source+json" => {
                    let told: Source = serde_json::from_slice(&detail.value).unwrap_or_default();
                    failure.sources.extend(told.lines());
                }
                _ => {}
            }
        }
        failure
    }

    /// Where only the words are known.
    pub(crate) fn said(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            code: exit_code(message),
            ..Self::default()
        }
    }
}

impl Source {
    fn lines(self) -> Option<SourceLines> {
        let data = STANDARD.decode(self.info.data).ok()?;
        let info = pb::SourceInfo {
            filename: self.info.filename,
            data,
            ..pb::SourceInfo::default()
        };
        let position = |position: Position| {
            let line = position.line;
            let position = pb::Position { line, character: 0 };
            Some(position)
        };
        let range = |range: Range| pb::Range {
            start: position(range.start),
            end: position(range.end),
        };
        let ranges: Vec<_> = self.ranges.into_iter().map(range).collect();
        Some(status::lines(info, &ranges))
    }
}

/// The number after the last `exit code: `, which is how BuildKit words a command that failed.
fn exit_code(message: &str) -> Option<i64> {
    let (_, rest) = message.rsplit_once("exit code: ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    rest[..digits.unwrap_or(rest.len())].parse().ok()
}

impl BuildError {
    /// What a call ended with that did not succeed.
    pub(crate) fn call(status: tonic::Status) -> Self {
        let is_ours = std::error::Error::source(&status).is_some();
        match status.code() {
            // hyper's errors come as statuses that have a cause.
            _ if is_ours => RequestError::broken(status).into(),
            // Who cancels a build of ours hangs up; what BuildKit cancels lost its session.
            tonic::Code::Cancelled | tonic::Code::Unavailable => {
                RequestError::broken(status).into()
            }
            _ => Self::Solve(Box::new(SolveFailure::of(&status))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_found_in_the_words_of_all_releases() {
        let rows = [
            (
                "executor failed running [/bin/sh -c exit 3]: exit code: 3",
                Some(3),
            ),
            (
                "failed to solve: process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
                Some(1),
            ),
            ("\"/x\": not found", None),
            ("exit code: ", None),
        ];
        for (message, code) in rows {
            assert_eq!(exit_code(message), code, "{message}");
        }
    }
}
