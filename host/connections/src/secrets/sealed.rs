//! The format of the encrypted store.
//!
//! | bytes | what |
//! |---|---|
//! | 14 | `TENON SECRETS` and a line feed |
//! | 1 | the version, 1 |
//! | 8 | which key: the beginning of an HMAC-SHA-256 by the key |
//! | 12 | the nonce, by chance, another one for every write |
//! | 8 | the number of bytes that follow, big-endian |
//! | that many | what is stored, encrypted by ChaCha20-Poly1305, with its tag of 16 bytes |
//!
//! All that comes before the encrypted part is authenticated with it.

use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::key::Key;
use crate::Error;

const MAGIC: &[u8; 14] = b"TENON SECRETS\n";
const VERSION: u8 = 1;
const ID: usize = MAGIC.len() + 1;
const NONCE: usize = ID + 8;
const LENGTH: usize = NONCE + NONCE_LEN;
const HEADER: usize = LENGTH + 8;
const TAG: usize = 16;

/// Encrypts. `path` is for messages.
pub(super) fn seal(plain: &[u8], key: &Key, path: &Path) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| Error::NoRandom)?;
    let mut sealed = Vec::with_capacity(HEADER + plain.len() + TAG);
    sealed.extend_from_slice(MAGIC);
    sealed.push(VERSION);
    sealed.extend_from_slice(&key.id());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&((plain.len() + TAG) as u64).to_be_bytes());
    sealed.extend_from_slice(plain);
    let (header, body) = sealed.split_at_mut(HEADER);
    let too_long = || Error::TooLong {
        path: path.to_owned(),
        limit: plain.len() as u64,
    };
    let tag = cipher(key)
        .and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_separate_tag(nonce, Aad::from(&*header), body).ok()
        })
        .ok_or_else(too_long)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// A store as it was read, of which it is known with which key it can be opened.
pub(super) struct Sealed<'a> {
    bytes: Zeroizing<Vec<u8>>,
    path: &'a Path,
}

impl<'a> Sealed<'a> {
    /// Checks all that can be checked without a key.
    pub fn new(bytes: Zeroizing<Vec<u8>>, path: &'a Path) -> Result<Self, Error> {
        let cut = |expected: u64| Error::CutShort {
            path: path.to_owned(),
            found: bytes.len() as u64,
            expected,
        };
        let magic = &bytes[..MAGIC.len().min(bytes.len())];
        if !MAGIC.starts_with(magic) {
            return Err(Error::NotAStore { path: path.to_owned() });
        }
        if let Some(version) = bytes.get(MAGIC.len()).copied().filter(|version| *version != VERSION) {
            let path = path.to_owned();
            return Err(Error::NewerStore { path, version });
        }
        let smallest = HEADER + TAG;
        let Some(length) = bytes.get(LENGTH..HEADER) else {
            return Err(cut(smallest as u64));
        };
        let length = length.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
        let expected = length.saturating_add(HEADER as u64);
        if (bytes.len() as u64) < expected.max(smallest as u64) {
            return Err(cut(expected.max(smallest as u64)));
        }
        if bytes.len() as u64 > expected {
            return Err(Error::Tampered { path: path.to_owned() });
        }
        Ok(Self { bytes, path })
    }

    /// Whether it was made with this key.
    pub fn is_of(&self, key: &Key) -> bool {
        self.bytes[ID..NONCE] == key.id()
    }

    /// Decrypts.
    pub fn open(mut self, key: &Key) -> Result<Zeroizing<Vec<u8>>, Error> {
        let tampered = || Error::Tampered {
            path: self.path.to_owned(),
        };
        let (header, body) = self.bytes.split_at_mut(HEADER);
        let nonce = Nonce::try_assume_unique_for_key(&header[NONCE..LENGTH]).map_err(|_| tampered())?;
        let cipher = cipher(key).ok_or_else(tampered)?;
        let plain = cipher
            .open_in_place(nonce, Aad::from(&*header), body)
            .map_err(|_| tampered())?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

/// None only if the key had another length than the cipher's keys have.
fn cipher(key: &Key) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.bytes()).ok()?;
    Some(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(plain: &[u8], key: &Key) -> Vec<u8> {
        super::seal(plain, key, Path::new("secrets.enc")).expect("sealed")
    }

    fn open(bytes: Vec<u8>, key: &Key) -> Result<Zeroizing<Vec<u8>>, Error> {
        let path = Path::new("secrets.enc");
        let sealed = Sealed::new(Zeroizing::new(bytes), path)?;
        if !sealed.is_of(key) {
            return Err(Error::WrongKey {
                path: path.to_owned(),
                key: "k".to_owned(),
            });
        }
        sealed.open(key)
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_its_key_alone() {
        let key = Key::generate().expect("random");
        let sealed = seal(b"hunter2", &key);
        assert_eq!(open(sealed.clone(), &key).expect("opened").as_slice(), b"hunter2");
        assert_eq!(open(seal(b"", &key), &key).expect("opened").as_slice(), b"");
        assert!(!sealed.windows(4).any(|window| window == b"hunt"));
        let other = Key::generate().expect("random");
        assert!(matches!(open(sealed.clone(), &other), Err(Error::WrongKey { .. })));
        assert_ne!(sealed, seal(b"hunter2", &key), "every write has a nonce of its own");
    }

    #[test]
    fn no_byte_can_be_changed_and_none_taken_away_or_added() {
        let key = Key::generate().expect("random");
        let sealed = seal(b"hunter2", &key);
        for at in 0..sealed.len() {
            for flip in [1, 0x80, 0xff] {
                let mut changed = sealed.clone();
                changed[at] ^= flip;
                let error = open(changed, &key).expect_err("changed");
                let fits = match at {
                    0..14 => matches!(error, Error::NotAStore { .. }),
                    14 => matches!(error, Error::NewerStore { .. }),
                    15..23 => matches!(error, Error::WrongKey { .. }),
                    35..43 => matches!(error, Error::CutShort { .. } | Error::Tampered { .. }),
                    _ => matches!(error, Error::Tampered { .. }),
                };
                assert!(fits, "byte {at}: {error}");
            }
            let error = open(sealed[..at].to_vec(), &key).expect_err("cut");
            assert!(matches!(error, Error::CutShort { .. }), "{at} bytes: {error}");
        }
        let longer = [sealed.as_slice(), b"x"].concat();
        assert!(matches!(open(longer, &key), Err(Error::Tampered { .. })));
    }
}
