//! Masks personal data in columns of text.

mod config;
mod digits;
mod hash;
mod partial;

use tenon::{Batch, Context, Error, Result, Utf8};

pub use config::{Mask, Method};
use digits::Digits;
use hash::Keyed;
use partial::Partial;

/// Masks columns of text: `hash`, `redact`, `partial` or `digits`. Null stays null.
///
/// - `hash` (the default): SHA-256 as 64 hexadecimal digits; equal values stay equal, so that joins and counts work.
///   Whoever can guess a value can check the guess, and names and phone numbers are guessed quickly. With `secret`, the
///   name of a secret that holds a key, it is HMAC-SHA256, and guessing needs the key.
/// - `redact`: every value becomes `replacement`.
/// - `partial`: all but the first `keep_first` and last `keep_last` characters become `fill`. A value too short to hide
///   anything is hidden whole.
/// - `digits`: decimal digits become other digits, everything else stays: `+43 660 12345` may become `+97 118 80246`.
///   Needs `secret`. The same key makes the same digits of the same digits, and different digits of different ones. It
///   is a Feistel network of ten rounds in the manner of FF1 (NIST SP 800-38G), with HMAC-SHA256 as its round function;
///   it is not FF1, and not certified. Values of few digits (below six, a million possibilities) keep little secret
///   from somebody who knows other pairs.
#[tenon::transform]
pub fn mask(batch: Batch, config: &Mask) -> Result<Batch> {
    config.check()?;
    let method = Masker::of(config)?;
    let mut columns = Vec::with_capacity(config.columns.len());
    for name in &config.columns {
        let field = batch.schema().field(name)?;
        if !field.value_type().is_text() {
            let found = &field.data_type;
            return Err(Error::bad_config(format!(
                "column `{name}` is {found}; only text can be masked: cast it first"
            )));
        }
        let masked = method
            .mask(&batch, name)
            .with_context(|| format!("masking column `{name}`"))?;
        columns.push((name.as_str(), masked));
    }
    batch.with_columns(columns)
}

/// A method with all that it needs.
enum Masker<'a> {
    Hash,
    Keyed(Keyed),
    Redact(&'a str),
    Partial(Partial),
    Digits(Digits),
}

impl<'a> Masker<'a> {
    fn of(config: &'a Mask) -> Result<Self> {
        let key = config.secret.as_deref().map(tenon::secret).transpose()?;
        Ok(match (config.method, key) {
            (Method::Hash, None) => Self::Hash,
            (Method::Hash, Some(key)) => Self::Keyed(Keyed::new(key.as_bytes())?),
            (Method::Redact, _) => Self::Redact(config.replacement()),
            (Method::Partial, _) => Self::Partial(config.partial()),
            (Method::Digits, key) => Self::Digits(Digits::new(key.unwrap_or_default().as_bytes())?),
        })
    }

    fn mask(&self, batch: &Batch, name: &str) -> Result<tenon::AnyColumn> {
        if let Self::Hash = self {
            return hash::plain(batch, name);
        }
        let values = batch.strings(name)?;
        let masked: Utf8 = match self {
            Self::Redact(replacement) => values.iter().map(|value| value.map(|_| *replacement)).collect(),
            Self::Partial(partial) => values
                .iter()
                .map(|value| value.map(|value| partial.mask(value)))
                .collect(),
            Self::Keyed(keyed) => values
                .iter()
                .map(|value| value.map(|value| keyed.hash(value)))
                .collect(),
            Self::Digits(digits) => values
                .iter()
                .map(|value| value.map(|value| digits.mask(value)))
                .collect(),
            Self::Hash => values,
        };
        Ok(masked.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenon::{ErrorKind, batch, testing};

    fn masked(config: serde_json::Value) -> Vec<Option<String>> {
        let people = batch! { "phone" => [Some("+43 660 12345"), None, Some("7")], "n" => [1_i64, 2, 3] };
        let output = testing::run("mask", config, people).unwrap();
        let phones = output.batches[0].strings("phone").unwrap();
        phones.iter().map(|phone| phone.map(str::to_owned)).collect()
    }

    #[test]
    fn hash_is_sha256_and_hmac_with_a_secret() {
        let hashes = masked(json!({ "columns": ["phone"] }));
        assert_eq!(
            hashes[2].as_deref(),
            Some("7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451")
        );
        assert_eq!(hashes[1], None);
        testing::set_secret("pepper", "key");
        let keyed = masked(json!({ "columns": ["phone"], "secret": "pepper" }));
        assert_eq!(keyed[1], None);
        assert_ne!(keyed[2], hashes[2]);
        assert_eq!(keyed[2].as_ref().map(String::len), Some(64));
    }

    #[test]
    fn redact_and_partial_hide() {
        let redacted = masked(json!({ "columns": ["phone"], "method": "redact" }));
        assert_eq!(redacted, [Some("***".to_owned()), None, Some("***".to_owned())]);
        let partial =
            masked(json!({ "columns": ["phone"], "method": "partial", "keep_first": 3, "keep_last": 2, "fill": "#" }));
        assert_eq!(partial, [Some("+43########45".to_owned()), None, Some("#".to_owned())]);
    }

    #[test]
    fn digits_keep_their_format() {
        testing::set_secret("key", "k");
        let digits = masked(json!({ "columns": ["phone"], "method": "digits", "secret": "key" }));
        let phone = digits[0].as_deref().unwrap();
        assert_ne!(phone, "+43 660 12345");
        let shape: String = phone
            .chars()
            .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
            .collect();
        assert_eq!(shape, "+00 000 00000");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let error = |config: serde_json::Value| {
            let people = batch! { "phone" => ["1"], "n" => [1_i64] };
            let error = testing::run("mask", config, people).err().unwrap();
            (error.kind(), error.to_string())
        };
        let (kind, text) = error(json!({ "columns": ["phone"], "method": "digits" }));
        assert_eq!(
            (kind, text.as_str()),
            (
                ErrorKind::BadConfig,
                "method digits needs `secret`, the name of the secret with its key"
            )
        );
        let (_, text) = error(json!({ "columns": ["phone"], "keep_last": 4 }));
        assert_eq!(text, "`keep_last` belongs to method partial, not hash");
        let (_, text) = error(json!({ "columns": ["n"] }));
        assert_eq!(text, "column `n` is int64; only text can be masked: cast it first");
        assert_eq!(
            error(json!({ "columns": ["phone"], "secret": "other" })).0,
            ErrorKind::Denied
        );
        assert!(error(json!({ "columns": [] })).1.contains("at least one column"));
        assert!(
            error(json!({ "columns": ["phone"], "method": "rot13" }))
                .1
                .contains("at $.method")
        );
    }
}
