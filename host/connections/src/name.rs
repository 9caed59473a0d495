//! What connections and secrets may be called.

use crate::Error;

const LONGEST: usize = 128;

/// Names of secrets whose variables hold the key of the encrypted store.
const KEYS_OF_THE_STORE: [&str; 2] = ["KEY", "KEY_FILE"];

/// A letter or `_`, then letters, digits, `_` and `-`.
pub(crate) fn check_connection(name: &str) -> Result<(), Error> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if starts_well && name.len() <= LONGEST && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Error::BadName {
        what: "connection",
        name: clipped(name),
        rule: "a name is a letter or `_`, then letters, digits, `_` and `-`, at most 128".to_owned(),
    })
}

/// What a reference in a job file can name, and no variable of our own.
pub(crate) fn check_secret(name: &str) -> Result<(), Error> {
    let bad = |rule: &str| {
        Err(Error::BadName {
            what: "secret",
            name: clipped(name),
            rule: rule.to_owned(),
        })
    };
    if !is_secret(name) {
        return bad("a name is letters, digits, `_`, `-` and `.`, at most 128, and does not begin with a dot");
    }
    if KEYS_OF_THE_STORE.contains(&variable_part(name).as_str()) {
        return bad("its variable is that of the key of the encrypted store");
    }
    Ok(())
}

/// Whether a reference in a job file can name it.
pub(crate) fn is_secret(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && !name.starts_with('.') && name.len() <= LONGEST && name.chars().all(allowed)
}

/// The part of a variable's name that stands for a secret: names that agree in it are the same secret.
pub(crate) fn variable_part(name: &str) -> String {
    name.to_ascii_uppercase().replace(['-', '.'], "_")
}

/// Whether two names are those of the same secret.
pub(crate) fn same_secret(one: &str, other: &str) -> bool {
    variable_part(one) == variable_part(other)
}

/// A name as it may be shown: short, and without control characters.
fn clipped(name: &str) -> String {
    name.escape_debug().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_references_can_hold() {
        for good in ["warehouse", "_x", "db-2"] {
            check_connection(good).expect(good);
        }
        for bad in ["", "2db", "a.b", "a b", "ä", "a\n", &"x".repeat(129)] {
            assert!(check_connection(bad).is_err(), "{bad}");
        }
        for good in ["warehouse.password", "2", "a-b_c", "keys", "key.file.2"] {
            check_secret(good).expect(good);
        }
        for bad in [
            "",
            ".x",
            "a/b",
            "../a",
            "a b",
            "key",
            "Key",
            "key-file",
            "KEY.FILE",
            &"x".repeat(129),
        ] {
            assert!(check_secret(bad).is_err(), "{bad}");
        }
    }
}
