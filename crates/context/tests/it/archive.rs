//! Reading archives: what real tools write is read, what readers disagree about is refused.

mod bytes;
mod hostile;
mod mutated;
mod tools;
mod trees;

use std::io::{self, Read};

use shipload_context::source::archive::{Archive, ArchiveError, ArchiveMember, ArchiveOptions};
use shipload_context::{Clash, Kind};

fn read(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    Archive::from_reader("test.tar", bytes, &ArchiveOptions::default())
}

fn last_wins() -> ArchiveOptions {
    ArchiveOptions {
        clash: Clash::LastWins,
        ..ArchiveOptions::default()
    }
}

/// An error as a person sees it: every line of its chain.
fn chain(error: &ArchiveError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// One line a member: type, mode, owner, time, path and what it points to.
fn listing(archive: &Archive) -> Vec<String> {
    let line = |(path, member): (_, &ArchiveMember)| {
        let what = match &member.kind {
            Kind::File { size } => format!("{size}"),
            Kind::Symlink { target } => format!("-> {}", target.escape_ascii()),
            Kind::Char(device) | Kind::Block(device) => {
                format!("{}:{}", device.major, device.minor)
            }
            Kind::Dir | Kind::Fifo => String::new(),
        };
        let inode = member
            .inode
            .map(|inode| format!(" #{inode}"))
            .unwrap_or_default();
        let time = member.mtime;
        format!(
            "{} {:04o} {}:{} {}.{:09} {path} {what}{inode}",
            member.kind.name(),
            member.mode,
            member.uid,
            member.gid,
            time.secs,
            time.nanos,
        )
        .trim_end()
        .to_owned()
    };
    archive.members().map(line).collect()
}

/// Gives at most `step` bytes at a time.
struct Short<R> {
    reader: R,
    step: usize,
}

impl<R: Read> Read for Short<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.step);
        self.reader.read(&mut buffer[..length])
    }
}
