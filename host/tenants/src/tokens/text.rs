//! What a token looks like.

use std::fmt;

use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::Error;

/// What all tokens begin with, so that whoever scans for leaked secrets finds them.
pub const PREFIX: &str = "tnn_";
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 256 bits, 5 to a digit.
const RANDOM: usize = 52;
const CHECK: usize = 6;

/// A token: `tnn_`, 52 digits of base 32 by chance, and 6 that check them. It is shown to nobody but who asked for it:
/// the database holds its hash alone.
#[derive(Clone)]
pub struct TokenText(Zeroizing<String>);

impl TokenText {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::Crypto`] where the system gives no random bytes.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        let doing = "making a random token";
        SystemRandom::new()
            .fill(&mut *bytes)
            .map_err(|_| Error::Crypto { doing })?;
        let random = Zeroizing::new(digits(&*bytes, RANDOM));
        Ok(Self(Zeroizing::new(format!("{PREFIX}{}{}", *random, check(&random)))))
    }

    /// Checks that a text can be a token at all, without the database: a slip of the hand is found here.
    ///
    /// # Errors
    /// [`Error::BadToken`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let body = text.strip_prefix(PREFIX).filter(|body| body.len() == RANDOM + CHECK);
        let body = body.filter(|body| body.bytes().all(|digit| DIGITS.contains(&digit)));
        let (random, found) = body.ok_or(Error::BadToken)?.split_at(RANDOM);
        if check(random) != found {
            return Err(Error::BadToken);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The token, for the one who asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it. Plain SHA-256: whoever has the hash can't try out 2^256 tokens, as he could words that people
    /// choose, so neither a slow hash nor a key beside the database would make it any safer, and a key could be lost.
    pub(super) fn hash(&self) -> [u8; 32] {
        sha256(b"tenon token\0", &self.0)
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("tnn_***")
    }
}

fn check(random: &str) -> String {
    digits(&sha256(b"tenon token check\0", random), CHECK)
}

fn sha256(domain: &[u8], text: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(domain);
    context.update(text.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The first digits of bytes in base 32, with zeros after their end.
fn digits(bytes: &[u8], count: usize) -> String {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| (byte >> (7 - at % 8)) & 1);
    let digit = |at: usize| (0..5).fold(0, |digit, offset| digit << 1 | bit(at * 5 + offset));
    (0..count)
        .map(|at| char::from(DIGITS[usize::from(digit(at))]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_check_themselves() {
        let token = TokenText::generate().expect("random");
        let text = token.reveal();
        assert!(text.starts_with("tnn_") && text.len() == 62, "{text}");
        assert_eq!(TokenText::parse(text).expect("a token").hash(), token.hash());
        assert_eq!(format!("{token:?}"), "tnn_***");
        for at in 0..text.len() {
            let mut wrong = text.to_owned().into_bytes();
            wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
            let wrong = String::from_utf8(wrong).expect("ASCII");
            assert!(TokenText::parse(&wrong).is_err(), "{wrong}");
            assert!(TokenText::parse(&text[..at]).is_err());
        }
        for wrong in [
            "",
            "tnn_",
            &format!(" {text}"),
            &format!("{text} "),
            &text.to_uppercase(),
            &"ä".repeat(31),
        ] {
            assert!(TokenText::parse(wrong).is_err(), "{wrong}");
        }
        assert_ne!(TokenText::generate().expect("random").hash(), token.hash());
    }

    #[test]
    fn digits_are_those_of_base_32() {
        assert_eq!(digits(&[0xff; 5], 8), "zzzzzzzz");
        assert_eq!(digits(&[0b0000_1000, 0b1000_0110], 4), "1230");
    }
}
