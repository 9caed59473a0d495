//! Signatures of requests: Standard Webhooks, which we send and check, and GitHub's, which we check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::Error;

/// How far a request's time may be from ours: 5 minutes, in seconds.
pub const TOLERANCE: i64 = 300;

/// Signatures of a request that are tried at most.
const MOST_SIGNATURES: usize = 16;

/// The value of `webhook-signature` for a request: a signature for each secret, the current one first. A secret that
/// begins with `whsec_` is the base64 of the key, any other is the key itself.
///
/// ```
/// use tenon_events::{sign, verify};
///
/// # fn main() -> Result<(), tenon_events::Error> {
/// let signature = sign(&["new secret", "old secret"], "evt_1", 1_700_000_000, b"{}");
/// verify(&["old secret"], "evt_1", "1700000000", &signature, b"{}", 1_700_000_060)?;
/// # Ok(())
/// # }
/// ```
pub fn sign(secrets: &[&str], id: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let signatures = secrets.iter().map(|secret| {
        let signature = hmac::sign(&key(secret), &signed(id, &timestamp, body));
        format!("v1,{}", STANDARD.encode(signature))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// Checks a request by its headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, and its body, against
/// any of the secrets, in constant time. `now` is in seconds since 1970; times further from it than [`TOLERANCE`] are
/// refused, so that requests cannot be sent again later. Within it, keep the ids that you have seen.
///
/// # Errors
/// [`Error::Signature`].
pub fn verify(
    secrets: &[&str],
    id: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: i64,
) -> Result<(), Error> {
    let sent: i64 = timestamp
        .parse()
        .map_err(|_| wrong("webhook-timestamp is not a number"))?;
    if now.abs_diff(sent) > TOLERANCE.unsigned_abs() {
        return Err(wrong("webhook-timestamp is too far from now"));
    }
    let signed = signed(id, timestamp, body);
    let given = signature
        .split_ascii_whitespace()
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .take(MOST_SIGNATURES);
    let given: Vec<Vec<u8>> = given.collect();
    verify_any(secrets, &signed, &given)
}

/// Checks a request by GitHub's header `X-Hub-Signature-256`, as `sha256=` and hexadecimal digits, in constant time. It
/// does not cover a time: keep the ids of deliveries that you have seen.
///
/// # Errors
/// [`Error::Signature`].
pub fn verify_github(secrets: &[&str], signature: &str, body: &[u8]) -> Result<(), Error> {
    let given = signature.trim().strip_prefix("sha256=").map(hex::decode);
    let Some(Ok(given)) = given else {
        return Err(wrong("X-Hub-Signature-256 is not `sha256=` and hexadecimal digits"));
    };
    verify_any(secrets, body, &[given])
}

fn verify_any(secrets: &[&str], signed: &[u8], given: &[Vec<u8>]) -> Result<(), Error> {
    // An empty secret would let everybody sign.
    let mut fits = false;
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let key = key(secret);
        for signature in given {
            fits |= hmac::verify(&key, signed, signature).is_ok();
        }
    }
    if fits {
        return Ok(());
    }
    Err(wrong("no signature fits a secret"))
}

fn key(secret: &str) -> hmac::Key {
    let decoded = secret
        .strip_prefix("whsec_")
        .and_then(|secret| STANDARD.decode(secret).ok());
    hmac::Key::new(hmac::HMAC_SHA256, decoded.as_deref().unwrap_or(secret.as_bytes()))
}

fn signed(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

fn wrong(reason: &'static str) -> Error {
    Error::Signature { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_webhooks_own_example_fits() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn github_s_own_example_fits() {
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(verify_github(&["It's a Secret to Everybody"], signature, b"Hello, World!").is_ok());
        assert!(verify_github(&["It's a Secret to Everybody"], signature, b"Hello, World?").is_err());
        for wrong in ["", "sha256=", "sha1=00", "sha256=zz", "757107ea"] {
            assert!(verify_github(&["secret"], wrong, b"").is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_changed_or_is_old_does_not_fit() {
        let now = 1_700_000_000;
        let signature = sign(&["new", "old"], "evt_1", now, b"body");
        let check = |secret: &str, id: &str, time: &str, signature: &str, body: &[u8], now| {
            verify(&[secret], id, time, signature, body, now).is_ok()
        };
        assert!(check("new", "evt_1", "1700000000", &signature, b"body", now));
        assert!(check("old", "evt_1", "1700000000", &signature, b"body", now + 300));
        assert!(check("old", "evt_1", "1700000000", &signature, b"body", now - 300));
        assert!(!check("old", "evt_1", "1700000000", &signature, b"body", now + 301));
        assert!(!check("other", "evt_1", "1700000000", &signature, b"body", now));
        assert!(!check("new", "evt_2", "1700000000", &signature, b"body", now));
        assert!(!check("new", "evt_1", "1700000001", &signature, b"body", now));
        assert!(!check("new", "evt_1", "1700000000", &signature, b"Body", now));
        assert!(!check("new", "evt_1", "x", &signature, b"body", now));
        assert!(!check("new", "evt_1", "-9223372036854775808", &signature, b"body", now));
        assert!(!check(
            "",
            "evt_1",
            "1700000000",
            &sign(&[""], "evt_1", now, b"body"),
            b"body",
            now
        ));
        assert!(verify(&[], "evt_1", "1700000000", &signature, b"body", now).is_err());
    }
}
