//! Encodings of text other than UTF-8.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reader, peek};

/// Bytes that are decoded at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// How characters are encoded as bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark. Files that begin with the mark of UTF-16 are read as that.
    #[default]
    #[serde(rename = "utf-8", alias = "utf-8-bom", alias = "utf8")]
    Utf8,
    /// UTF-16, low byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows-1252, which contains Latin-1.
    #[serde(rename = "windows-1252", alias = "latin1", alias = "iso-8859-1")]
    Windows1252,
}

impl Encoding {
    /// A reader that yields UTF-8.
    pub(super) fn decode(self, text: Reader) -> io::Result<Reader> {
        let (encoding, text) = match self {
            Self::Utf16Le => (encoding_rs::UTF_16LE, text),
            Self::Utf16Be => (encoding_rs::UTF_16BE, text),
            Self::Windows1252 => (encoding_rs::WINDOWS_1252, text),
            Self::Utf8 => {
                let (start, text) = peek::<2>(text)?;
                match start.as_slice() {
                    [0xff, 0xfe] => (encoding_rs::UTF_16LE, text),
                    [0xfe, 0xff] => (encoding_rs::UTF_16BE, text),
                    _ => return Ok(text),
                }
            }
        };
        Ok(Box::new(Transcoder {
            text,
            decoder: encoding.new_decoder_with_bom_removal(),
            name: encoding.name(),
            input: Vec::new(),
            output: Vec::new(),
            given: 0,
            ended: false,
        }))
    }
}

struct Transcoder {
    text: Reader,
    decoder: Decoder,
    name: &'static str,
    /// What was read and is not decoded yet.
    input: Vec<u8>,
    output: Vec<u8>,
    /// How much of `output` was handed out.
    given: usize,
    ended: bool,
}

impl Transcoder {
    fn refill(&mut self) -> io::Result<()> {
        let read = (&mut self.text)
            .take(BUFFER_BYTES as u64)
            .read_to_end(&mut self.input)?;
        self.ended = read < BUFFER_BYTES;
        // No encoding here takes more than three bytes of UTF-8 for one of its own.
        self.output.resize(self.input.len() * 3 + 16, 0);
        let (result, consumed, written) =
            self.decoder
                .decode_to_utf8_without_replacement(&self.input, &mut self.output, self.ended);
        self.output.truncate(written);
        self.given = 0;
        self.input.drain(..consumed);
        match result {
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
            DecoderResult::Malformed(..) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the text is not {}; give its `encoding`", self.name),
            )),
        }
    }
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let length = buffer.len().min(self.output.len() - self.given);
        buffer[..length].copy_from_slice(&self.output[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        encoding
            .decode(Box::new(io::Cursor::new(bytes)))?
            .read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn text_becomes_utf8() {
        let text = "naïve 漢字 🎉\n".repeat(20_000);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(little.iter().copied()).collect();
        assert_eq!(decoded(Encoding::Utf16Le, little).expect("valid"), text);
        assert_eq!(decoded(Encoding::Utf16Be, big).expect("valid"), text);
        assert_eq!(decoded(Encoding::Utf8, marked).expect("valid"), text);
        assert_eq!(decoded(Encoding::Utf8, text.clone().into_bytes()).expect("valid"), text);
        assert_eq!(
            decoded(Encoding::Windows1252, b"M\xfcller \x80".to_vec()).expect("valid"),
            "Müller €"
        );
    }

    #[test]
    fn half_a_character_is_an_error() {
        let error = decoded(Encoding::Utf16Le, vec![b'a', 0, 0x3d]).expect_err("half a character");
        assert!(error.to_string().contains("not UTF-16LE"), "{error}");
    }
}
