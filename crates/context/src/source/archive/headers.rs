//! The headers of a tar, one after the other, with the extended headers that belong to them.
//!
//! Crate `tar` lays out a header's fields. The walk from header to header is ours, since where the
//! next one stands is just what readers disagree about.

use std::sync::Arc;

use tar::Header;

use super::Limits;
use super::error::{ArchiveProblem, Place};
use super::numbers;
use super::pax::{self, Records};
use crate::entry::{Device, Mtime};
use crate::path::show;
use crate::source::archive_file::ArchiveFile;

const BLOCK: u64 = 512;

/// The largest size that eleven octal digits hold. A larger one stands in the PAX header, and the
/// header has 0 (GNU tar, Go, Python).
const LARGEST_OCTAL: u64 = 0o777_7777_7777;

/// The largest number of a device that seven octal digits hold.
const LARGEST_DEVICE: u32 = 0o777_7777;

/// A member as its headers have it, names not checked.
#[derive(Debug)]
pub(super) struct RawMember {
    pub(super) name: Vec<u8>,
    pub(super) kind: RawKind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime: Mtime,
    pub(super) capability: Option<Arc<[u8]>>,
}

#[derive(Debug)]
pub(super) enum RawKind {
    File { size: u64, offset: u64 },
    HardLink { target: Vec<u8> },
    Symlink { target: Vec<u8> },
    Char(Device),
    Block(Device),
    Dir,
    Fifo,
}

impl RawMember {
    /// Bytes of its name and its target.
    pub(super) fn name_bytes(&self) -> u64 {
        let target = match &self.kind {
            RawKind::HardLink { target } | RawKind::Symlink { target } => target.len(),
            RawKind::File { .. }
            | RawKind::Char(_)
            | RawKind::Block(_)
            | RawKind::Dir
            | RawKind::Fifo => 0,
        };
        (self.name.len() + target) as u64
    }
}

/// A problem with its place.
pub(super) type Refused = (Place, ArchiveProblem);

/// Walks the headers of a tar of `end` bytes.
pub(super) struct Headers<'a> {
    file: &'a ArchiveFile,
    limits: &'a Limits,
    position: u64,
    end: u64,
}

/// The extended headers seen since the last member.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Records>,
    /// What is wrong with them; told when the member's name is known.
    problem: Option<ArchiveProblem>,
}

impl<'a> Headers<'a> {
    pub(super) fn new(file: &'a ArchiveFile, end: u64, limits: &'a Limits) -> Self {
        Self {
            file,
            limits,
            position: 0,
            end,
        }
    }

