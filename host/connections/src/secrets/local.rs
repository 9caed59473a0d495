//! The encrypted store.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_database::Secret;
use zeroize::{Zeroize, Zeroizing};

use super::Rekeyed;
use super::key::{Key, KeyPlace};
use super::sealed::{self, Sealed};
use crate::private_file::{self, Access, Lock};
use crate::{Error, Places, name};

/// Bytes of the whole store.
const LONGEST: u64 = 16 << 20;

/// A key may be changed between reading the store and reading the key.
const ATTEMPTS: usize = 5;

/// The encrypted store of this user.
#[derive(Debug, Clone)]
pub(super) struct LocalStore {
    path: PathBuf,
    keys: KeyPlace,
}

/// What is encrypted.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    secrets: Vec<StoredSecret>,
}

/// A secret in the store. It has no `Debug`, for it would be shown.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSecret {
    name: String,
    value: String,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
}

impl Drop for StoredSecret {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// What may be known of a stored secret.
#[derive(Debug)]
pub(super) struct Listed {
    pub name: String,
    pub created: DateTime<Utc>,
    pub changed: DateTime<Utc>,
}

impl Contents {
    fn find(&self, name: &str) -> Option<&StoredSecret> {
        self.secrets.iter().find(|secret| name::same_secret(&secret.name, name))
    }
}

impl LocalStore {
    pub fn new(places: &Places) -> Self {
        Self {
            path: places.secrets(),
            keys: KeyPlace::of(places),
        }
    }

    pub fn path(&self) -> &PathBuf {
        &self.path
    }

    pub fn find(&self, name: &str) -> Result<Option<Secret>, Error> {
        let contents = self.read()?;
        Ok(contents.and_then(|(contents, _)| Some(Secret::new(contents.find(name)?.value.as_str()))))
    }

    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let contents = self.read()?.map(|(contents, _)| contents).unwrap_or_default();
        let listed = contents.secrets.iter().map(|secret| Listed {
            name: secret.name.clone(),
            created: secret.created,
            changed: secret.changed,
        });
        Ok(listed.collect())
    }

    /// Stores a secret, and tells whether there was one of that name, which keeps its spelling.
    pub fn set(&self, name: &str, value: &Secret, only_new: bool) -> Result<SetOutcome, Error> {
        self.change(|contents| {
            let now = Utc::now();
            let same = |secret: &&mut StoredSecret| name::same_secret(&secret.name, name);
            if let Some(secret) = contents.secrets.iter_mut().find(same) {
                if secret.value == value.reveal() {
                    return (SetOutcome::Same, false);
                }
                if only_new {
                    return (SetOutcome::Taken, false);
                }
                secret.value.zeroize();
                value.reveal().clone_into(&mut secret.value);
                secret.changed = now;
                return (SetOutcome::Replaced, true);
            }
            contents.secrets.push(StoredSecret {
                name: name.to_owned(),
                value: value.reveal().to_owned(),
                created: now,
                changed: now,
            });
            contents.secrets.sort_by(|one, two| one.name.cmp(&two.name));
            (SetOutcome::New, true)
        })
    }

