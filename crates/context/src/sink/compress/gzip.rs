//! gzip, block by block: every block becomes gzip members of its own.
//!
//! RFC 1952 §2.2 allows any number of members in a row, and Go, gzip, zlib's `gzread` and Python
//! read them as one stream. Since no member knows of another, blocks may be compressed on any core
//! in any order, and the output is the same.
//!
//! Within a block, stretches that do not compress (pictures, archives, random bytes) are stored:
//! deflating them takes 50 times as long and yields nothing. A stretch is a run of whole
//! [`SLICE`]s, judged by [`Probe::compresses`]. As a slice is as long as deflate's window, cutting
//! there loses no matches: what stands before a stored slice is out of reach behind it.

use libdeflater::{CompressionLvl, Compressor};

use super::{Compression, Level};

/// Deflate's window, 32 KiB.
const SLICE: usize = 32 << 10;

/// Most bytes of one stored deflate block, whose length field has 16 bits.
const STORED: usize = 0xffff;

/// Compresses blocks into gzip members. One for each thread: it holds libdeflate's tables
/// (less than 1 MiB, at levels 10 to 12 about 8 MiB).
///
/// The headers hold no name, no time and operating system 255 (unknown). XFL is 4 at level 1, 2 from
/// level 8 up and 0 between, as libdeflate writes it.
///
/// ```
/// use shipload_context::sink::compress::{Compression, GzipBlocks, Level};
///
/// let level = Level::new(Compression::Gzip, None)?;
/// let mut blocks = GzipBlocks::new(level).ok_or("not a level of gzip")?;
/// let mut gzip = Vec::new();
/// blocks.compress(b"first ", &mut gzip);
/// blocks.compress(b"second", &mut gzip);
/// assert_eq!(gzip[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GzipBlocks {
    deflate: Compressor,
    probe: Probe,
    xfl: u8,
}

impl GzipBlocks {
    /// The block length that suits best, 1 MiB: every block starts with an empty window, which at
    /// this length costs 0.3 % in size.
    pub const BLOCK: usize = 1 << 20;

    /// Makes the state for one thread; `None` for a level of another codec.
    pub fn new(level: Level) -> Option<Self> {
        match level.compression {
            Compression::Gzip => Some(Self::at(level.value)),
            Compression::None | Compression::Bzip2 | Compression::Xz | Compression::Zstd => None,
        }
    }

    /// As [`GzipBlocks::new`], for a level that is known to be one of gzip.
    pub(super) fn at(level: i32) -> Self {
        Self {
            deflate: Compressor::new(CompressionLvl::new(level).unwrap_or_default()),
            probe: Probe::new(),
            xfl: match level {
                ..=1 => 4,
                2..=7 => 0,
                8.. => 2,
            },
        }
    }

    /// Appends `raw` to `out` as one or more complete gzip members (one, unless only parts of it
    /// compress), which depend on `raw` and the level alone. Empty input is one empty member.
    pub fn compress(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        self.probe.forget();
        let mut rest = raw;
        let mut run = 0;
        let mut compresses = None;
        for slice in raw.chunks(SLICE) {
            let verdict = self.probe.compresses(slice);
            if let Some(before) = compresses.filter(|before| *before != verdict) {
                let (done, next) = rest.split_at(run);
                self.member(done, before, out);
                (rest, run) = (next, 0);
            }
            run += slice.len();
            compresses = Some(verdict);
        }
        self.member(rest, compresses.unwrap_or(true), out);
    }

    fn member(&mut self, raw: &[u8], compresses: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, self.xfl, 255]);
        if !(compresses && self.deflate(raw, out)) {
            store(raw, out);
        }
        out.extend_from_slice(&libdeflater::crc32(raw).to_le_bytes());
        // ISIZE is the length modulo 2^32.
        let [a, b, c, d, ..] = (raw.len() as u64).to_le_bytes();
        out.extend_from_slice(&[a, b, c, d]);
    }

    /// False, with `out` as it was, if libdeflate refused its own bound, which it does not.
    fn deflate(&mut self, raw: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.resize(start + self.deflate.deflate_compress_bound(raw.len()), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let written = self.deflate.deflate_compress(raw, room).ok();
        out.truncate(start + written.unwrap_or_default());
        written.is_some()
    }
}