    /// Returns the next member, or `None` at a proper end.
    pub(super) fn next(&mut self) -> Result<Option<RawMember>, Refused> {
        let mut extended = Extended::default();
        let mut global = false;
        loop {
            let start = self.position;
            let here = |problem| (Place::Header(start), problem);
            let mut header = Header::new_old();
            self.read(header.as_mut_bytes()).map_err(here)?;
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                if extended.any() || global {
                    return Err(here(ArchiveProblem::Dangling));
                }
                self.check_end()
                    .map_err(|problem| (Place::Whole, problem))?;
                return Ok(None);
            }
            check_sum(&header).map_err(|problem| match problem {
                ArchiveProblem::Checksum if start == 0 => (Place::Whole, ArchiveProblem::NotTar),
                problem => here(problem),
            })?;
            let flag = header.as_old().linkflag[0];
            if !matches!(flag, b'L' | b'K' | b'x' | b'g') {
                let name = extended.path(&header);
                return match self.member(&header, extended, &name) {
                    Ok(member) => Ok(Some(member)),
                    Err(problem) => Err((Place::Member(show(&name)), problem)),
                };
            }
            let data = self.extension(&header).map_err(here)?;
            match flag {
                b'g' if extended.any() => return Err(here(ArchiveProblem::Dangling)),
                b'g' => {
                    pax::global(&data).map_err(here)?;
                    global = true;
                }
                _ => extended.add(flag, &data),
            }
        }
    }

    /// Makes a member of a header and those before it, and moves behind its content.
    fn member(
        &mut self,
        header: &Header,
        extended: Extended,
        name: &[u8],
    ) -> Result<RawMember, ArchiveProblem> {
        if let Some(problem) = extended.problem {
            return Err(problem);
        }
        let numbers = Numbers::of(header)?;
        let pax = extended.pax.unwrap_or_default();
        let size = numbers.size(pax.size)?;
        let target = || match (extended.link, pax.link) {
            (Some(target), _) | (None, Some(target)) => target,
            (None, None) => header.link_name_bytes().unwrap_or_default().into_owned(),
        };
        let kind = match header.as_old().linkflag[0] {
            // The oldest tars mark a directory by its name alone.
            0 if name.ends_with(b"/") => RawKind::Dir,
            0 | b'0' if name.ends_with(b"/") => return Err(ArchiveProblem::Slash),
            0 | b'0' => RawKind::File {
                size,
                offset: self.position,
            },
            b'1' => RawKind::HardLink { target: target() },
            b'2' => RawKind::Symlink { target: target() },
            b'3' => RawKind::Char(numbers.device()?),
            b'4' => RawKind::Block(numbers.device()?),
            b'5' => RawKind::Dir,
            b'6' => RawKind::Fifo,
            b'S' => return Err(ArchiveProblem::Sparse),
            flag => return Err(ArchiveProblem::UnknownType(flag)),
        };
        match kind {
            RawKind::File { .. } => self.skip(size)?,
            // Readers disagree on whether to skip it.
            _ if size > 0 => return Err(ArchiveProblem::Content { size }),
            _ => {}
        }
        Ok(RawMember {
            name: name.to_vec(),
            kind,
            mode: unsigned(numbers.mode, "mode")? & 0o7777,
            uid: pax.uid.map_or_else(|| unsigned(numbers.uid, "uid"), Ok)?,
            gid: pax.gid.map_or_else(|| unsigned(numbers.gid, "gid"), Ok)?,
            mtime: pax.mtime.unwrap_or(Mtime {
                secs: numbers.mtime,
                nanos: 0,
            }),
            capability: pax.capability,
        })
    }

    /// Reads the data of an extended header.
    fn extension(&mut self, header: &Header) -> Result<Vec<u8>, ArchiveProblem> {
        let size = Numbers::of(header)?.size;
        let limit = self.limits.header;
        if size > limit {
            return Err(ArchiveProblem::LargeHeader { size, limit });
        }
        let start = self.position;
        self.skip(size)?;
        let mut data = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file
            .read_at(&mut data, start)
            .map_err(ArchiveProblem::Read)?;
        Ok(data)
    }

    /// Reads at the position, and moves behind.
    fn read(&mut self, buffer: &mut [u8]) -> Result<(), ArchiveProblem> {
        let start = self.position;
        self.skip(buffer.len() as u64)?;
        self.file
            .read_at(buffer, start)
            .map_err(ArchiveProblem::Read)
    }

    /// Moves behind `size` bytes and their padding.
    fn skip(&mut self, size: u64) -> Result<(), ArchiveProblem> {
        let next = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|s| self.position.checked_add(s));
        match next {
            Some(next) if next <= self.end => {
                self.position = next;
                Ok(())
            }
            _ => Err(ArchiveProblem::Cut { end: self.end }),
        }
    }

    /// After one block of zeros: a second one must follow, and nothing but zeros behind it.
    fn check_end(&mut self) -> Result<(), ArchiveProblem> {
        if self.end - self.position < BLOCK {
            return Err(ArchiveProblem::Cut { end: self.end });
        }
        let mut buffer = vec![0; 64 << 10];
        while self.position < self.end {
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            let length = left.min(buffer.len());
            let part = &mut buffer[..length];
            self.file
                .read_at(part, self.position)
                .map_err(ArchiveProblem::Read)?;
            if let Some(at) = part.iter().position(|byte| *byte != 0) {
                return Err(ArchiveProblem::DataAfterEnd {
                    offset: self.position + at as u64,
                });
            }
            self.position += length as u64;
        }
        Ok(())
    }
}

impl Extended {
    fn any(&self) -> bool {
        self.name.is_some() || self.link.is_some() || self.pax.is_some() || self.problem.is_some()
    }

    fn add(&mut self, flag: u8, data: &[u8]) {
        if let Err(problem) = self.try_add(flag, data) {
            self.problem.get_or_insert(problem);
        }
    }

