//! From the bytes of an engine's answer to events.
//!
//! The answer is a sequence of JSON objects, one after the other (`application/json`, not an array;
//! lines are a habit and no promise). [`EventParser`] is a state machine over bytes without I/O: it
//! finds the objects, wherever the pieces are cut, within a limit. What the classic builder writes
//! in prose is understood by [`crate::prose`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;
use prost::Message as _;
use serde::Deserialize;

use crate::buildkit::status;
use crate::events::{EngineFailure, Event};
use crate::prose::Prose;

/// What [`EventParser`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Something happened.
    Event(Event),
    /// The work failed. Nothing that follows makes it a success.
    Failure(EngineFailure),
}

/// An answer that is not what an engine says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// One object is larger than the limit.
    #[error("a message is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Bytes that are no JSON object.
    #[error("`{excerpt}` is no message")]
    Garbage {
        /// The beginning of it, made printable.
        excerpt: String,
    },
    /// The answer ends inside an object.
    #[error("the answer ends in the middle of a message")]
    Unfinished,
}

/// The longest message, in bytes. Engines write what a command prints in pieces of at most 32 KiB,
/// which JSON makes six times longer at worst; an error message may quote a whole instruction.
pub const MESSAGE_LIMIT: usize = 4 << 20;

/// The id of the messages in which an Engine passes on what its BuildKit reports.
const TRACE: &str = "moby.buildkit.trace";

/// Splits an answer into messages.
///
/// ```
/// use shipload_engine::{Event, EventParser, Message};
///
/// let mut parser = EventParser::new();
/// let mut found = Vec::new();
/// parser.feed(br#"{"stream":"Step 1/2 : FRO"#, &mut found)?;
/// parser.feed(br#"M scratch"}{"stream":"\n"}"#, &mut found)?;
/// parser.finish()?;
/// let step = Event::Step { number: 1, total: 2, text: "FROM scratch".into() };
/// assert_eq!(found, [Message::Event(step)]);
/// # Ok::<(), shipload_engine::ParseError>(())
/// ```
#[derive(Debug, Default)]
pub struct EventParser {
    pending: Vec<u8>,
    depth: usize,
    quoted: bool,
    escaped: bool,
    prose: Prose,
}

/// Reading.
impl EventParser {
    /// A parser at the beginning of an answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A parser for a build that was asked to be quiet: the one line that comes is the image id.
    pub fn quiet() -> Self {
        Self {
            prose: Prose::quiet(),
            ..Self::default()
        }
    }

    /// Takes the next piece of the answer, cut anywhere, and appends what it completes to `found`.
    ///
    /// # Errors
    /// For bytes that no engine sends; what was found before them is in `found`.
    pub fn feed(&mut self, bytes: &[u8], found: &mut Vec<Message>) -> Result<(), ParseError> {
        let mut start = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if self.depth == 0 {
                if byte == b'{' {
                    (self.depth, start) = (1, at);
                } else if !byte.is_ascii_whitespace() {
                    return Err(garbage(&bytes[at..]));
                }
                continue;
            }
            if self.escaped {
                self.escaped = false;
            } else if self.quoted {
                self.escaped = byte == b'\\';
                self.quoted = byte != b'"';
            } else {
                match byte {
                    b'"' => self.quoted = true,
                    b'{' => self.depth += 1,
                    b'}' => self.depth -= 1,
                    _ => {}
                }
            }
            if self.depth == 0 {
                let piece = &bytes[start..=at];
                if self.pending.is_empty() {
                    check_length(piece.len())?;
                    self.message(piece, found)?;
                } else {
                    let mut whole = std::mem::take(&mut self.pending);
                    check_length(whole.len() + piece.len())?;
                    whole.extend_from_slice(piece);
                    self.message(&whole, found)?;
                }
            }
        }
        if self.depth > 0 {
            check_length(self.pending.len() + bytes.len() - start)?;
            self.pending.extend_from_slice(&bytes[start..]);
        }
        Ok(())
    }

    /// Says that the answer is complete.
    ///
    /// # Errors
    /// When it ends inside a message.
    pub fn finish(&self) -> Result<(), ParseError> {
        if self.depth == 0 {
            Ok(())
        } else {
            Err(ParseError::Unfinished)
        }
    }

    /// The short image id of `Successfully built …`, when no full id came: to be verified.
    pub fn unverified_id(&self) -> Option<&str> {
        self.prose.unverified_id()
    }

    fn message(&mut self, bytes: &[u8], found: &mut Vec<Message>) -> Result<(), ParseError> {
        let raw: Raw = serde_json::from_slice(bytes).map_err(|_| garbage(bytes))?;
        if let Some(failure) = raw.failure() {
            found.push(Message::Failure(failure));
            return Ok(());
        }
        if raw.id.as_deref() == Some(TRACE) {
            let report = raw.aux.as_ref().and_then(trace);
            let report = report.ok_or_else(|| garbage(bytes))?;
            found.extend(status::events(report).map(Message::Event));
            return Ok(());
        }
        let events = [
            raw.aux.as_ref().and_then(|aux| self.prose.aux(aux)),
            raw.stream.and_then(|text| self.prose.read(text)),
            raw.status.map(|status| {
                let (current, total) = raw
                    .progress_detail
                    .map_or((None, None), |detail| (detail.current, detail.total));
                let bytes = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
                let (current, total) = (bytes(current), bytes(total).filter(|&total| total > 0));
                Event::Transfer {
                    id: raw.id,
                    status,
                    current,
                    total,
                }
            }),
        ];
        found.extend(events.into_iter().flatten().map(Message::Event));
        Ok(())
    }
}

/// A report of BuildKit, in base64.
fn trace(aux: &serde_json::Value) -> Option<StatusResponse> {
    let bytes = STANDARD.decode(aux.as_str()?).ok()?;
    StatusResponse::decode(bytes.as_slice()).ok()
}

fn check_length(length: usize) -> Result<(), ParseError> {
    if length > MESSAGE_LIMIT {
        return Err(ParseError::TooLong {
            limit: MESSAGE_LIMIT,
        });
    }
    Ok(())
}

fn garbage(bytes: &[u8]) -> ParseError {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
    let line = start.lines().next().unwrap_or_default();
    ParseError::Garbage {
        excerpt: crate::sanitize::sanitize(line).into_owned(),
    }
}

/// Moby's `jsonmessage.JSONMessage`, as far as it is used.
#[derive(Deserialize)]
struct Raw {
    stream: Option<String>,
    status: Option<String>,
    id: Option<String>,
    #[serde(rename = "progressDetail")]
    progress_detail: Option<RawProgress>,
    aux: Option<serde_json::Value>,
    error: Option<String>,
    #[serde(rename = "errorDetail")]
    error_detail: Option<RawError>,
}

#[derive(Deserialize)]
struct RawProgress {
    current: Option<i64>,
    total: Option<i64>,
}

#[derive(Deserialize)]
struct RawError {
    code: Option<i64>,
    message: Option<String>,
}

impl Raw {
    fn failure(&self) -> Option<EngineFailure> {
        if self.error.is_none() && self.error_detail.is_none() {
            return None;
        }
        let detail = self.error_detail.as_ref();
        let message = detail
            .and_then(|detail| detail.message.as_deref())
            .or(self.error.as_deref());
        Some(EngineFailure {
            message: message
                .unwrap_or("no reason was given")
                .trim_end()
                .to_owned(),
            code: detail
                .and_then(|detail| detail.code)
                .filter(|&code| code != 0),
        })
    }
}
