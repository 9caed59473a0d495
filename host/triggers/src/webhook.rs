//! Whether a webhook's call comes from whom it says.

use http::HeaderMap;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::definition::{SignatureScheme, Webhook};
use crate::error::Error;

/// Most bytes of a call's body.
pub const LARGEST_BODY: usize = 1 << 20;
/// A shorter secret could be guessed.
const SHORTEST_SECRET: usize = 16;
/// An id is a part of an idempotency key.
const LONGEST_ID: usize = 128;

/// A call that comes from whom it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id, by which a second delivery of the same is known; none if the sender gives none.
    pub id: Option<String>,
    /// What it is about, if the sender says so in a header: "push".
    pub kind: Option<String>,
    /// Its body: JSON, or else a text.
    pub body: Value,
}

impl Webhook {
    /// Checks a call against the values of the secret that the webhook names: the current one, and, while it is being
    /// changed, the one before. `now` is in microseconds since 1970, UTC. Comparing takes the same time whatever is
    /// compared.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Events`], [`Error::TooLarge`], and [`Error::Invalid`] if a secret is too short.
    pub fn verify(&self, secrets: &[&str], headers: &HeaderMap, body: &[u8], now: i64) -> Result<Delivery, Error> {
        if body.len() > LARGEST_BODY {
            return Err(Error::TooLarge {
                bytes: body.len(),
                limit: LARGEST_BODY,
            });
        }
        if secrets.iter().any(|secret| secret.len() < SHORTEST_SECRET) {
            return Err(Error::invalid(
                format!("the secret {}", self.secret),
                "it is shorter than 16 bytes",
            ));
        }
        let id = match self.signature {
            SignatureScheme::Standard => Some(self.verify_standard(secrets, headers, body, now)?),
            SignatureScheme::Github => {
                let signature = header(headers, "x-hub-signature-256", "there is no X-Hub-Signature-256")?;
                tenon_events::verify_github(secrets, signature, body)?;
                optional(headers, "x-github-delivery")
            }
            SignatureScheme::Token => {
                verify_token(secrets, headers)?;
                optional(headers, "idempotency-key")
            }
        };
        let body =
            serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
        Ok(Delivery {
            id,
            kind: optional(headers, "x-github-event"),
            body,
        })
    }

    fn verify_standard(&self, secrets: &[&str], headers: &HeaderMap, body: &[u8], now: i64) -> Result<String, Error> {
        let id = header(headers, "webhook-id", "there is no webhook-id")?;
        let time = header(headers, "webhook-timestamp", "there is no webhook-timestamp")?;
        let signature = header(headers, "webhook-signature", "there is no webhook-signature")?;
        if !is_id(id) {
            return Err(Error::Signature {
                reason: "webhook-id is empty or too long",
            });
        }
        let now = now.div_euclid(1_000_000);
        tenon_events::verify(secrets, id, time, signature, body, now)?;
        let sent: i64 = time.parse().map_err(|_| Error::Signature {
            reason: "webhook-timestamp is not a number",
        })?;
        if now.abs_diff(sent) > u64::from(self.tolerance_seconds) {
            return Err(Error::Signature {
                reason: "webhook-timestamp is too far from now",
            });
        }
        Ok(id.to_owned())
    }
}

fn verify_token(secrets: &[&str], headers: &HeaderMap) -> Result<(), Error> {
    let given = header(headers, "authorization", "there is no Authorization")?;
    let (scheme, token) = given.split_once(' ').unwrap_or(("", given));
    let fits = secrets.iter().fold(false, |fits, secret| {
        fits | bool::from(token.as_bytes().ct_eq(secret.as_bytes()))
    });
    if fits && scheme.eq_ignore_ascii_case("bearer") {
        return Ok(());
    }
    Err(Error::Signature {
        reason: "Authorization is not `Bearer` and the right token",
    })
}

/// A header that is there exactly once.
fn header<'a>(headers: &'a HeaderMap, name: &str, missing: &'static str) -> Result<&'a str, Error> {
    let mut values = headers.get_all(name).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Error::Signature { reason: missing }),
    }
}

fn optional(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    is_id(value).then(|| value.to_owned())
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID && !text.contains(char::is_control)
}
