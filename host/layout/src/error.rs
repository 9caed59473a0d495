//! What can be wrong with a schema or a column.

/// Why a schema or a column was refused. `path` leads to the field at fault: `orders.item.price`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The fields don't describe an Arrow schema.
    #[error("field `{path}`: expected {expected}, but got {got}")]
    Schema {
        /// The field at fault.
        path: String,
        /// What would have been right.
        expected: String,
        /// What came instead.
        got: String,
    },
    /// The data contradict their schema or themselves.
    #[error("column `{path}`: expected {expected}, but got {got}")]
    Data {
        /// The column at fault.
        path: String,
        /// What would have been right.
        expected: String,
        /// What came instead.
        got: String,
    },
    /// More than the boundary's bounds allow.
    #[error("field `{path}`: {what} of {value} is over the limit of {limit}")]
    Limit {
        /// The field at fault; empty for the schema as a whole.
        path: String,
        /// What is limited, with its unit.
        what: &'static str,
        /// How much of it came.
        value: u64,
        /// How much of it is allowed.
        limit: u64,
    },
}

/// Longest part of a path that a message shows, in characters.
const MAX_SHOWN_NAME: usize = 64;

impl Error {
    pub(crate) fn schema(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Schema {
            path: String::new(),
            expected: expected.into(),
            got: got.into(),
        }
    }

    pub(crate) fn data(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Data {
            path: String::new(),
            expected: expected.into(),
            got: got.into(),
        }
    }

    pub(crate) fn limit(what: &'static str, value: usize, limit: usize) -> Self {
        Self::Limit {
            path: String::new(),
            what,
            value: value as u64,
            limit: limit as u64,
        }
    }

    /// The same error, seen from the field `name` that holds what its path names so far.
    pub(crate) fn within(mut self, name: &str) -> Self {
        let (Self::Schema { path, .. } | Self::Data { path, .. } | Self::Limit { path, .. }) = &mut self;
        let shown = shown(name);
        *path = if path.is_empty() {
            shown
        } else {
            format!("{shown}.{path}")
        };
        self
    }
}

/// A name or the like from a guest, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    clipped(text, MAX_SHOWN_NAME)
}

/// At most `limit` characters of text from a guest, without control characters.
pub(crate) fn clipped(text: &str, limit: usize) -> String {
    let mut clipped = String::new();
    for character in text.chars().take(limit) {
        match character {
            '\'' | '"' | '\\' => clipped.push(character),
            _ => clipped.extend(character.escape_debug()),
        }
    }
    if text.chars().nth(limit).is_some() {
        clipped.push_str("...");
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_grows_from_the_inside_out() {
        let error = Error::data("2 rows", "3")
            .within("price")
            .within("item")
            .within("orders");
        assert_eq!(
            error.to_string(),
            "column `orders.item.price`: expected 2 rows, but got 3"
        );
    }

    #[test]
    fn names_are_clipped_and_escaped() {
        assert_eq!(shown("a\n\u{1b}[31m"), "a\\n\\u{1b}[31m");
        assert_eq!(shown(&"x".repeat(1_000_000)).len(), MAX_SHOWN_NAME + 3);
    }
}
