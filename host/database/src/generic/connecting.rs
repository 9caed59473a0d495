//! How far a connection came, from what a driver says.

use crate::Stage;

/// The stage that a message is about, with its SQLSTATE if there is one, and whether the same may succeed later.
pub(crate) fn stage_of(message: &str, state: Option<&str>) -> (Stage, bool) {
    let text = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "translate host name",
        "name or service not known",
        "unknown host",
        "name resolution",
        "no such host",
    ]) {
        (Stage::Dns, true)
    } else if has(&[
        "password authentication failed",
        "access denied for user",
        "login failed",
        "no password supplied",
    ]) || has(&["authentication failed"])
        || state.is_some_and(|state| state.starts_with("28"))
    {
        (Stage::Login, false)
    } else if has(&["ssl", "tls", "certificate"]) {
        (Stage::Tls, false)
    } else if has(&["unknown database", "cannot open database", "unable to open database"])
        || (has(&["database"]) && has(&["does not exist"]))
        || state == Some("3D000")
    {
        (Stage::Database, false)
    } else if has(&["permission denied", "not authorized", "insufficient privilege"]) {
        (Stage::Permission, false)
    } else if has(&[
        "can't open lib",
        "data source name not found",
        "driver not found",
        "cannot open shared object",
    ]) || state.is_some_and(|state| state.starts_with("IM"))
    {
        (Stage::Configuration, false)
    } else if has(&[
        "refused",
        "timed out",
        "timeout",
        "unreachable",
        "could not connect",
        "starting up",
        "too many",
    ]) || state.is_some_and(|state| state.starts_with("08") || state == "53300" || state == "57P03")
    {
        (Stage::Tcp, true)
    } else {
        (Stage::Configuration, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_the_stage() {
        for (message, stage) in [
            ("could not translate host name \"x\" to address", Stage::Dns),
            ("connection to server failed: Connection refused", Stage::Tcp),
            ("FATAL: password authentication failed for user \"u\"", Stage::Login),
            ("FATAL: database \"x\" does not exist", Stage::Database),
            (
                "[unixODBC][Driver Manager]Can't open lib 'x' : file not found",
                Stage::Configuration,
            ),
        ] {
            assert_eq!(stage_of(message, None).0, stage, "{message}");
        }
    }
}
