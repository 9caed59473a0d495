//! The server's keys, which are not in the database.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::Error;

/// The variable with the keys.
pub const KEY_VARIABLE: &str = "TENON_SERVER_KEY";
/// The variable with the path of the file with the keys.
pub const KEY_FILE_VARIABLE: &str = "TENON_SERVER_KEY_FILE";

const LENGTH: usize = 32;
const LONGEST_FILE: u64 = 4096;

/// A key that secrets are encrypted by. It is never shown, and wiped from memory when it is no longer used.
#[derive(Clone)]
pub(super) struct Key {
    bytes: Zeroizing<[u8; LENGTH]>,
    /// Tells keys apart, and nothing else about them.
    pub id: String,
}

impl Key {
    fn new(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*bytes), b"tenon server: which key");
        let id = hex::encode(&tag.as_ref()[..8]);
        Self { bytes, id }
    }

    fn parse(text: &str) -> Option<Self> {
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let mut engines = [STANDARD, URL_SAFE]
            .iter()
            .map(|alphabet| GeneralPurpose::new(alphabet, config));
        let decoded = Zeroizing::new(engines.find_map(|engine| engine.decode(text).ok())?);
        let mut bytes = Zeroizing::new([0; LENGTH]);
        if decoded.len() != LENGTH || decoded.iter().all(|byte| *byte == decoded[0]) {
            return None;
        }
        bytes.copy_from_slice(&decoded);
        Some(Self::new(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &*self.bytes
    }
}

/// The server's keys: the first encrypts, and the others are for what was encrypted before it took their place.
#[derive(Clone)]
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// Reads keys, each 32 bytes in base64, separated by spaces, commas or ends of lines; the first is the present one.
    /// `origin` is for messages, which do not show the text.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let texts = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|text| !text.is_empty());
        let keys: Option<Vec<Key>> = texts.map(Key::parse).collect();
        match keys {
            Some(keys) if !keys.is_empty() => Ok(Self(keys)),
            _ => Err(bad(
                origin,
                "expected 32 random bytes in base64, as `openssl rand -base64 32` prints them",
            )),
        }
    }

    /// Reads keys from a file, which nobody but its owner may read.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn of_file(path: &Path) -> Result<Self, Error> {
        let origin = path.display().to_string();
        let failed = |error: std::io::Error| bad(&origin, error.to_string());
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(bad(&origin, "it is no file"));
        }
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777;
            if mode & 0o077 != 0 {
                let reason = format!("others than its owner may use it (mode {mode:o}); run `chmod 600` on it");
                return Err(bad(&origin, reason));
            }
        }
        let mut text = Zeroizing::new(String::new());
        file.take(LONGEST_FILE).read_to_string(&mut text).map_err(failed)?;
        Self::parse(&text, &origin)
    }

    /// Reads keys from [`KEY_VARIABLE`], or else from the file that [`KEY_FILE_VARIABLE`] names; none if neither is set.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        let filled = |name: &str| {
            variable(name)
                .filter(|text| !text.trim().is_empty())
                .map(Zeroizing::new)
        };
        if let Some(text) = filled(KEY_VARIABLE) {
            return Self::parse(&text, KEY_VARIABLE).map(Some);
        }
        filled(KEY_FILE_VARIABLE)
            .map(|path| Self::of_file(Path::new(path.trim())))
            .transpose()
    }

    /// A new key as a text, by chance.
    ///
    /// # Errors
    /// [`Error::Crypto`] where the system gives no random bytes.
    pub fn generate() -> Result<Zeroizing<String>, Error> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let doing = "making a random key";
        SystemRandom::new()
            .fill(&mut *bytes)
            .map_err(|_| Error::Crypto { doing })?;
        Ok(Zeroizing::new(
            base64::engine::general_purpose::STANDARD.encode(bytes.as_slice()),
        ))
    }

    /// Which key encrypts: 16 digits that say nothing else about it.
    pub fn current_id(&self) -> &str {
        self.0.first().map_or("", |key| &key.id)
    }

    /// Which keys there are, the one that encrypts first, as [`current_id`](Self::current_id) tells them.
    pub fn ids(&self) -> Vec<&str> {
        self.0.iter().map(|key| key.id.as_str()).collect()
    }

    pub(super) fn current(&self) -> Option<&Key> {
        self.0.first()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.iter().map(|key| &key.id);
        formatter.debug_list().entries(ids).finish()
    }
}

fn bad(origin: &str, reason: impl Into<String>) -> Error {
    Error::Key {
        origin: origin.to_owned(),
        reason: reason.into(),
    }
}
