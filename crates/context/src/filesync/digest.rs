//! The digest that stands in the nanoseconds of a file's time.
//!
//! It is SHA-256 of the content, cut down to a number below [`LIMIT`]: the same on every machine. Two contents of one size have
//! the same digest once in 500 million edits.

use sha2::{Digest as _, Sha256};

use crate::content::ReadError;
use crate::entry::Entry;
use crate::source::host::xattrs::Xattrs;
use crate::tree::Tree;

/// Digests are below this many nanoseconds, half a second: from there on times in layers are rounded up to the next second.
const LIMIT: u64 = 500_000_000;

/// How much of a file is in memory at a time, in bytes.
const BUFFER: u64 = 128 << 10;

/// The nanoseconds for the file at `place` of `tree`, which has these extended attributes.
pub(super) fn nanos(tree: &Tree, place: usize, xattrs: &Xattrs) -> Result<u32, ReadError> {
    let content = content(tree, place)?;
    if xattrs.is_empty() {
        return Ok(content);
    }
    let mut hash = Sha256::new_with_prefix(content.to_be_bytes());
    for text in xattrs.iter().flat_map(|(name, value)| [name, value]) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    Ok(cut(hash))
}

/// The digest of content alone. What is known of a file counts as long as the file is what was listed.
fn content(tree: &Tree, place: usize) -> Result<u32, ReadError> {
    let entries = tree.entries();
    let entry = &entries[place];
    if let Some(known) = tree.digests().get(place) {
        entry.open()?.finish()?;
        return Ok(known);
    }
    let digest = read(entry)?;
    tree.digests().set(place, entries.len(), digest);
    Ok(digest)
}

fn read(entry: &Entry) -> Result<u32, ReadError> {
    let opened = entry.open()?;
    let size = entry.size();
    let mut buffer = vec![0; usize::try_from(size.min(BUFFER)).unwrap_or(0)];
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < size {
        let len =
            usize::try_from(size - offset).map_or(buffer.len(), |rest| rest.min(buffer.len()));
        let part = &mut buffer[..len];
        opened.read_at(part, offset)?;
        hash.update(&*part);
        offset += len as u64;
    }
    opened.finish()?;
    Ok(cut(hash))
}

fn cut(hash: Sha256) -> u32 {
    let hash = hash.finalize();
    let first = hash.iter().take(8);
    let number = first.fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    u32::try_from(number % LIMIT).unwrap_or(0)
}
