//! How jobs name plugins.

use std::fmt;
use std::str::FromStr;

use tenon_metadata::Name;

use crate::{Digest, Error};

/// The alias that a name without one means.
pub const STABLE: &str = "stable";
/// The alias that follows the newest version that is ready.
pub const LATEST: &str = "latest";

/// A plugin as jobs name it: `clean`, which is `clean@stable`; `clean@latest`; `clean@3`; `clean@sha256:...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The plugin.
    pub plugin: Name,
    /// Which of its versions.
    pub which: Which,
}

/// Which version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that an alias points to.
    Alias(Name),
    /// One by its number, from 1.
    Version(i64),
    /// One by its bytes.
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::Reference {
            text: text.chars().take(300).collect(),
        };
        let (plugin, which) = text.split_once('@').unwrap_or((text, STABLE));
        let plugin = Name::new(plugin).map_err(|_| refused())?;
        let which = if which.starts_with("sha256:") {
            Which::Digest(which.parse()?)
        } else if which.starts_with(|first: char| first.is_ascii_digit()) {
            Which::Version(which.parse().map_err(|_| refused())?)
        } else {
            Which::Alias(Name::new(which).map_err(|_| refused())?)
        };
        Ok(Self { plugin, which })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = &self.plugin;
        match &self.which {
            Which::Alias(alias) => write!(formatter, "{plugin}@{alias}"),
            Which::Version(version) => write!(formatter, "{plugin}@{version}"),
            Which::Digest(digest) => write!(formatter, "{plugin}@sha256:{digest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        let digest = Digest::of(b"x");
        for (text, shown) in [
            ("clean", "clean@stable".to_owned()),
            ("clean@latest", "clean@latest".to_owned()),
            ("clean@3", "clean@3".to_owned()),
            (&format!("clean@sha256:{digest}"), format!("clean@sha256:{digest}")),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "@stable",
            "clean@",
            "clean@@",
            "clean@3x",
            "clean@99999999999999999999",
            "clean@sha256:abc",
            "clean@sha256:../../../../etc/passwd",
            "../clean",
            "clean@../x",
            "clean@-1",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
