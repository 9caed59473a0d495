//! Says what a store's refusal means and what to do about it.

use object_store::path::Path;

use super::Store;
use crate::Error;

/// Longest part of a store's answer that a message repeats, in bytes.
const ANSWER_BYTES: usize = 300;

impl Store {
    /// An error of this store in words: the object, the server, what it answered, what to do. `action` is a verb.
    pub fn explain(&self, action: &'static str, location: &Path, error: &object_store::Error) -> Error {
        let url = self.name(location);
        if let object_store::Error::NotFound { .. } = error {
            let answer = self.answer(error);
            if tag(&answer, "Code") == Some("NoSuchBucket") {
                return self.failure(
                    action,
                    url,
                    "the bucket does not exist; check its name and region".to_owned(),
                    false,
                );
            }
            return Error::NotFound { url };
        }
        let answer = self.answer(error);
        let (advice, transient) = advice(error, &answer);
        let told = match (tag(&answer, "Code"), tag(&answer, "Message")) {
            (Some(code), Some(message)) => format!("{code}, {message}"),
            (Some(code), None) => code.to_owned(),
            _ => clip(&answer),
        };
        let reason = match advice {
            Some(advice) => format!("{advice} ({told})"),
            None => told,
        };
        self.failure(action, url, reason, transient)
    }

    fn failure(&self, action: &'static str, url: String, reason: String, transient: bool) -> Error {
        Error::Store {
            action,
            url,
            endpoint: self.endpoint.clone(),
            reason,
            transient,
        }
    }

    /// What the error says, without what must not be seen.
    fn answer(&self, error: &object_store::Error) -> String {
        let mut answer = error.to_string();
        // The outer errors leave out what the innermost is about, such as a timeout.
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            let text = error.to_string();
            if !answer.contains(&text) {
                answer = format!("{answer}: {text}");
            }
            cause = error.source();
        }
        for hidden in &self.hidden {
            answer = answer.replace(hidden.as_str(), "***");
        }
        answer
    }
}

/// What to do, and whether the same may succeed later.
fn advice(error: &object_store::Error, answer: &str) -> (Option<String>, bool) {
    use object_store::Error as E;
    let code = tag(answer, "Code").unwrap_or_default();
    // The number alone may be anything: part of a port, of a name, of a request's id.
    let status = status(answer);
    let says = |text: &str| answer.contains(text);
    let wrong_region = || {
        let region = tag(answer, "Region").or_else(|| quoted_after(answer, "expecting '"));
        match region {
            Some(region) => format!("the bucket is in another region: set `region = \"{region}\"` in `store`"),
            None => "the bucket seems to be in another region: set its `region` in `store`".to_owned(),
        }
    };
    match (code, error) {
        ("AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException", _) => {
            (Some(wrong_region()), false)
        }
        _ if says("redirect without LOCATION") || status == Some(301) => (Some(wrong_region()), false),
        ("InvalidAccessKeyId", _) => {
            let advice = "the store does not know this key: check `access_key_id`";
            (Some(advice.to_owned()), false)
        }
        ("SignatureDoesNotMatch", _) => {
            let advice = "the secret part of the key is wrong: check `secret_access_key`";
            (Some(advice.to_owned()), false)
        }
        ("ExpiredToken" | "InvalidToken", _) => {
            let advice = "the session token is wrong or no longer valid: get a new key and `session_token`";
            (Some(advice.to_owned()), false)
        }
        ("RequestTimeTooSkewed", _) => (Some("this machine's clock is wrong: set it".to_owned()), false),
        _ if matches!(error, E::PermissionDenied { .. } | E::Unauthenticated { .. })
            || matches!(status, Some(401 | 403)) =>
        {
            let advice =
                "access is denied: check the key and what it may do, or set `anonymous = true` for public data";
            (Some(advice.to_owned()), false)
        }
        (_, E::Precondition { .. }) => (
            Some("the file was changed while it was read: run again".to_owned()),
            true,
        ),
        _ if says("169.254.169.254") || says("metadata.google.internal") => {
            let advice = "there are no credentials: set a key in `store` or in the environment, or `anonymous = true` for \
                          public data";
            (Some(advice.to_owned()), false)
        }
        _ if matches!(status, Some(429 | 503)) || matches!(code, "SlowDown" | "ServerBusy") => {
            let advice = "the store asks to be left alone for a while; try again later, or raise `retries` in `store`";
            (Some(advice.to_owned()), true)
        }
        _ if status.is_some_and(|status| (400..500).contains(&status) && status != 408) => (None, false),
        _ if status == Some(408) || says("timed out") => {
            let advice = "the store did not answer in time; try again, or raise `timeout` in `store`";
            (Some(advice.to_owned()), true)
        }
        _ if says("error trying to connect") || says("Connect") || says("connection") => (
            Some("the store cannot be reached; check the endpoint and the network".to_owned()),
            true,
        ),
        (_, E::NotSupported { .. } | E::NotImplemented { .. } | E::InvalidPath { .. }) => (None, false),
        _ => (None, true),
    }
}

