//! Prefixes of storage.

use super::place::{self, Object, Place};

/// What is at a URL and below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// Everything.
    All,
    /// Objects.
    Objects(Object),
    /// Local files below a folder.
    Folder(String),
}

impl Prefix {
    /// Reads one: `s3://bucket/folder/`, `https://host/folder/`, `file:///folder/`, `/folder/`, `*`.
    pub fn new(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::All);
        }
        if text.contains(['*', '{', '[', '?', '#']) {
            return Err("a prefix is no pattern; write the folder alone, or `*` for everything".to_owned());
        }
        match place::parse(text)? {
            Place::Files(mut paths) if paths.len() == 1 => Ok(Self::Folder(paths.swap_remove(0))),
            Place::Files(_) => Err("write the folder as it is, without `%`".to_owned()),
            // A user would do nothing here, and might be a password.
            Place::Web { .. } if text.contains('@') => Err("a prefix has no user".to_owned()),
            Place::Object(object) | Place::Web { object, .. } => Ok(Self::Objects(object)),
            Place::Hosts(_) | Place::Native => {
                Err("it is no URL of storage; databases are allowed by `hosts`".to_owned())
            }
        }
    }

    pub fn covers(&self, object: &Object) -> bool {
        match self {
            Self::All => true,
            Self::Objects(prefix) => {
                prefix.scheme == object.scheme
                    && prefix.bucket == object.bucket
                    && object.parts.starts_with(&prefix.parts)
            }
            Self::Folder(_) => false,
        }
    }

    pub fn as_folder(&self) -> Option<&str> {
        match self {
            Self::Folder(folder) => Some(folder),
            _ => None,
        }
    }
}
