//! Compresses what is written to a text file, as a whole.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::format::Codec;

/// zstd's level: better than gzip at its usual level, in a fifth of the time.
const ZSTD_LEVEL: i32 = 3;

/// xz's level: higher ones take far longer and hundreds of megabytes for little.
const XZ_LEVEL: u32 = 3;

/// Encoded bytes that wait to be taken away. Clones share them: the encoder's library holds one end, we the other.
///
/// The lock is never contended, since both ends are used by one task.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered(Arc<Mutex<Vec<u8>>>);

impl Gathered {
    pub fn len(&self) -> usize {
        self.0.lock().len()
    }

    pub fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock()).into()
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compresses into [`Gathered`].
pub(super) enum Compressor {
    None(Gathered),
    Gzip(flate2::write::GzEncoder<Gathered>),
    Zstd(zstd::stream::write::Encoder<'static, Gathered>),
    Bzip2(bzip2::write::BzEncoder<Gathered>),
    Xz(liblzma::write::XzEncoder<Gathered>),
}

impl Compressor {
    pub fn new(codec: Codec, output: Gathered) -> io::Result<Self> {
        Ok(match codec {
            Codec::None => Self::None(output),
            Codec::Gzip => Self::Gzip(flate2::write::GzEncoder::new(output, flate2::Compression::default())),
            Codec::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(output, ZSTD_LEVEL)?),
            Codec::Bzip2 => Self::Bzip2(bzip2::write::BzEncoder::new(output, bzip2::Compression::default())),
            Codec::Xz => Self::Xz(liblzma::write::XzEncoder::new(output, XZ_LEVEL)),
        })
    }

    /// Writes the end of the compressed stream.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::None(_) => Ok(()),
            Self::Gzip(encoder) => encoder.finish().map(drop),
            Self::Zstd(encoder) => encoder.finish().map(drop),
            Self::Bzip2(encoder) => encoder.finish().map(drop),
            Self::Xz(encoder) => encoder.finish().map(drop),
        }
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(output) => output.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Bzip2(encoder) => encoder.write(bytes),
            Self::Xz(encoder) => encoder.write(bytes),
        }
    }

    /// Does not end the compressor's block: that would cost size with every batch.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
