//! Compression: same bytes whatever the threads and writes, readable by the real tools.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use shipload_context::sink::compress::{
    Compression, DECODER_MEMORY, Encoder, GzipBlocks, Level, decoder,
};

use Compression::{Bzip2, Gzip, None as Plain, Xz, Zstd};

fn level(compression: Compression, value: Option<i32>) -> Level {
    Level::new(compression, value).unwrap()
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Encodes `data` in writes of the lengths in `cuts`, round and round.
fn encode(level: Level, count: usize, data: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut encoder = Encoder::new(level, threads(count), Vec::new()).unwrap();
    let mut rest = data;
    for cut in cuts.iter().cycle() {
        let (part, after) = rest.split_at((*cut).min(rest.len()));
        encoder.write_all(part).unwrap();
        if cut % 3 == 0 {
            encoder.flush().unwrap();
        }
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    encoder.finish().unwrap()
}

fn decode(compression: Compression, data: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    decoder(compression, data, DECODER_MEMORY)?.read_to_end(&mut plain)?;
    Ok(plain)
}

/// Bytes without any pattern (`SplitMix64`).
fn noise(mut seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Words of a small vocabulary in random order: compresses like text.
fn text(seed: u64, length: usize) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "let ", "mut ", "self", ".", "(", ")", ";\n", "    ", "value", " = ", "0",
    ];
    let mut bytes = Vec::with_capacity(length + 8);
    for byte in noise(seed, length) {
        bytes.extend_from_slice(WORDS[usize::from(byte) % WORDS.len()].as_bytes());
        bytes.extend((byte > 240).then_some(byte));
    }
    bytes.truncate(length);
    bytes
}

/// Runs a real tool over `input`; `None` where the machine has no such tool.
fn tool(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: no `{program}` here");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output.stdout)
}

#[test]
fn names() {
    for (name, compression) in [
        ("none", Plain),
        ("gzip", Gzip),
        ("gz", Gzip),
        ("bzip2", Bzip2),
        ("bz2", Bzip2),
        ("xz", Xz),
        ("zstd", Zstd),
        ("zst", Zstd),
    ] {
        assert_eq!(name.parse(), Ok(compression), "{name}");
        assert_eq!(compression.to_string().parse(), Ok(compression));
        assert_eq!(
            Compression::from_extension(&format!("a.b{}", compression.extension())),
            compression
        );
    }
    for (file, compression) in [
        ("x.TGZ", Gzip),
        ("x.tbz2", Bzip2),
        ("x.txz", Xz),
        ("x.tzst", Zstd),
        ("gz", Gzip),
        ("x.tar", Plain),
        ("", Plain),
    ] {
        assert_eq!(Compression::from_extension(file), compression, "{file}");
    }
    assert_eq!(
        "lz4".parse::<Compression>().unwrap_err().to_string(),
        "unknown compression `lz4`, expected none, gzip, bzip2, xz or zstd"
    );
    assert_eq!(Plain.stream_encoding(), None);
    assert_eq!(Gzip.stream_encoding(), Some("gzip"));
}

#[test]
fn levels() {
    for (compression, lowest, default, highest) in [
        (Gzip, 1, 6, 12),
        (Bzip2, 1, 9, 9),
        (Xz, 0, 6, 9),
        (Zstd, 1, 3, 19),
    ] {
        assert_eq!(level(compression, None).value(), Some(default));
        for value in lowest..=highest {
            assert_eq!(level(compression, Some(value)).value(), Some(value));
        }
        for value in [lowest - 1, highest + 1, i32::MIN, i32::MAX] {
            let error = Level::new(compression, Some(value))
                .unwrap_err()
                .to_string();
            assert_eq!(
                error,
                format!("{compression} has no level `{value}`, only {lowest} to {highest}")
            );
        }
    }
    assert_eq!(level(Plain, None).value(), None);
    assert_eq!(
        Level::new(Plain, Some(1)).unwrap_err().to_string(),
        "level `1` makes no sense without compression"
    );
    assert!(GzipBlocks::new(level(Zstd, None)).is_none());
}

/// Every level of every codec: known by its magic, read back by us, and at the default by the tool.
#[test]
fn round_trip() {
    let data = [
        text(1, 700_000),
        noise(2, 500_000),
        vec![0; 300_000],
        text(3, 9),
    ]
    .concat();
    for (compression, program, values) in [
        (Plain, "cat", 0..=0),
        (Gzip, "gzip", 1..=12),
        (Bzip2, "bzip2", 1..=9),
        (Xz, "xz", 0..=4),
        (Zstd, "zstd", 1..=9),
    ] {
        let arguments: &[&str] = if compression == Plain { &[] } else { &["-dc"] };
        for data in [&data[..], &data[..1], &[]] {
            let packed = encode(level(compression, None), 2, data, &[usize::MAX]);
            assert_eq!(decode(compression, &packed).unwrap(), data, "{compression}");
            if let Some(plain) = tool(program, arguments, &packed) {
                assert!(plain == data, "{program} reads something else");
            }
        }
        for value in values.filter(|_| compression != Plain) {
            let packed = encode(level(compression, Some(value)), 1, &data, &[usize::MAX]);
            assert_eq!(
                Compression::detect(&packed),
                compression,
                "{compression} {value}"
            );
            assert!(
                decode(compression, &packed).unwrap() == data,
                "{compression} {value}"
            );
        }
    }
}

#[test]
fn headers_hold_no_circumstances() {
    for (value, xfl) in [(1, 4), (2, 0), (6, 0), (7, 0), (8, 2), (12, 2)] {
        let packed = encode(level(Gzip, Some(value)), 1, b"data", &[9]);
        assert_eq!(
            packed[..10],
            [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, xfl, 255],
            "level {value}"
        );
    }
    // RFC 8878 §3.1.1.1.1: checksum flag (4) set; no content size, no single segment, no dictionary.
    let packed = encode(level(Zstd, None), 1, b"data", &[9]);
    assert_eq!(packed[4], 4);
    assert_eq!(
        encode(level(Xz, None), 1, b"data", &[9])[6..8],
        [0, 4],
        "CRC64"
    );
}

/// Threads and writes leave no mark, in data of several jobs, to the byte around their borders.
#[test]
fn same_bytes_for_any_number_of_threads_and_any_writes() {
    const MIB: usize = 1 << 20;
    let data = [
        text(4, 3 * MIB),
        noise(5, 2 * MIB),
        vec![7; MIB],
        text(6, 2 * MIB),
    ]
    .concat();
    for (compression, value) in [
        (Gzip, 1),
        (Xz, 0),
        (Zstd, 1),
        (Zstd, 3),
        (Zstd, 9),
        (Bzip2, 9),
    ] {
        let level = level(compression, Some(value));
        // bzip2 has no threads and no jobs, and takes its time.
        let most = if compression == Bzip2 {
            2 * MIB + 1
        } else {
            data.len()
        };
        for length in [2 * MIB - 1, 2 * MIB, most] {
            let data = &data[..length];
            let expected = encode(level, 1, data, &[usize::MAX]);
            assert!(
                decode(compression, &expected).unwrap() == data,
                "{compression} {value}"
            );
            for (count, cuts) in [
                (1, &[512][..]),
                (2, &[usize::MAX]),
                (3, &[1 << 16, 1]),
                (8, &[10_240]),
            ] {
                let packed = encode(level, count, data, cuts);
                assert!(
                    packed == expected,
                    "{compression} {value}, {count} threads, {length} bytes"
                );
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Stretch {
    Noise(u64, usize),
    Text(u64, usize),
    Same(u8, usize),
    Again(u64, usize),
}

fn stretches() -> impl Strategy<Value = Vec<u8>> {
    let stretch = prop_oneof![
        (any::<u64>(), 0..200_000_usize).prop_map(|(seed, length)| Stretch::Noise(seed, length)),
        (any::<u64>(), 0..200_000_usize).prop_map(|(seed, length)| Stretch::Text(seed, length)),
        (any::<u8>(), 0..1_500_000_usize).prop_map(|(byte, length)| Stretch::Same(byte, length)),
        (any::<u64>(), 1..40_000_usize).prop_map(|(seed, length)| Stretch::Again(seed, length)),
    ];
    prop::collection::vec(stretch, 0..12).prop_map(|stretches| {
        let parts = stretches.into_iter().map(|stretch| match stretch {
            Stretch::Noise(seed, length) => noise(seed, length),
            Stretch::Text(seed, length) => text(seed, length),
            Stretch::Same(byte, length) => vec![byte; length],
            Stretch::Again(seed, length) => noise(seed, length).repeat(5),
        });
        parts.collect::<Vec<_>>().concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_data_any_writes_any_threads(
        data in stretches(),
        cuts in prop::collection::vec(1..400_000_usize, 1..6),
        count in prop::sample::select(vec![1, 2, 3, 8]),
        compression in prop::sample::select(vec![(Gzip, 6), (Gzip, 12), (Bzip2, 1), (Xz, 0), (Zstd, 3), (Zstd, 7)]),
    ) {
        let (compression, value) = compression;
        let level = level(compression, Some(value));
        let expected = encode(level, 1, &data, &[usize::MAX]);
        prop_assert!(encode(level, count, &data, &cuts) == expected);
        prop_assert!(decode(compression, &expected).unwrap() == data);
    }

    /// A block is never more than deflate's and gzip's frame larger than its input, and reads back.
    #[test]
    fn gzip_blocks_stand_alone(data in stretches(), value in 1..=12) {
        let mut blocks = GzipBlocks::new(level(Gzip, Some(value))).unwrap();
        let mut used = b"before".to_vec();
        blocks.compress(&noise(1, 100_000), &mut Vec::new());
        blocks.compress(&data, &mut used);
        let mut fresh = Vec::new();
        GzipBlocks::new(level(Gzip, Some(value))).unwrap().compress(&data, &mut fresh);
        prop_assert!(used.strip_prefix(b"before") == Some(&fresh[..]), "history shows");
        prop_assert!(fresh.len() <= data.len() + 18 + (data.len() / 32_768 + 1) * 32);
        prop_assert!(decode(Gzip, &fresh).unwrap() == data);
    }
}

/// The text of this repository's sources, over and over.
fn source(length: usize) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut text =
        fs_err::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../LICENSE-APACHE")).unwrap();
    text.extend(fs_err::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap());
    for entry in fs_err::read_dir(format!("{folder}/sink/compress")).unwrap() {
        text.extend(fs_err::read(entry.unwrap().path()).unwrap());
    }
    text.into_iter().cycle().take(length).collect()
}

/// What is stored to save time costs at most 2 % against `gzip -6`.
#[test]
fn size_against_gzip() {
    const MIB: usize = 1 << 20;
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let every = |step: usize, length: usize| -> Vec<u8> {
        let noise = noise(1, MIB);
        noise
            .chunks(step)
            .flat_map(|part| [part, &source(length)].concat())
            .collect()
    };
    let header = |name: u8| [vec![name; 100], vec![0; 412]].concat();
    let program = fs_err::read(std::env::current_exe().unwrap()).unwrap();
    for (what, data) in [
        ("text", source(3 * MIB)),
        ("a program", program.into_iter().take(8 * MIB).collect()),
        ("noise", noise(6, 3 * MIB)),
        ("zeros", vec![0; 3 * MIB]),
        (
            "half a block each",
            [noise(1, MIB / 2), source(MIB / 2)].concat().repeat(3),
        ),
        ("2 kB of text at every 40 kB", every(40_000, 2_000)),
        ("1 kB of text at every 10 kB", every(10_000, 1_000)),
        ("50 kB of text at every 50 kB", every(50_000, 50_000)),
        (
            "compressed files behind headers",
            (0..40)
                .flat_map(|n| [header(n), noise(u64::from(n), 23_552)].concat())
                .collect(),
        ),
        (
            "gzip in gzip",
            encode(level(Gzip, Some(1)), 1, &text(7, 8 * MIB), &[MIB]),
        ),
        ("noise again after 20 kB", noise(7, 20_000).repeat(50)),
        ("noise again after 1 kB", noise(8, 1_000).repeat(500)),
        (
            "hexadecimal",
            noise(9, MIB)
                .iter()
                .flat_map(|b| format!("{b:02x}").into_bytes())
                .collect(),
        ),
        (
            "base 64",
            noise(10, MIB)
                .iter()
                .map(|b| BASE64[usize::from(b & 63)])
                .collect(),
        ),
        (
            "seven bits",
            noise(11, MIB).iter().map(|b| b & 127).collect(),
        ),
    ] {
        let ours = encode(level(Gzip, Some(6)), 1, &data, &[usize::MAX]).len();
        let Some(theirs) = tool("gzip", &["-6", "-n"], &data) else {
            return;
        };
        println!("{what}: {} to {ours}, gzip {}", data.len(), theirs.len());
        // Besides, every MiB is a member with a header and a table of codes.
        let most = theirs.len() / 50 * 51 + (data.len() / MIB + 1) * 100;
        assert!(ours <= most, "{what}: {ours} against {}", theirs.len());
    }
}

/// Takes `room` bytes, then fails.
struct Full {
    room: usize,
    taken: Vec<u8>,
}

impl Write for Full {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.taken.len() == self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let (part, _) = data.split_at(data.len().min(self.room - self.taken.len()));
        self.taken.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_from_then_on() {
    let data = noise(1, 1_500_000);
    for compression in Compression::ALL {
        for room in [0, 1000, 1_200_000] {
            let out = Full {
                room,
                taken: Vec::new(),
            };
            let value = (compression == Xz).then_some(0);
            let mut encoder = Encoder::new(level(compression, value), threads(2), out).unwrap();
            let mut first = Ok(());
            for part in data.chunks(100_000) {
                let result = encoder.write_all(part);
                if first.is_err() {
                    assert!(result.is_err(), "{compression} goes on after an error");
                } else {
                    first = result;
                }
            }
            let Err(error) = encoder.finish().map(|_| ()).and(first) else {
                panic!("{compression} has no room for more than {room} bytes")
            };
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn dropping_an_encoder_ends_no_stream() {
    let data = text(1, (2 << 20) + 1);
    for compression in [Gzip, Bzip2, Xz, Zstd] {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(level(compression, Some(1)), threads(2), &mut out).unwrap();
        encoder.write_all(&data).unwrap();
        drop(encoder);
        let whole = decode(compression, &out).is_ok_and(|plain| plain == data);
        assert!(!whole, "{compression}");
    }
}

#[test]
fn a_stream_cut_anywhere_is_an_error() {
    let data = text(1, 3000);
    for compression in [Gzip, Bzip2, Xz, Zstd] {
        let packed = encode(level(compression, None), 1, &data, &[usize::MAX]);
        for length in Compression::MAGIC_LEN..packed.len() {
            assert!(
                decode(compression, &packed[..length]).is_err(),
                "{compression} at {length}"
            );
        }
        let twice = decode(compression, &packed.repeat(2)).unwrap();
        assert!(twice == data.repeat(2), "{compression} streams in a row");
        let trailing = [&packed[..], b"trailing"].concat();
        assert!(
            decode(compression, &trailing).is_err(),
            "{compression} with data after the end"
        );
    }
}

#[test]
fn a_decoder_keeps_to_its_memory() {
    let data = text(1, 9_000);
    for (compression, value, enough) in [(Xz, 6, 16 << 20), (Zstd, 19, 8 << 20)] {
        let packed = encode(level(compression, Some(value)), 2, &data, &[usize::MAX]);
        let read = |memory| -> io::Result<u64> {
            io::copy(
                &mut decoder(compression, &packed[..], memory)?,
                &mut io::sink(),
            )
        };
        assert_eq!(read(enough).unwrap(), data.len() as u64, "{compression}");
        assert!(read(4 << 20).is_err(), "{compression}");
        assert!(read(0).is_err(), "{compression}");
    }
}
