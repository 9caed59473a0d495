//! Text as TOML has it.

use std::fmt::Write as _;

use crate::comment::is_plain;

/// A line of a table: a key and its value, or a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(String);

impl Line {
    /// A text that stands for itself.
    pub fn text(name: &str, text: &str) -> Self {
        Self(format!("{} = {}", key(name), plain(text)))
    }

    /// A text in which references are references.
    pub fn reference(name: &str, text: &str) -> Self {
        Self(format!("{} = {}", key(name), string(text)))
    }

    /// A list of texts that stand for themselves.
    pub fn list<S: AsRef<str>>(name: &str, texts: &[S]) -> Self {
        let texts: Vec<String> = texts.iter().map(|text| plain(text.as_ref())).collect();
        Self(format!("{} = [{}]", key(name), texts.join(", ")))
    }

    /// A table within a line.
    pub fn table(name: &str, entries: &[(String, String)]) -> Self {
        let entries = entries
            .iter()
            .map(|(name, text)| format!("{} = {}", key(name), plain(text)));
        Self(format!(
            "{} = {{ {} }}",
            key(name),
            entries.collect::<Vec<_>>().join(", ")
        ))
    }

    /// A comment.
    pub fn comment(text: &str) -> Self {
        Self(format!("# {}", crate::comment::line(text)))
    }

    /// The same, commented out.
    pub fn commented_out(self) -> Self {
        Self(format!("# {}", self.0))
    }

    /// With a comment behind it.
    pub fn with(self, comment: &str) -> Self {
        Self(format!("{}  # {}", self.0, crate::comment::line(comment)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that stands for itself, where job files have references.
pub(crate) fn plain(text: &str) -> String {
    string(&text.replace("${", "$${"))
}

/// A text, in the quotes that need the fewest escapes.
pub(crate) fn string(text: &str) -> String {
    let is_plain_text = text.chars().all(is_plain);
    if is_plain_text && !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    if is_plain_text && !text.contains('\'') {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other if is_plain(other) => quoted.push(other),
            other => write!(quoted, "\\U{:08X}", u32::from(other)).expect("a String takes all text"),
        }
    }
    quoted.push('"');
    quoted
}

/// A key, in quotes only where it needs them.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { name.to_owned() } else { string(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_keys_come_back() {
        for text in [
            "orders",
            "",
            "it's",
            "say \"x\"",
            "it's \"x\"",
            "a\\b",
            "a\nb\r\t\u{7f}\0",
            "😀",
            "'''",
            "\"\"\"",
            "\u{202e}evil",
            "\u{2028}",
            "x = 1 # y",
            "a.b",
            "[x]",
            "\u{1f}",
        ] {
            let line = format!("{} = {}", key(text), string(text));
            let table: toml::Table = toml::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(table.get(text).and_then(toml::Value::as_str), Some(text), "{line}");
            assert!(!line.contains(['\n', '\u{202e}', '\u{2028}']));
        }
    }

    #[test]
    fn references_are_escaped_where_text_is_plain() {
        assert_eq!(plain("${env:HOME} $${x}"), "\"$${env:HOME} $$${x}\"");
        assert_eq!(Line::reference("url", "${env:URL}").as_str(), "url = \"${env:URL}\"");
    }
}
