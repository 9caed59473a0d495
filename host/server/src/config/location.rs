//! Where in a file something is.

use toml::de::{DeTable, DeValue};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
}

impl Location {
    /// The place that so many bytes are before.
    pub fn at(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }

    /// The place of a setting's value in a TOML text, as `runs.concurrent`; of the last section of its name that is there.
    pub fn of_setting(text: &str, setting: &str) -> Option<Self> {
        let parsed = DeTable::parse(text).ok()?;
        let mut table = parsed.get_ref();
        let mut found = None;
        for name in setting.split('.') {
            let Some((_, value)) = table.iter().find(|(key, _)| &**key.get_ref() == name) else {
                break;
            };
            found = Some(value.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found.map(|offset| Self::at(text, offset))
    }

    /// `server.toml:3:1`
    pub fn of(self, file: &str) -> String {
        format!("{file}:{}:{}", self.line, self.column)
    }
}
