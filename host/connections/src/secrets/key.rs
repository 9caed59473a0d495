//! The key of the encrypted store, and where it comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, Zeroizing};

use crate::private_file::{self, Access};
use crate::{Environment, Error, Places};

pub(super) const VARIABLE: &str = "TENON_SECRET_KEY";
const FILE_VARIABLE: &str = "TENON_SECRET_KEY_FILE";
pub(super) const NEW_VARIABLE: &str = "TENON_NEW_SECRET_KEY";
const LONGEST_FILE: u64 = 4096;

/// A key of the encrypted store. It is never shown, and wiped from memory when it is no longer used.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; Self::LENGTH]>);

impl Key {
    pub(super) const LENGTH: usize = 32;

    /// A new one, by chance.
    ///
    /// # Errors
    /// [`Error::NoRandom`] where the system gives no random bytes.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        SystemRandom::new().fill(&mut *bytes).map_err(|_| Error::NoRandom)?;
        Ok(Self(bytes))
    }

    /// Reads one: 32 bytes in base64, with either alphabet, or in hexadecimal. `origin` is for messages.
    ///
    /// # Errors
    /// [`Error::BadKey`], which does not hold the text.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = text.trim();
        let decoded = hex::decode(text).ok().or_else(|| {
            let alphabets = [STANDARD, URL_SAFE];
            let mut engines = alphabets.iter().map(|alphabet| GeneralPurpose::new(alphabet, config));
            engines.find_map(|engine| engine.decode(text).ok())
        });
        let bad = || Error::BadKey {
            origin: origin.to_owned(),
        };
        let decoded = Zeroizing::new(decoded.ok_or_else(bad)?);
        let mut bytes = Zeroizing::new([0; Self::LENGTH]);
        if decoded.len() != Self::LENGTH {
            return Err(bad());
        }
        bytes.copy_from_slice(&decoded);
        Ok(Self(bytes))
    }

    /// The key in the variable `TENON_NEW_SECRET_KEY`, if it is set: for [`rekey`](crate::SecretStore::rekey).
    ///
    /// # Errors
    /// [`Error::BadKey`].
    pub fn new_one_of(environment: &Environment) -> Result<Option<Self>, Error> {
        Self::of_variable(environment, NEW_VARIABLE)
    }

    fn of_variable(environment: &Environment, variable: &str) -> Result<Option<Self>, Error> {
        let text = environment.filled(variable).map(Zeroizing::new);
        text.map(|text| Self::parse(&text, variable)).transpose()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// Tells keys apart, and nothing else about them.
    pub(super) fn id(&self) -> [u8; 8] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.bytes()), b"tenon: which key");
        let mut id = [0; 8];
        id.copy_from_slice(&tag.as_ref()[..8]);
        id
    }

    fn written(&self) -> Zeroizing<String> {
        let mut text = hex::encode(self.bytes());
        let mut line = Zeroizing::new(String::with_capacity(text.len() + 1));
        line.push_str(&text);
        line.push('\n');
        text.zeroize();
        line
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Where the key is.
#[derive(Debug, Clone)]
pub(super) enum KeyPlace {
    /// In the variable `TENON_SECRET_KEY`.
    Variable(Environment),
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// Whether somebody has named it. Only our own is made when it is not there.
        is_named: bool,
    },
}

impl KeyPlace {
    pub fn of(places: &Places) -> Self {
        let environment = places.environment();
        if environment.filled(VARIABLE).is_some() {
            return Self::Variable(environment.clone());
        }
        let named = environment.path(FILE_VARIABLE);
        Self::File {
            is_named: named.is_some(),
            path: named.unwrap_or_else(|| places.key().to_owned()),
        }
    }

    /// For messages.
    pub fn name(&self) -> String {
        match self {
            Self::Variable(_) => VARIABLE.to_owned(),
            Self::File { path, .. } => path.display().to_string(),
        }
    }

    /// The key, and the one that was to follow it if a change of keys has been interrupted.
    pub fn keys(&self) -> Result<[Option<Key>; 2], Error> {
        match self {
            Self::Variable(environment) => Ok([Key::of_variable(environment, VARIABLE)?, None]),
            Self::File { path, .. } => Ok([read(path)?, read(&next(path))?]),
        }
    }

    /// The key to begin a store with: ours is made if it is not there.
    pub fn first(&self) -> Result<Key, Error> {
        let [key, _] = self.keys()?;
        match (key, self) {
            (Some(key), _) => Ok(key),
            (None, Self::File { path, is_named: false }) => {
                let key = Key::generate()?;
                write(path, &key)?;
                Ok(key)
            }
            (None, Self::File { path, is_named: true }) => Err(Error::NoKeyFile { path: path.clone() }),
            (None, Self::Variable(_)) => Err(Error::BadKey { origin: self.name() }),
        }
    }

    /// Lays a key down beside the present one, which it is to follow.
    pub fn lay_next(&self, key: &Key) -> Result<(), Error> {
        match self {
            Self::Variable(_) => Err(Error::KeyIsGiven),
            Self::File { path, .. } => write(&next(path), key),
        }
    }

    /// Lets the key that was laid down take the place of the present one.
    pub fn take_next(&self) -> Result<(), Error> {
        match self {
            Self::Variable(_) => Ok(()),
            Self::File { path, .. } => private_file::rename(&next(path), path),
        }
    }

    /// Removes a key that was laid down, if there is one.
    pub fn drop_next(&self) {
        if let Self::File { path, .. } = self {
            std::fs::remove_file(next(path)).ok();
        }
    }
}

fn next(path: &Path) -> PathBuf {
    private_file::beside(path, ".next")
}

fn read(path: &Path) -> Result<Option<Key>, Error> {
    let text = private_file::read_text(path, LONGEST_FILE, |metadata| {
        private_file::check_closed(path, metadata)
    })?;
    text.map(|text| Key::parse(&text, &path.display().to_string()))
        .transpose()
}

fn write(path: &Path, key: &Key) -> Result<(), Error> {
    private_file::make_folder_of(path)?;
    private_file::replace(path, key.written().as_bytes(), Access::Owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_base64_and_hexadecimal() {
        let hexadecimal = "ff".repeat(32);
        let key = Key::parse(&hexadecimal, "x").expect("a key");
        for text in [
            "//////////////////////////////////////////8=",
            "//////////////////////////////////////////8\n",
            "__________________________________________8=",
            &hexadecimal.to_uppercase(),
        ] {
            assert_eq!(Key::parse(text, "x").expect(text), key);
        }
        for text in ["", "hunter2", &"ff".repeat(31), &"ff".repeat(33), &"g".repeat(64)] {
            let error = Key::parse(text, "TENON_SECRET_KEY").expect_err(text).to_string();
            assert!(error.starts_with("TENON_SECRET_KEY does not hold a key") && !error.contains("hunter2"));
        }
        assert_eq!(format!("{key:?}"), "***");
        assert_eq!(Key::parse(&key.written(), "x").expect("a key"), key);
        assert_ne!(Key::generate().expect("random").id(), key.id());
    }
}