    fn try_add(&mut self, flag: u8, data: &[u8]) -> Result<(), ArchiveProblem> {
        let twice = |what| Err(ArchiveProblem::ExtendedTwice { what });
        match flag {
            b'L' if self.name.is_some() => return twice("name"),
            b'L' => self.name = Some(long_name(data)?),
            b'K' if self.link.is_some() => return twice("target"),
            b'K' => self.link = Some(long_name(data)?),
            _ if self.pax.is_some() => return twice("PAX records"),
            _ => self.pax = Some(pax::member(data)?),
        }
        let pax = self.pax.as_ref();
        if self.name.is_some() && pax.is_some_and(|pax| pax.path.is_some()) {
            return twice("name");
        }
        if self.link.is_some() && pax.is_some_and(|pax| pax.link.is_some()) {
            return twice("target");
        }
        Ok(())
    }

    fn path(&self, header: &Header) -> Vec<u8> {
        let pax = self.pax.as_ref().and_then(|pax| pax.path.as_ref());
        match self.name.as_ref().or(pax) {
            Some(name) => name.clone(),
            None => header.path_bytes().into_owned(),
        }
    }
}

/// GNU's long name ends with a NUL byte. Where there is none some readers go on behind the data,
/// and where there is more some go on behind the NUL.
fn long_name(data: &[u8]) -> Result<Vec<u8>, ArchiveProblem> {
    let length = data
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(ArchiveProblem::LongName)?;
    let (name, rest) = data.split_at(length);
    if rest.iter().any(|byte| *byte != 0) {
        return Err(ArchiveProblem::LongName);
    }
    Ok(name.to_vec())
}

/// The sum of all bytes, those of the sum itself taken as spaces. Historic sums of signed bytes are
/// refused, as crate `tar` does and Go does not.
fn check_sum(header: &Header) -> Result<(), ArchiveProblem> {
    let stored = numbers::field(&header.as_old().cksum).ok_or(ArchiveProblem::Checksum)?;
    let (before, rest) = header.as_bytes().split_at(148);
    let (_, after) = rest.split_at(8);
    let sum = before
        .iter()
        .chain(after)
        .map(|byte| i64::from(*byte))
        .sum::<i64>()
        + 8 * 32;
    if sum == stored {
        Ok(())
    } else {
        Err(ArchiveProblem::Checksum)
    }
}

/// The numbers in a header.
struct Numbers {
    mode: i64,
    uid: i64,
    gid: i64,
    size: u64,
    mtime: i64,
    /// `None` in the oldest format.
    device: Option<(i64, i64)>,
}

impl Numbers {
    /// Reads them all, also those that nobody needs: a reader that does so would fail on the rest.
    fn of(header: &Header) -> Result<Self, ArchiveProblem> {
        let number = |text, field| numbers::field(text).ok_or(ArchiveProblem::Number { field });
        let old = header.as_old();
        let size = number(&old.size, "size")?;
        let device = match (header.as_ustar(), header.as_gnu()) {
            (Some(ustar), _) => Some((&ustar.dev_major, &ustar.dev_minor)),
            (None, Some(gnu)) => Some((&gnu.dev_major, &gnu.dev_minor)),
            (None, None) => None,
        };
        let device = match device {
            Some((major, minor)) => Some((number(major, "device")?, number(minor, "device")?)),
            None => None,
        };
        Ok(Self {
            mode: number(&old.mode, "mode")?,
            uid: number(&old.uid, "uid")?,
            gid: number(&old.gid, "gid")?,
            size: u64::try_from(size).map_err(|_| ArchiveProblem::Number { field: "size" })?,
            mtime: number(&old.mtime, "mtime")?,
            device,
        })
    }

    fn size(&self, pax: Option<u64>) -> Result<u64, ArchiveProblem> {
        match pax {
            None => Ok(self.size),
            Some(pax) if pax == self.size => Ok(pax),
            Some(pax) if pax > LARGEST_OCTAL && self.size == 0 => Ok(pax),
            Some(pax) => Err(ArchiveProblem::Sizes {
                header: self.size,
                pax,
            }),
        }
    }

    fn device(&self) -> Result<Device, ArchiveProblem> {
        let (major, minor) = self
            .device
            .ok_or(ArchiveProblem::Number { field: "device" })?;
        let number = |number| match unsigned(number, "device")? {
            // What seven octal digits do not hold has no other place in a tar, and is no device of Linux.
            large if large > LARGEST_DEVICE => Err(ArchiveProblem::Number { field: "device" }),
            number => Ok(number),
        };
        Ok(Device {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

fn unsigned(number: i64, field: &'static str) -> Result<u32, ArchiveProblem> {
    u32::try_from(number).map_err(|_| ArchiveProblem::Number { field })
}
