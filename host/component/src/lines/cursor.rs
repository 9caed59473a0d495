//! Reading bytes that may be cut off or made up: past the end there is `None`.

/// What is left of some bytes.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor(bytes)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The rest of it.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A number of at most eight bytes, the lowest first.
    pub(super) fn number(&mut self, length: u64) -> Option<u64> {
        let bytes = self.bytes(length)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    /// A number in LEB128. What is beyond 64 bits is dropped.
    pub(super) fn unsigned(&mut self) -> Option<u64> {
        self.leb().map(|(number, _)| number)
    }

    /// A signed number in LEB128.
    pub(super) fn signed(&mut self) -> Option<i64> {
        let (number, bits) = self.leb()?;
        let unused = 64u32.saturating_sub(bits);
        Some((number << (unused % 64)).cast_signed() >> (unused % 64))
    }

    /// Text up to a zero, which is taken too.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let text = &self.0[..length];
        self.0 = &self.0[length + 1..];
        Some(text)
    }

    /// A number and how many bits were given of it.
    fn leb(&mut self) -> Option<(u64, u32)> {
        let (mut number, mut bits) = (0u64, 0u32);
        loop {
            let byte = self.byte()?;
            if bits < 64 {
                number |= u64::from(byte & 0x7f) << bits;
            }
            bits = bits.saturating_add(7);
            if byte < 0x80 {
                return Some((number, bits));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        let mut cursor = Cursor::new(&[0xe5, 0x8e, 0x26, 0x7f, 0x80, 0x7f, 2, 1]);
        assert_eq!(cursor.unsigned(), Some(624_485));
        assert_eq!(cursor.signed(), Some(-1));
        assert_eq!(cursor.signed(), Some(-128));
        assert_eq!(cursor.number(2), Some(0x102));
        assert_eq!((cursor.byte(), cursor.number(1), cursor.unsigned()), (None, None, None));
        // More bytes than a number has bits.
        assert_eq!(
            Cursor::new(&[[0xff; 20].as_slice(), &[0x7f]].concat()).signed(),
            Some(-1)
        );
        assert_eq!(Cursor::new(&[0x80; 9]).unsigned(), None);
    }

    #[test]
    fn texts_end_with_a_zero() {
        let mut cursor = Cursor::new(b"a\0\0b");
        assert_eq!((cursor.text(), cursor.text()), (Some(&b"a"[..]), Some(&b""[..])));
        assert_eq!(cursor.text(), None);
        assert_eq!(cursor.rest(), b"b");
    }
}
