//! PAX extended headers: records `length key=value\n` (POSIX.1-2017, pax).
//!
//! Not crate `tar`'s reader, which splits at newlines: a capability's bytes may hold one.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::ArchiveProblem;
use super::numbers;
use crate::entry::Mtime;
use crate::path::show;

/// The key under which star, and Docker after it, keep file capabilities.
const CAPABILITY: &[u8] = b"SCHILY.xattr.security.capability";

/// The largest `struct vfs_ns_cap_data` of the kernel, in bytes.
const CAPABILITY_LEN: usize = 24;

/// What PAX records say about a member, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) mtime: Option<Mtime>,
    pub(super) capability: Option<Arc<[u8]>>,
}

/// Reads the records for one member. An empty value is the absence of the record, as POSIX says.
pub(super) fn member(data: &[u8]) -> Result<Records, ArchiveProblem> {
    let mut records = Records::default();
    let mut keys = HashSet::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (key, value) = record(&mut rest)?;
        if !keys.insert(key) {
            return Err(ArchiveProblem::RecordTwice { key: show(key) });
        }
        if !value.is_empty() {
            records.take(key, value)?;
        }
    }
    Ok(records)
}

/// Checks a global header, of which only a comment is harmless: `git archive` writes the commit.
pub(super) fn global(data: &[u8]) -> Result<(), ArchiveProblem> {
    let mut rest = data;
    while !rest.is_empty() {
        let (key, _) = record(&mut rest)?;
        if key != b"comment" {
            return Err(ArchiveProblem::Global { key: show(key) });
        }
    }
    Ok(())
}

impl Records {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), ArchiveProblem> {
        let unusable = || ArchiveProblem::RecordValue { key: show(key) };
        let number = || numbers::decimal(value).ok_or_else(unusable);
        let id = || number().and_then(|id| u32::try_from(id).map_err(|_| unusable()));
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number()?),
            b"uid" => self.uid = Some(id()?),
            b"gid" => self.gid = Some(id()?),
            b"mtime" => self.mtime = Some(numbers::time(value).ok_or_else(unusable)?),
            CAPABILITY if value.len() <= CAPABILITY_LEN => self.capability = Some(value.into()),
            b"SCHILY.realsize" => return Err(ArchiveProblem::Sparse),
            CAPABILITY | b"SCHILY.devmajor" | b"SCHILY.devminor" | b"SCHILY.filetype" => {
                return Err(unusable());
            }
            _ if key.starts_with(b"GNU.sparse.") => return Err(ArchiveProblem::Sparse),
            _ if key.starts_with(b"GNU.") => return Err(unusable()),
            // Names of users and groups, other times and attributes, comments: not ours to send.
            _ => {}
        }
        Ok(())
    }
}

/// Splits the first record off `rest`.
fn record<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), ArchiveProblem> {
    let split = |data: &'a [u8]| {
        let space = data.iter().take(20).position(|byte| *byte == b' ')?;
        let (digits, _) = data.split_at(space);
        if digits.is_empty() {
            return None;
        }
        let length = usize::try_from(numbers::decimal(digits)?).ok()?;
        let record = data.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = record
            .iter()
            .position(|byte| *byte == b'=')
            .filter(|at| *at > 0)?;
        Some((&record[..equals], &record[equals + 1..], &data[length..]))
    };
    let (key, value, after) = split(rest).ok_or(ArchiveProblem::Record)?;
    *rest = after;
    Ok((key, value))
}