/// The status that the store has answered with.
fn status(answer: &str) -> Option<u16> {
    let (_, rest) = answer.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// Content of the first XML element of this name.
fn tag<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let open = format!("<{name}>");
    let start = answer.find(&open)? + open.len();
    let length = answer[start..].find("</")?;
    Some(&answer[start..start + length])
}

fn quoted_after<'a>(answer: &'a str, before: &str) -> Option<&'a str> {
    let start = answer.find(before)? + before.len();
    let length = answer[start..].find('\'')?;
    Some(&answer[start..start + length])
}

fn clip(answer: &str) -> String {
    let end = answer
        .char_indices()
        .map(|(index, _)| index)
        .find(|index| *index >= ANSWER_BYTES);
    match end {
        Some(end) => format!("{}...", &answer[..end]),
        None => answer.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{StoreOptions, open};
    use super::*;

    fn explained(error: &object_store::Error) -> Error {
        let options = StoreOptions {
            region: Some("eu-west-1".to_owned()),
            endpoint: Some("https://s3.example.com".to_owned()),
            ..StoreOptions::default()
        };
        let store = open("s3://lake/orders/x.csv", &options).expect("understood");
        store.explain("read", &store.root, error)
    }

    fn generic(answer: &str) -> object_store::Error {
        object_store::Error::Generic {
            store: "S3",
            source: answer.to_owned().into(),
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let denied = |body: &str| object_store::Error::PermissionDenied {
            path: "orders/x.csv".to_owned(),
            source: body.to_owned().into(),
        };
        let cases = [
            (
                denied("<Code>InvalidAccessKeyId</Code><Message>no</Message>"),
                "check `access_key_id`",
            ),
            (
                denied("<Code>SignatureDoesNotMatch</Code>"),
                "check `secret_access_key`",
            ),
            (denied("<Code>AccessDenied</Code>"), "access is denied"),
            (
                generic("400 <Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region>"),
                "set `region = \"eu-north-1\"`",
            ),
            (generic("Received redirect without LOCATION, this"), "in another region"),
            (
                generic("status code: 503 Service Unavailable: <Code>SlowDown</Code>"),
                "raise `retries`",
            ),
        ];
        for (error, advice) in cases {
            let error = explained(&error).to_string();
            assert!(
                error.starts_with("cannot read s3://lake/orders/x.csv at https://s3.example.com: "),
                "{error}"
            );
            assert!(error.contains(advice), "{error}");
        }
    }

    #[test]
    fn what_may_pass_is_told_from_what_stays() {
        let transient = |error: &object_store::Error| matches!(explained(error), Error::Store { transient: true, .. });
        assert!(transient(&generic("status code: 503 Service Unavailable")));
        assert!(transient(&generic("status code: 429 Too Many Requests")));
        assert!(transient(&generic("status code: 408 Request Timeout")));
        assert!(!transient(&generic("status code: 400 Bad Request")));
        // A port, a name and an id that look like something else.
        let denied = "Error performing GET http://127.0.0.1:31503/connection - Server returned non-2xx status code: 403 Forbidden: \
                      <Code>AuthorizationFailure</Code><Message>RequestId: 503-429, timed out</Message>";
        assert!(!transient(&generic(denied)));
        assert!(
            explained(&generic(denied)).to_string().contains("access is denied"),
            "{}",
            explained(&generic(denied))
        );
    }

    #[test]
    fn queries_are_hidden() {
        let store = open("https://example.com/x.csv?token=hunter2", &StoreOptions::default()).expect("understood");
        let error = generic("Error performing GET https://example.com/x.csv?token=hunter2 - 500");
        let error = store.explain("read", &store.root, &error).to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
