//! Keys of Google's service accounts, as somebody writes them who may not choose the servers that this machine calls.

use serde_json::{Map, Value};

/// What Google writes into a key and nothing goes by, wherever it leads.
const PLAIN: [&str; 10] = [
    "type",
    "project_id",
    "private_key_id",
    "private_key",
    "client_email",
    "client_id",
    "auth_uri",
    "auth_provider_x509_cert_url",
    "client_x509_cert_url",
    "quota_project_id",
];

/// What says where to go, with all that it may say.
static SERVERS: [(&str, &[&str]); 2] = [
    (
        "token_uri",
        &[
            "https://oauth2.googleapis.com/token",
            "https://accounts.google.com/o/oauth2/token",
            "https://www.googleapis.com/oauth2/v4/token",
        ],
    ),
    ("universe_domain", &["googleapis.com"]),
];

/// Checks that a key is one that Google could have written, for Google's own servers: `gcs_base_url` would have requests
/// sent to any other. Says nothing of what is in it, which is a secret.
///
/// # Errors
/// What is wrong, as the rest of a sentence.
pub(super) fn check(key: &str) -> Result<(), String> {
    let fields: Map<String, Value> =
        serde_json::from_str(key).map_err(|_| "is not the key of a service account, which is JSON".to_owned())?;
    for (name, value) in &fields {
        if PLAIN.contains(&name.as_str()) {
            continue;
        }
        let Some((server, known)) = SERVERS.iter().find(|(server, _)| *server == name.as_str()) else {
            return Err("has a field that no key of Google's has; name another server by `endpoint`".to_owned());
        };
        if !value.as_str().is_some_and(|value| known.contains(&value)) {
            return Err(format!("has a `{server}` that is not Google's"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_key_chooses_no_server() {
        let key = |more: &str| {
            format!(
                r#"{{"type": "service_account", "private_key": "hunter2", "private_key_id": "1", "client_email": "a@b"{more}}}"#
            )
        };
        for fine in [
            "",
            r#", "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com""#,
        ] {
            assert_eq!(check(&key(fine)), Ok(()), "{fine}");
        }
        for elsewhere in [
            r#", "gcs_base_url": "http://169.254.169.254""#,
            r#", "gcs\u005fbase_url": "https://storage.googleapis.com""#,
            r#", "disable_oauth": true"#,
            r#", "token_uri": "https://evil.example/token""#,
            r#", "token_uri": null"#,
            r#", "universe_domain": "evil.example""#,
        ] {
            let refused = check(&key(elsewhere)).expect_err(elsewhere);
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        assert!(check("hunter2").is_err() && check("[]").is_err());
    }
}
