//! What Redshift lacks of PostgreSQL.

/// Words in statements that Redshift does not understand.
const LACKS: &[&str] = &[
    "on conflict",
    "savepoint",
    "advisory",
    "to_regclass",
    "returning",
    "create index",
    "create unique index",
    "lateral",
    "ordinality",
    "collate",
    "add column if not exists",
    "merge into",
    "jsonb",
    "unnest",
    "pg_export_snapshot",
    "set transaction snapshot",
    "from stdin",
    "to stdout",
    "lock_timeout",
    "standard_conforming_strings",
    "select from",
    "text[]",
    "truncate",
    "set constraints",
    "generated",
    "bytea",
    "ctid",
    "e'",
    "pg_try_",
    "set_config",
    "format json",
];

/// What of a statement Redshift would not understand.
pub(super) fn lacking(statement: &str) -> Option<&'static str> {
    let bare = bare(statement);
    LACKS.iter().copied().find(|word| {
        bare.match_indices(word).any(|(at, _)| {
            let before = bare[..at].chars().next_back();
            !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
        })
    })
}

/// A statement without what is quoted, in lower case.
fn bare(statement: &str) -> String {
    let mut bare = String::new();
    let mut characters = statement.chars();
    while let Some(character) = characters.next() {
        bare.extend(character.to_lowercase());
        if matches!(character, '\'' | '"') {
            while let Some(inner) = characters.next() {
                if inner == '\\' && character == '\'' {
                    characters.next();
                } else if inner == character {
                    break;
                }
            }
            bare.push(character);
        }
    }
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text that begins with the quote at the beginning, with what follows it.
pub(super) fn text(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.strip_prefix('\'')?.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?.1),
            '\'' => {
                let rest = &quoted[at + 2..];
                if !rest.starts_with('\'') {
                    return Some((text, rest));
                }
                characters.next();
                text.push('\'');
            }
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_no_word() {
        assert_eq!(
            lacking("insert into t values (1) on  conflict do nothing"),
            Some("on conflict")
        );
        assert_eq!(lacking("select 'on conflict', \"savepoint\", 'a\\' returning'"), None);
    }

    #[test]
    fn texts_have_escapes() {
        assert_eq!(
            text(r"'it''s \\ \'so\'' rest"),
            Some((r"it's \ 'so'".to_owned(), " rest"))
        );
        assert_eq!(text("'open"), None);
    }
}
