//! Names that people give, and ids that the server gives.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use thiserror::Error;

const LONGEST: usize = 128;

/// A name: 1 to 128 letters, digits, `_`, `-` and `.`, the first a letter or digit. It can be a part of a path or a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
pub struct Name(String);

/// A text that is not a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a name: it needs 1 to {LONGEST} letters, digits, `_`, `-` and `.`, the first a letter or digit"
)]
pub struct InvalidName {
    /// The text, cut short.
    pub text: String,
}

impl Name {
    /// Checks a text.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let first = text.bytes().next();
        if first.is_some_and(|byte| byte.is_ascii_alphanumeric()) && text.len() <= LONGEST && text.bytes().all(allowed)
        {
            return Ok(Self(text));
        }
        let text = text.chars().take(LONGEST).collect();
        Err(InvalidName { text })
    }

    /// The name as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// An id unlike any other, as `run_` and 26 characters: ids of one kind are in the order of their times, to the
/// millisecond.
pub fn id(kind: &str) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let bits = (since_epoch.as_millis() << 80) | (rand::random::<u128>() >> 48);
    let digits = (0..26).rev().map(|digit| {
        let index = (bits >> (digit * 5)) & 31;
        char::from(DIGITS[index as usize])
    });
    format!("{kind}_{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_folder() {
        for name in ["a", "7", "shop.orders_2-b", &"x".repeat(128)] {
            assert!(Name::new(name).is_ok(), "{name}");
        }
        for text in [
            "",
            ".",
            "..",
            ".a",
            "-a",
            "a/b",
            "a\\b",
            "a b",
            "ä",
            "a\0",
            &"x".repeat(129),
        ] {
            assert!(Name::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ids_are_in_the_order_of_their_times() {
        let first = id("run");
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = id("run");
        assert!(first < second && first.len() == 30, "{first} {second}");
    }
}
