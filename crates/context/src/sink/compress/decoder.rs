//! The way back: one reader for all codecs.
//!
//! Streams in a row are read as one, as the tools do. A stream that ends before its end is an
//! error, never a short read.

use std::io::{self, BufReader, Read};

use liblzma::stream::{CONCATENATED, Stream};

use super::Compression;

/// Most memory that a decoder may take unless the caller says otherwise: 128 MiB. That reads
/// whatever `xz -9` (65 MiB) and `zstd --ultra -22` (128 MiB) write.
pub const DECODER_MEMORY: u64 = 128 << 20;

/// Undoes a [`Compression`]; made by [`decoder`].
pub struct Decoder<R>(Codec<BufReader<R>>);

enum Codec<R> {
    None(R),
    Gzip(flate2::bufread::MultiGzDecoder<R>),
    Bzip2(bzip2::bufread::MultiBzDecoder<R>),
    Xz(liblzma::bufread::XzDecoder<R>),
    Zstd(zstd::stream::read::Decoder<'static, R>),
}

/// Reads `reader` through the codec's decoder.
///
/// A stream that wants more than `memory` bytes (usually [`DECODER_MEMORY`]) of dictionary or window
/// is an error when it is read. gzip and bzip2 never want more than 4 MiB. How much comes out is
/// the caller's to limit: 1 GiB of zeros is 843 bytes of bzip2.
///
/// # Errors
/// When the codec cannot be set up: there is no memory for it.
///
/// ```
/// use std::io::Read;
/// use shipload_context::sink::compress::{Compression, DECODER_MEMORY, decoder};
///
/// let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x02\0\xfd\xffhi\xac\x2a\x93\xd8\x02\0\0\0";
/// let mut text = String::new();
/// decoder(Compression::detect(gzip), &gzip[..], DECODER_MEMORY)?.read_to_string(&mut text)?;
/// assert_eq!(text, "hi");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn decoder<R: Read>(
    compression: Compression,
    reader: R,
    memory: u64,
) -> io::Result<Decoder<R>> {
    let reader = BufReader::with_capacity(64 << 10, reader);
    Ok(Decoder(match compression {
        Compression::None => Codec::None(reader),
        Compression::Gzip => Codec::Gzip(flate2::bufread::MultiGzDecoder::new(reader)),
        Compression::Bzip2 => Codec::Bzip2(bzip2::bufread::MultiBzDecoder::new(reader)),
        Compression::Xz => {
            let stream = Stream::new_stream_decoder(memory, CONCATENATED)?;
            Codec::Xz(liblzma::bufread::XzDecoder::new_stream(reader, stream))
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
            // zstd knows no windows outside 2^10 to 2^31.
            decoder.window_log_max(memory.max(1).ilog2().clamp(10, 31))?;
            Codec::Zstd(decoder)
        }
    }))
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Codec::None(reader) => reader.read(buffer),
            Codec::Gzip(reader) => reader.read(buffer),
            Codec::Bzip2(reader) => reader.read(buffer),
            Codec::Xz(reader) => reader.read(buffer),
            Codec::Zstd(reader) => reader.read(buffer),
        }
    }
}