    /// Removes a secret, and tells whether there was one.
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        if !self.path.exists() {
            return Ok(false);
        }
        self.change(|contents| {
            let before = contents.secrets.len();
            contents.secrets.retain(|secret| !name::same_secret(&secret.name, name));
            let removed = contents.secrets.len() < before;
            (removed, removed)
        })
    }

    /// Encrypts the store with another key. Wherever this is interrupted, the store and a key that opens it are there: the
    /// new key is laid down beside the old one, the store is replaced, and the new key takes the place of the old one.
    pub fn rekey(&self, given: Option<Key>) -> Result<Rekeyed, Error> {
        let _lock = Lock::take(&self.path)?;
        let no_store = || Error::NoStore {
            path: self.path.clone(),
        };
        let (contents, _) = self.settle()?.ok_or_else(no_store)?;
        let secrets = contents.secrets.len();
        if let Some(key) = given {
            self.write(&contents, &key)?;
            return Ok(Rekeyed {
                secrets,
                key_file: None,
            });
        }
        let KeyPlace::File { path, .. } = &self.keys else {
            return Err(Error::KeyIsGiven);
        };
        let key = Key::generate()?;
        self.keys.lay_next(&key)?;
        self.write(&contents, &key)?;
        self.keys.take_next()?;
        Ok(Rekeyed {
            secrets,
            key_file: Some(path.clone()),
        })
    }

    /// Changes the contents, and writes them if they have changed.
    fn change<T>(&self, change: impl FnOnce(&mut Contents) -> (T, bool)) -> Result<T, Error> {
        let _lock = Lock::take(&self.path)?;
        let (mut contents, key) = match self.settle()? {
            Some(settled) => settled,
            None => (Contents::default(), self.keys.first()?),
        };
        let (answer, has_changed) = change(&mut contents);
        if has_changed {
            self.write(&contents, &key)?;
        }
        Ok(answer)
    }

    /// Reads the store and ends a change of keys that has been interrupted. The lock has to be held.
    fn settle(&self) -> Result<Option<(Contents, Key)>, Error> {
        let Some((contents, key)) = self.read()? else {
            return Ok(None);
        };
        let [present, next] = self.keys.keys()?;
        if next.as_ref() == Some(&key) && present.as_ref() != Some(&key) {
            self.keys.take_next()?;
        } else if next.is_some() {
            self.keys.drop_next();
        }
        Ok(Some((contents, key)))
    }

    fn read(&self) -> Result<Option<(Contents, Key)>, Error> {
        for _ in 1..ATTEMPTS {
            match self.attempt() {
                Err(Error::WrongKey { .. } | Error::NoKey { .. }) => {}
                settled => return settled,
            }
        }
        self.attempt()
    }

    fn attempt(&self) -> Result<Option<(Contents, Key)>, Error> {
        // Whoever can read it learns nothing, and what others write is found out: synchronised folders may open it.
        let Some(bytes) = private_file::read(&self.path, LONGEST, |_| Ok(()))? else {
            return Ok(None);
        };
        let sealed = Sealed::new(bytes, &self.path)?;
        let keys = self.keys.keys()?;
        if let (KeyPlace::File { path, .. }, [None, None]) = (&self.keys, &keys) {
            return Err(Error::NoKey {
                store: self.path.clone(),
                key: path.clone(),
            });
        }
        let wrong_key = || Error::WrongKey {
            path: self.path.clone(),
            key: self.keys.name(),
        };
        let key = keys
            .into_iter()
            .flatten()
            .find(|key| sealed.is_of(key))
            .ok_or_else(wrong_key)?;
        let plain = sealed.open(&key)?;
        // What was authenticated is what was written, unless by a program that is not this one.
        let tampered = |_| Error::Tampered {
            path: self.path.clone(),
        };
        Ok(Some((serde_json::from_slice(&plain).map_err(tampered)?, key)))
    }

    fn write(&self, contents: &Contents, key: &Key) -> Result<(), Error> {
        // Room for all of it, as far as can be foreseen: growing would leave copies behind.
        let lengths = contents
            .secrets
            .iter()
            .map(|secret| secret.name.len() + 2 * secret.value.len() + 150);
        let mut plain = Zeroizing::new(Vec::with_capacity(lengths.sum::<usize>() + 50));
        let too_long = || Error::TooLong {
            path: self.path.clone(),
            limit: LONGEST,
        };
        serde_json::to_writer(&mut *plain, contents).map_err(|_| too_long())?;
        let sealed = sealed::seal(&plain, key, &self.path)?;
        if sealed.len() as u64 > LONGEST {
            return Err(too_long());
        }
        private_file::replace(&self.path, &sealed, Access::Owner)
    }
}

/// What became of a secret that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetOutcome {
    /// It was not there.
    New,
    /// It was there with another value.
    Replaced,
    /// It was there with this value.
    Same,
    /// It was there with another value, which was left.
    Taken,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;

    fn store(home: &std::path::Path) -> LocalStore {
        let home = home.display().to_string();
        let places = Places::new(Environment::of([("HOME", home.as_str())]), home.as_ref());
        LocalStore::new(&places.expect("a home"))
    }

    /// What a change of keys leaves that ends after so many steps.
    fn interrupted_rekey(store: &LocalStore, steps: usize) {
        let (contents, _) = store.read().expect("read").expect("there");
        let key = Key::generate().expect("random");
        store.keys.lay_next(&key).expect("laid down");
        if steps > 1 {
            store.write(&contents, &key).expect("written");
        }
    }

    #[test]
    fn a_change_of_keys_can_be_interrupted_anywhere() {
        for steps in [1, 2] {
            let home = tempfile::tempdir().expect("a folder");
            let store = store(home.path());
            store.set("a", &Secret::new("hunter2"), false).expect("stored");
            interrupted_rekey(&store, steps);
            let next = home.path().join(".local/state/tenon/secret.key.next");
            assert!(next.exists());
            assert_eq!(store.find("a").expect("read").expect("there").reveal(), "hunter2");
            store.set("b", &Secret::new("hunter3"), false).expect("stored");
            assert!(!next.exists(), "the next change ends it");
            assert_eq!(store.find("a").expect("read").expect("there").reveal(), "hunter2");
            assert_eq!(store.find("b").expect("read").expect("there").reveal(), "hunter3");
        }
    }
}
