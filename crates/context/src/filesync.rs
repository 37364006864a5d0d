//! What BuildKit's file service needs of a view. (The shape that the engine uses; selection and digests follow.)
#![allow(
    clippy::len_without_is_empty,
    missing_docs,
    clippy::missing_errors_doc,
    clippy::pedantic
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Entry, MemberKind, ReadError, View};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRequest {
    pub follow_paths: Vec<String>,
    pub include_patterns: Vec<String>,
    pub exclude_patterns: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("bad")]
pub struct SyncError;

#[derive(Debug, thiserror::Error)]
#[error("bad")]
pub struct ProtocolError;

#[derive(Debug, Clone)]
pub struct Offer(View, Arc<Vec<usize>>);

#[derive(Debug, Clone, Default)]
pub struct Stat {
    pub path: Vec<u8>,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: i64,
    pub mtime: i64,
    pub link_name: Vec<u8>,
    pub device: Option<(u32, u32)>,
    pub xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Offer {
    pub fn new(view: &View, request: &SyncRequest) -> Result<Self, SyncError> {
        let follow: Vec<&[u8]> = request.follow_paths.iter().map(|p| p.as_bytes()).collect();
        let kept = (0..view.len())
            .filter(|&place| {
                let path = view.member(place).map(|m| m.entry.path.as_bytes());
                follow.is_empty() || path.is_some_and(|path| follow.contains(&path))
            })
            .collect();
        Ok(Self(view.clone(), Arc::new(kept)))
    }

    pub fn len(&self) -> u32 {
        self.1.len() as u32
    }

    pub fn stat(&self, id: u32) -> Result<Stat, ReadError> {
        let Some(member) = self.1.get(id as usize).and_then(|&at| self.0.member(at)) else {
            return Ok(Stat::default());
        };
        let mut stat = Stat {
            path: member.entry.path.as_bytes().to_vec(),
            mode: member.mode,
            uid: member.uid,
            gid: member.gid,
            mtime: member.entry.mtime.secs * 1_000_000_000 + i64::from(member.entry.mtime.nanos),
            ..Stat::default()
        };
        match member.kind {
            MemberKind::File { size } => stat.size = size as i64,
            MemberKind::Dir => stat.mode |= 1 << 31,
            MemberKind::Symlink { target } => {
                stat.mode = 0o777 | 1 << 27;
                stat.size = target.len() as i64;
                stat.link_name = target.to_vec();
            }
            _ => {}
        }
        Ok(stat)
    }

    pub fn entry(&self, id: u32) -> Option<&Entry> {
        let at = self.1.get(id as usize)?;
        self.0.member(*at).map(|member| member.entry)
    }
}

#[derive(Debug)]
pub enum Announcement {
    Entry(u32),
    End,
}

#[derive(Debug)]
pub enum Heard {
    Request(u32),
    Finished,
    Failed(String),
}

#[derive(Debug)]
pub enum Reply {
    Send(u32),
    Finish,
    Stop,
}

#[derive(Debug)]
pub struct Sender {
    count: u32,
    next: u32,
}

impl Sender {
    pub fn new(offer: &Offer) -> Self {
        Self {
            count: offer.len(),
            next: 0,
        }
    }

    pub fn announce(&mut self) -> Option<Announcement> {
        let id = self.next;
        self.next += 1;
        match id.cmp(&self.count) {
            std::cmp::Ordering::Less => Some(Announcement::Entry(id)),
            std::cmp::Ordering::Equal => Some(Announcement::End),
            std::cmp::Ordering::Greater => None,
        }
    }

    pub fn hear(&mut self, heard: Heard) -> Result<Reply, ProtocolError> {
        Ok(match heard {
            Heard::Request(id) => Reply::Send(id),
            Heard::Finished => Reply::Finish,
            Heard::Failed(_) => Reply::Stop,
        })
    }

    pub fn sent(&mut self, _id: u32) {}
}
