//! Replaces the digits of a value by other digits: a keyed permutation of all digit strings of the same length.

use tenon::Result;

use crate::hash::Keyed;

/// As many as FF1 has.
const ROUNDS: u8 = 10;

/// A keyed permutation of digit strings.
pub struct Digits {
    key: Keyed,
}

impl Digits {
    /// Takes a key of any length, but not an empty one.
    pub fn new(key: &[u8]) -> Result<Self> {
        Keyed::new(key).map(|key| Self { key })
    }

    /// The value with other digits; all else stays where it is.
    pub fn mask(&self, value: &str) -> String {
        let mut digits: Vec<u8> = value
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|digit| digit - b'0')
            .collect();
        match digits.len() {
            0 => return value.to_owned(),
            1 => digits[0] = self.shuffled()[usize::from(digits[0])],
            _ => self.permute(&mut digits),
        }
        let mut digits = digits.into_iter();
        let replace = |letter: char| match letter {
            '0'..='9' => digits.next().map_or(letter, |digit| char::from(b'0' + digit)),
            _ => letter,
        };
        value.chars().map(replace).collect()
    }

    /// A Feistel network: each round adds, digit by digit, a keyed function of one half to the other. Adding can be
    /// undone, so different digit strings stay different.
    fn permute(&self, digits: &mut [u8]) {
        let middle = digits.len() / 2;
        let (left, right) = digits.split_at_mut(middle);
        for round in 0..ROUNDS {
            let (changed, by): (&mut [u8], &[u8]) = if round % 2 == 0 { (left, right) } else { (right, left) };
            self.add(round, changed, by);
        }
    }

    fn add(&self, round: u8, changed: &mut [u8], by: &[u8]) {
        let length = (changed.len() as u64).to_le_bytes();
        // Two bytes make one digit; the bias of 65,536 modulo 10 is below one in ten thousand.
        for (block, sixteen) in changed.chunks_mut(16).enumerate() {
            let code = self
                .key
                .code(&[b"digits", &[round], &length, &(block as u64).to_le_bytes(), by]);
            for (digit, bytes) in sixteen.iter_mut().zip(code.chunks_exact(2)) {
                let number = u16::from_le_bytes([bytes[0], bytes[1]]);
                *digit = ((u16::from(*digit) + number % 10) % 10) as u8;
            }
        }
    }

    /// The ten digits in a keyed order, for values of one digit, which have no halves.
    fn shuffled(&self) -> [u8; 10] {
        let code = self.key.code(&[b"digit"]);
        let mut digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        for last in (1..10).rev() {
            let number = u16::from_le_bytes([code[2 * last], code[2 * last + 1]]);
            digits.swap(last, usize::from(number) % (last + 1));
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_digits_stay_different() {
        let digits = Digits::new(b"key").unwrap();
        for length in 1..=4 {
            let all = 10_usize.pow(length as u32);
            let masked: BTreeSet<String> = (0..all)
                .map(|number| digits.mask(&format!("{number:0length$}")))
                .collect();
            assert_eq!(masked.len(), all);
            assert!(masked.iter().all(|text| text.len() == length));
        }
    }

    #[test]
    fn the_key_and_every_digit_matter() {
        let one = Digits::new(b"one").unwrap();
        let card = one.mask("4111 1111 1111 1111");
        assert_eq!(card, one.mask("4111 1111 1111 1111"));
        assert_ne!(card, Digits::new(b"two").unwrap().mask("4111 1111 1111 1111"));
        let other = one.mask("4111 1111 1111 1112");
        let same = card
            .bytes()
            .zip(other.bytes())
            .filter(|(a, b)| a == b && a.is_ascii_digit())
            .count();
        assert!(same < 8, "{card} {other}");
        assert_eq!(one.mask("no digits"), "no digits");
        assert_eq!(one.mask(&"7".repeat(100)).len(), 100);
    }
}
