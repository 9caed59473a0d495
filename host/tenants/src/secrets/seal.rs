//! A secret as the database has it: 1 byte of version, 12 of nonce, and what AES-256-GCM makes of the value, with its
//! tag of 16 bytes. Tenant, name, version and grants are authenticated with it, so that a row that was copied elsewhere, or
//! granted to more jobs than it was, does not decrypt.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use tenon_metadata::Name;
use zeroize::Zeroizing;

use super::key::{Key, KeyRing};
use super::value::SecretValue;
use crate::Error;

const VERSION: u8 = 1;
const HEADER: usize = 1 + NONCE_LEN;

/// Whose secret, and which of its versions.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub tenant: &'a Name,
    pub name: &'a Name,
    pub version: i64,
    /// The jobs that may use it, as the database has them.
    pub jobs: Option<&'a str>,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"tenon secret\0".to_vec();
        for text in [Some(self.tenant.as_str()), Some(self.name.as_str()), self.jobs] {
            // No text is so long.
            bytes.extend(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            bytes.extend(text.unwrap_or("").as_bytes());
        }
        bytes.extend(self.version.to_be_bytes());
        bytes
    }
}

/// Encrypts by the present key. Answers with its id too.
pub(super) fn seal(keys: &KeyRing, place: Place<'_>, value: &SecretValue) -> Result<(String, Vec<u8>), Error> {
    let failed = || Error::Crypto {
        doing: "encrypting a secret",
    };
    let key = keys.current().ok_or_else(failed)?;
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| failed())?;
    let mut body = Zeroizing::new(Vec::with_capacity(value.reveal().len() + AES_256_GCM.tag_len()));
    body.extend_from_slice(value.reveal().as_bytes());
    let cipher = cipher(key).ok_or_else(failed)?;
    cipher
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.bytes()),
            &mut *body,
        )
        .map_err(|_| failed())?;
    let mut sealed = vec![VERSION];
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&body);
    Ok((key.id.clone(), sealed))
}

/// Decrypts.
pub(super) fn open(keys: &KeyRing, key_id: &str, place: Place<'_>, sealed: &[u8]) -> Result<SecretValue, Error> {
    let (tenant, name) = (place.tenant.to_string(), place.name.to_string());
    let Some(key) = keys.find(key_id) else {
        // What the database says may be anything.
        let key_id = key_id.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        return Err(Error::NoKey { tenant, name, key_id });
    };
    let tampered = || Error::Tampered {
        tenant: tenant.clone(),
        name: name.clone(),
    };
    if sealed.len() < HEADER || sealed[0] != VERSION {
        return Err(tampered());
    }
    let nonce = Nonce::try_assume_unique_for_key(&sealed[1..HEADER]).map_err(|_| tampered())?;
    let mut body = Zeroizing::new(sealed[HEADER..].to_vec());
    let cipher = cipher(key).ok_or_else(tampered)?;
    let plain = cipher
        .open_in_place(nonce, Aad::from(place.bytes()), &mut body)
        .map_err(|_| tampered())?;
    let text = std::str::from_utf8(plain).map_err(|_| tampered())?;
    Ok(SecretValue::new(text))
}

fn cipher(key: &Key) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.bytes()).ok().map(LessSafeKey::new)
}
