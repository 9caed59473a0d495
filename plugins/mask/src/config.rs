//! What to mask, and how.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Error, Result};

use crate::partial::Partial;

/// What to mask, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// The columns to mask, which must hold text.
    pub columns: Vec<String>,
    /// How to mask them.
    #[serde(default)]
    pub method: Method,
    /// Name of the secret that holds the key: for `hash` if it is to be keyed, for `digits` always.
    pub secret: Option<String>,
    /// For `redact`: what every value becomes; `***` if not given.
    pub replacement: Option<String>,
    /// For `partial`: characters to keep at the start; 0 if not given.
    pub keep_first: Option<u32>,
    /// For `partial`: characters to keep at the end; 4 if not given.
    pub keep_last: Option<u32>,
    /// For `partial`: the character that replaces the others; `*` if not given.
    pub fill: Option<char>,
}

/// How to mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// SHA-256, or HMAC-SHA256 with a secret.
    #[default]
    Hash,
    /// Everything becomes the same.
    Redact,
    /// Only the start and the end remain.
    Partial,
    /// Digits become other digits.
    Digits,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Redact => "redact",
            Self::Partial => "partial",
            Self::Digits => "digits",
        }
    }
}

impl Mask {
    /// Refuses options that the method has no use for: they show that another method was meant.
    pub fn check(&self) -> Result<()> {
        if self.columns.is_empty() {
            return Err(Error::bad_config("`columns` must name at least one column"));
        }
        if self.method == Method::Digits && self.secret.is_none() {
            return Err(Error::bad_config(
                "method digits needs `secret`, the name of the secret with its key",
            ));
        }
        let given = [
            (self.secret.is_some(), "secret", &[Method::Hash, Method::Digits][..]),
            (self.replacement.is_some(), "replacement", &[Method::Redact]),
            (self.keep_first.is_some(), "keep_first", &[Method::Partial]),
            (self.keep_last.is_some(), "keep_last", &[Method::Partial]),
            (self.fill.is_some(), "fill", &[Method::Partial]),
        ];
        for (given, option, methods) in given {
            if given && !methods.contains(&self.method) {
                let method = self.method.name();
                let owner = methods[0].name();
                return Err(Error::bad_config(format!(
                    "`{option}` belongs to method {owner}, not {method}"
                )));
            }
        }
        Ok(())
    }

    /// What every value becomes.
    pub fn replacement(&self) -> &str {
        self.replacement.as_deref().unwrap_or("***")
    }

    /// What remains.
    pub fn partial(&self) -> Partial {
        Partial {
            keep_first: self.keep_first.unwrap_or(0) as usize,
            keep_last: self.keep_last.unwrap_or(4) as usize,
            fill: self.fill.unwrap_or('*'),
        }
    }
}