/// Appends `raw` as stored deflate blocks (RFC 1951 §3.2.4), the last one marked final.
fn store(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    loop {
        let (block, after) = rest.split_at(rest.len().min(STORED));
        let [low, high, ..] = block.len().to_le_bytes();
        out.extend_from_slice(&[u8::from(after.is_empty()), low, high, !low, !high]);
        out.extend_from_slice(block);
        rest = after;
        if rest.is_empty() {
            return;
        }
    }
}

/// Decides whether deflating a slice is worth its time, at 2 GB/s against deflate's 0.1.
///
/// Deflate gains in two ways, and each has its own question. Bytes that occur unevenly get short
/// codes: so the counts are compared with even ones. Bytes that occurred before become references:
/// so words are looked up that stand behind one fixed byte value, which in data with even counts
/// is a sample of one in 256, wherever the repetition is aligned. Who answers yes to either is deflated: a
/// wrong yes costs time, a wrong no costs bytes.
struct Probe {
    words: Box<[[u8; 8]; ANCHORS]>,
}

/// Words remembered of one block; a word lands in the place that its own bits name.
const ANCHORS: usize = 1 << 10;

/// The byte value whose followers are remembered. Any would do.
const ANCHOR: u8 = 0xa5;

/// Bytes whose counts are taken together: within 4 KiB, 400 bytes of text are seen among noise.
const COUNTED: usize = 4 << 10;

impl Probe {
    fn new() -> Self {
        Self {
            words: Box::new([[0; 8]; ANCHORS]),
        }
    }

    /// Forgets the words of the block before, which no match can reach.
    fn forget(&mut self) {
        self.words.fill([0; 8]);
    }

    fn compresses(&mut self, slice: &[u8]) -> bool {
        // Text and code are known by 64 bytes in every 2 KiB; this spares them the rest.
        let mut glance = [0; SLICE / 32];
        let mut length = 0;
        for (seen, part) in glance
            .chunks_exact_mut(64)
            .zip(slice.chunks_exact(SLICE / 16))
        {
            seen.copy_from_slice(&part[..64]);
            length += seen.len();
        }
        uneven(&glance[..length], 16)
            || slice.chunks(COUNTED).any(|part| uneven(part, 1))
            || self.repeats(slice)
    }

    /// Whether more than one word in 32 of the sample was seen before in this block.
    fn repeats(&mut self, slice: &[u8]) -> bool {
        let (mut sampled, mut seen) = (0_u32, 0_u32);
        for at in memchr::memchr_iter(ANCHOR, slice) {
            let Some(word) = slice[at + 1..].first_chunk::<8>() else {
                break;
            };
            let place = usize::from(u16::from_le_bytes([word[0], word[1]])) % ANCHORS;
            seen += u32::from(self.words[place] == *word);
            self.words[place] = *word;
            sampled += 1;
        }
        seen * 32 > sampled
    }
}

/// Whether byte values occur more unevenly than random ones would, by `eighths` of an eighth. An
/// order-0 code saves about 1 % of the bytes for each eighth; English text has about 120 of them.
/// Takes at most 64 KiB.
fn uneven(bytes: &[u8], eighths: u64) -> bool {
    // Four tables, so that no count waits for the one before.
    let mut counts = [[0_u16; 256]; 4];
    let (quads, _) = bytes.as_chunks::<4>();
    for quad in quads {
        for (table, byte) in counts.iter_mut().zip(quad) {
            table[usize::from(*byte)] += 1;
        }
    }
    let [a, b, c, d] = counts;
    let squares: u64 = (0..256)
        .map(|at| u64::from(a[at] + b[at] + c[at] + d[at]).pow(2))
        .sum();
    let total = quads.len() as u64 * 4;
    // The sum of squares is total²/256 for even counts, and total·255/256 more for random ones.
    squares * 256 > total * total + total * total * eighths / 8 + total * 320
}
