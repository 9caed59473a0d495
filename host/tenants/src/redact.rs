//! Leaves out what looks like a secret.

use serde_json::Value as Json;

/// What stands in place of a secret.
pub(crate) const HIDDEN: &str = "***";

const ENDINGS: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "access_key",
    "private_key",
    "api_key",
    "credentials",
    "authorization",
];

/// Whether values of this name are secrets by what they are called: `db_password`, `secret_access_key`.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    ENDINGS
        .iter()
        .any(|ending| name.ends_with(ending) || name.ends_with(&ending.replace('_', "")))
}

/// The value without texts that are called secrets, and without passwords in URLs.
pub(crate) fn redact(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let field = |(name, value): (&String, &Json)| {
                let value = match value {
                    Json::String(text) if is_secret_name(name) && !is_reference(text) => Json::from(HIDDEN),
                    Json::Array(_) if is_secret_name(name) => Json::from(HIDDEN),
                    value => redact(value),
                };
                (name.clone(), value)
            };
            Json::Object(map.iter().map(field).collect())
        }
        Json::Array(values) => Json::Array(values.iter().map(redact).collect()),
        Json::String(text) => Json::from(without_user_info(text)),
        value => value.clone(),
    }
}

/// Whether a text is `${secret:name}` and nothing else.
pub(crate) fn is_reference(text: &str) -> bool {
    let name = text.strip_prefix("${secret:").and_then(|text| text.strip_suffix('}'));
    name.is_some_and(|name| tenon_metadata::Name::new(name).is_ok())
}

/// A URL with `***` for what is before the last `@` of its authority; other texts as they are.
pub(crate) fn without_user_info(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // A password may hold what ends an authority, so up to the last `@` of all, rather too much than too little.
    match rest.rsplit_once('@') {
        Some((_, rest)) => format!("{scheme}://{HIDDEN}@{rest}"),
        None => text.to_owned(),
    }
}
