//! The messages of containerd's `services/content/v1/content.proto`, as far as they are looked at. Labels are not kept.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

impl From<SystemTime> for Timestamp {
    /// Times before 1970 become that.
    fn from(time: SystemTime) -> Self {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default(),
        }
    }
}

/// Of `Info` and `Delete`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DigestRequest {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
}

/// A blob.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Info {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    #[prost(int64, tag = "2")]
    pub(super) size: i64,
    #[prost(message, optional, tag = "3")]
    pub(super) created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct InfoResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) info: Option<Info>,
}

/// Of `List` and `ListStatuses`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ListRequest {
    /// In containerd's own language.
    #[prost(string, repeated, tag = "1")]
    pub(super) filters: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ListResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) info: Vec<Info>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadRequest {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    /// From the start if it is not above 0.
    #[prost(int64, tag = "2")]
    pub(super) offset: i64,
    /// To the end if it is not above 0.
    #[prost(int64, tag = "3")]
    pub(super) size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(super) struct ReadResponse {
    #[prost(int64, tag = "1")]
    pub(super) offset: i64,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) data: Bytes,
}

/// Of `Status` and `Abort`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RefRequest {
    #[prost(string, tag = "1")]
    pub(super) reference: String,
}

/// A blob that is being written.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Ongoing {
    #[prost(message, optional, tag = "1")]
    pub(super) started_at: Option<Timestamp>,
    #[prost(message, optional, tag = "2")]
    pub(super) updated_at: Option<Timestamp>,
    #[prost(string, tag = "3")]
    pub(super) reference: String,
    #[prost(int64, tag = "4")]
    pub(super) offset: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    #[prost(string, tag = "6")]
    pub(super) expected: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Ongoing>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ListStatusesResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) statuses: Vec<Ongoing>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(super) struct WriteRequest {
    /// An [`Action`].
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    /// What names the write; needed once.
    #[prost(string, tag = "2")]
    pub(super) reference: String,
    /// The size of the whole, if it is above 0.
    #[prost(int64, tag = "3")]
    pub(super) total: i64,
    /// The digest of the whole, if it is not empty.
    #[prost(string, tag = "4")]
    pub(super) expected: String,
    /// Where the data belongs: at the end of what is there, or at 0, which drops that.
    #[prost(int64, tag = "5")]
    pub(super) offset: i64,
    #[prost(bytes = "bytes", tag = "6")]
    pub(super) data: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WriteResponse {
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) started_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(super) updated_at: Option<Timestamp>,
    #[prost(int64, tag = "4")]
    pub(super) offset: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    #[prost(string, tag = "6")]
    pub(super) digest: String,
}

/// What a [`WriteRequest`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// To be told how far it is.
    Stat,
    /// To add data.
    Write,
    /// To add data, if there is some, and end.
    Commit,
}

impl Action {
    /// None for what a later protocol may have added.
    pub(super) fn of(code: i32) -> Option<Self> {
        Some(match code {
            0 => Self::Stat,
            1 => Self::Write,
            2 => Self::Commit,
            _ => return None,
        })
    }
}

/// Content may be secret, so it is counted and not shown.
impl fmt::Debug for ReadResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadResponse")
            .field("offset", &self.offset)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// The same.
impl fmt::Debug for WriteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteRequest")
            .field("action", &Action::of(self.action))
            .field("reference", &self.reference)
            .field("total", &self.total)
            .field("expected", &self.expected)
            .field("offset", &self.offset)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
