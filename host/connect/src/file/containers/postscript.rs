//! The end of ORC's files, looked at before a decoder takes the size that it gives at its word: of a file compressed with LZ4
//! it would make room for as much as any piece of it may be, and a process that asks for more memory than there is ends,
//! with whatever else it does.

use std::io;

use super::varint::number;

/// The bytes that a compressed piece can stand for, at most. Writers allow less, and a piece's length has no more bits.
const MOST_PIECE_BYTES: u64 = 1 << 23;

/// What the postscript calls LZ4.
const LZ4: i32 = 4;

/// Refuses a file of which a piece may be larger than pieces can be. These are its last bytes.
pub(super) fn check(end: &[u8]) -> io::Result<()> {
    let postscript = end.split_last().and_then(|(length, before)| {
        let start = before.len().checked_sub(usize::from(*length))?;
        before.get(start..)
    });
    // Where it is cut short, the decoder notices.
    let Some(postscript) = postscript else {
        return Ok(());
    };
    let pieces = Pieces::of(postscript).ok_or_else(|| invalid("its postscript cannot be understood".to_owned()))?;
    if pieces.codec == LZ4 && pieces.bytes > MOST_PIECE_BYTES {
        return Err(invalid(format!(
            "its compressed pieces are said to be of up to {} bytes, and no more than {MOST_PIECE_BYTES} are possible",
            pieces.bytes
        )));
    }
    Ok(())
}

/// What a postscript says about compressed pieces.
#[derive(Default)]
struct Pieces {
    codec: i32,
    bytes: u64,
}

impl Pieces {
    /// None where it is no message of Protocol Buffers, or one with groups, which would hide what is behind them.
    fn of(mut postscript: &[u8]) -> Option<Self> {
        let mut pieces = Self::default();
        while !postscript.is_empty() {
            let key = number(&mut postscript)?;
            let length = match key & 7 {
                0 => {
                    let value = number(&mut postscript)?;
                    match key >> 3 {
                        // Of what is longer, decoders of enumerations take the lowest bits.
                        2 => pieces.codec = value as i32,
                        3 => pieces.bytes = value,
                        _ => {}
                    }
                    0
                }
                1 => 8,
                2 => number(&mut postscript)?,
                5 => 4,
                _ => return None,
            };
            postscript = postscript.get(usize::try_from(length).ok()?..)?;
        }
        Some(pieces)
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of a file: a footer of 100 bytes, this codec, what is behind it, and the magic word.
    fn end_of(codec: &[u8], behind: &[u8]) -> Vec<u8> {
        let magic = b"\x82\xf4\x03\x03ORC";
        let postscript = [&[0x08, 100, 0x10][..], codec, behind, magic].concat();
        let length = u8::try_from(postscript.len()).expect("a byte");
        [&[7_u8; 100][..], &postscript, &[length]].concat()
    }

    #[test]
    fn pieces_are_no_larger_than_they_can_be() {
        let (usual, huge) = (
            [0x18_u8, 0x80, 0x80, 0x10],
            [0x18_u8, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
        );
        let versions = [0x22_u8, 2, 0, 12];
        check(&end_of(&[4], &[&usual[..], &versions].concat())).expect("256 KiB");
        check(&end_of(&[1], &huge)).expect("only LZ4 takes it at its word");
        for codec in [&[4][..], &[0x84, 0x80, 0x80, 0x80, 0x10]] {
            let error = check(&end_of(codec, &[&versions[..], &huge].concat())).expect_err("huge");
            assert!(error.to_string().contains("are said to be of up to "), "{error}");
        }
    }

    #[test]
    fn nothing_hides_the_size() {
        // A group, a text that is longer than all, a number that does not end.
        for hiding in [
            &[0x4b, 0x4c][..],
            &[0x4a, 0x7f],
            &[0x48, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            check(&end_of(&[4], hiding)).expect_err("hidden");
        }
        check(b"").expect("the decoder's business");
        check(b"ORC").expect("the decoder's business");
    }
}
