//! One text for both databases.

use std::borrow::Cow;

/// What differs between the databases.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// `{id}`: a primary key that the database counts up.
    id: &'static str,
    /// `{blob}`: the type of bytes.
    blob: &'static str,
    /// `{skip_locked}`: at the end of a select of rows that are about to be changed, so that two who look for work do
    /// not wait for one another.
    skip_locked: &'static str,
    /// `{for_update}`: at the end of a select of rows that are about to be changed.
    for_update: &'static str,
    /// What stands before the number of a parameter.
    parameter: char,
}

impl Dialect {
    pub const SQLITE: Self = Self {
        id: "integer primary key autoincrement",
        blob: "blob",
        skip_locked: "",
        for_update: "",
        parameter: '?',
    };

    pub const POSTGRES: Self = Self {
        id: "bigint generated always as identity primary key",
        blob: "bytea",
        skip_locked: "for update skip locked",
        for_update: "for update",
        parameter: '$',
    };

    /// The text with its tokens and parameters replaced, except in literals, quoted names and comments.
    pub fn apply<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        let has_others_parameters = self.parameter != '?' && sql.contains('?');
        if !has_others_parameters && !sql.contains('{') {
            return Cow::Borrowed(sql);
        }
        let mut applied = String::with_capacity(sql.len() + 64);
        let mut rest = sql;
        while let Some(first) = rest.chars().next() {
            let length = untouched(rest);
            if length > 0 {
                applied.push_str(&rest[..length]);
                rest = &rest[length..];
            } else if let Some((token, text)) = self.token(rest) {
                applied.push_str(text);
                rest = &rest[token.len()..];
            } else {
                let is_parameter = first == '?' && rest[1..].starts_with(|next: char| next.is_ascii_digit());
                applied.push(if is_parameter { self.parameter } else { first });
                rest = &rest[first.len_utf8()..];
            }
        }
        Cow::Owned(applied)
    }

    fn token(&self, rest: &str) -> Option<(&'static str, &'static str)> {
        let tokens = [
            ("{id}", self.id),
            ("{blob}", self.blob),
            ("{skip_locked}", self.skip_locked),
            ("{for_update}", self.for_update),
        ];
        tokens.into_iter().find(|(token, _)| rest.starts_with(token))
    }
}

/// The length of a literal, quoted name or comment that a text begins with; 0 if it begins with something else. A quote
/// that is doubled ends one literal and begins another, which comes to the same.
fn untouched(sql: &str) -> usize {
    let until = |begin: usize, end: &str| sql[begin..].find(end).map_or(sql.len(), |at| begin + at + end.len());
    if sql.starts_with('\'') {
        until(1, "'")
    } else if sql.starts_with('"') {
        until(1, "\"")
    } else if sql.starts_with("--") {
        until(2, "\n")
    } else if sql.starts_with("/*") {
        until(2, "*/")
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_tokens_are_replaced_outside_of_literals_and_comments() {
        let sql = "select '?1 {id}', \"?2\", ?12, 'it''s ?3' -- ?4 {blob}\n from t /* ?5 */ where ä = ?6 {skip_locked}";
        assert_eq!(
            Dialect::POSTGRES.apply(sql),
            "select '?1 {id}', \"?2\", $12, 'it''s ?3' -- ?4 {blob}\n from t /* ?5 */ where ä = $6 for update skip locked"
        );
        assert_eq!(Dialect::SQLITE.apply(sql), sql.replace("{skip_locked}", ""));
        let table = "create table t (number {id}, bytes {blob}, note text default '{}')";
        assert_eq!(
            Dialect::SQLITE.apply(table),
            "create table t (number integer primary key autoincrement, bytes blob, note text default '{}')"
        );
        assert_eq!(
            Dialect::POSTGRES.apply(table),
            "create table t (number bigint generated always as identity primary key, bytes bytea, note text default '{}')"
        );
    }

    #[test]
    fn what_does_not_end_is_left_as_it_is() {
        for sql in ["select 'a ?1", "select ?", "/* ?1", "-- ?1", "{", "\"?1"] {
            assert_eq!(Dialect::POSTGRES.apply(sql), sql);
        }
    }
}
