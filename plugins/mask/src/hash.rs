//! SHA-256 and HMAC-SHA256 in hexadecimal.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tenon::{AnyColumn, Batch, Error, ErrorKind, Result, Utf8};

/// SHA-256 of a column: computed by the host, so that no byte of it crosses; here where there is no such host, as in unit
/// tests.
pub fn plain(batch: &Batch, name: &str) -> Result<AnyColumn> {
    match batch.eval(&format!("encode(sha256({}), 'hex')", tenon::quote(name))) {
        Ok(hashes) => Ok(hashes.into()),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let hash = |value: &str| hexadecimal(&Sha256::digest(value));
            Ok(batch
                .strings(name)?
                .iter()
                .map(|value| value.map(hash))
                .collect::<Utf8>()
                .into())
        }
        Err(error) => Err(error),
    }
}

/// HMAC-SHA256 under one key.
pub struct Keyed(Hmac<Sha256>);

impl Keyed {
    /// Takes a key of any length, but not an empty one.
    pub fn new(key: &[u8]) -> Result<Self> {
        if key.is_empty() {
            return Err(Error::bad_config("the secret with the key is empty"));
        }
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| Error::bad_config("the key can't be used"))
    }

    /// The code of a value in hexadecimal.
    pub fn hash(&self, value: &str) -> String {
        hexadecimal(&self.code(&[value.as_bytes()]))
    }

    /// The code of several parts, one after the other.
    pub fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_rfc_4231() {
        let hash = Keyed::new(b"Jefe").unwrap().hash("what do ya want for nothing?");
        assert_eq!(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(Keyed::new(b"").is_err());
    }
}
