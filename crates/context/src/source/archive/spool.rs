//! Writes an archive that has no ranges (compressed, or from a pipe) to a temporary file, once.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Write};

use super::Limits;
use super::error::ArchiveProblem;
use crate::sink::compress::{Compression, decoder};

/// Bytes that may come out before the ratio is judged: small archives may be all zeros.
const RATIO_FREE: u64 = 64 << 20;

/// Reads the first bytes, which tell the codec.
pub(super) fn magic(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut magic = Vec::with_capacity(Compression::MAGIC_LEN);
    reader
        .take(Compression::MAGIC_LEN as u64)
        .read_to_end(&mut magic)?;
    Ok(magic)
}

/// Decompresses `magic` and all that follows in `rest` into a file without a name.
pub(super) fn spool(
    magic: &[u8],
    rest: impl Read,
    limits: &Limits,
) -> Result<File, ArchiveProblem> {
    let compression = Compression::detect(magic);
    let broken = |source| match compression {
        Compression::None => ArchiveProblem::Read(source),
        Compression::Gzip | Compression::Bzip2 | Compression::Xz | Compression::Zstd => {
            ArchiveProblem::Decompress {
                compression,
                source,
            }
        }
    };
    let consumed = Cell::new(0);
    let reader = Counting {
        reader: magic.chain(rest),
        count: &consumed,
    };
    let mut decoder = decoder(compression, reader, limits.memory).map_err(broken)?;
    let mut file = tempfile::tempfile().map_err(ArchiveProblem::Spool)?;
    let mut buffer = vec![0; 64 << 10];
    let mut total: u64 = 0;
    loop {
        let length = match decoder.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(length) => length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(broken(e)),
        };
        total += length as u64;
        if total > limits.bytes {
            return Err(ArchiveProblem::TooManyBytes {
                limit: limits.bytes,
            });
        }
        if total > RATIO_FREE && total / limits.ratio.max(1) > consumed.get() {
            return Err(ArchiveProblem::Ratio {
                limit: limits.ratio,
            });
        }
        file.write_all(&buffer[..length])
            .map_err(ArchiveProblem::Spool)?;
    }
}

/// Counts what is read, also while a decoder has the reader.
struct Counting<'a, R> {
    reader: R,
    count: &'a Cell<u64>,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.count.set(self.count.get() + length as u64);
        Ok(length)
    }
}
