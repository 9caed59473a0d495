//! Where in a job file something stands.

use std::sync::Arc;

use miette::NamedSource;

/// A range of bytes of a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From one byte up to another.
    pub fn new(start: usize, end: usize) -> Self {
        Span {
            start,
            end: end.max(start),
        }
    }
}

/// A place as people count it, both from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// The name and the text of a job file, for messages.
#[derive(Debug)]
pub struct Document {
    source: NamedSource<Arc<str>>,
}

impl Document {
    /// A text with the name that messages give it: the path of its file. A byte order mark is no part of the text.
    pub fn new(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Document {
            source: NamedSource::new(name, Arc::from(text)),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.source.inner()
    }

    /// Line and column of a byte. Past the end of the text: of its end.
    pub fn position(&self, offset: usize) -> Position {
        let text = self.text();
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(crate) fn source(&self) -> &NamedSource<Arc<str>> {
        &self.source
    }

    /// Where `needle` stands within a span, or the span where it doesn't stand there as it is. `nth` counts from 0.
    pub(crate) fn find(&self, span: Option<Span>, needle: &str, nth: usize) -> Option<Span> {
        let span = span?;
        let found = self.text().get(span.start..span.end)?.match_indices(needle).nth(nth);
        Some(found.map_or(span, |(at, _)| {
            Span::new(span.start + at, span.start + at + needle.len())
        }))
    }

    /// Where `word` stands on its own within a span, or the span.
    pub(crate) fn find_word(&self, span: Option<Span>, word: &str) -> Option<Span> {
        let span = span?;
        let text = self.text().get(span.start..span.end)?;
        let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let stands_alone =
            |at: usize| !is_word(text[..at].chars().next_back()) && !is_word(text[at + word.len()..].chars().next());
        let at = text.match_indices(word).map(|(at, _)| at).find(|at| stands_alone(*at));
        Some(at.map_or(span, |at| Span::new(span.start + at, span.start + at + word.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let document = Document::new("x", "a\nä b\n");
        assert_eq!(document.position(0), Position { line: 1, column: 1 });
        assert_eq!(document.position(5), Position { line: 2, column: 3 });
        assert_eq!(document.position(99), Position { line: 3, column: 1 });
    }

    #[test]
    fn words_are_found_whole() {
        let document = Document::new("x", "from flights2 f, flights");
        let all = Some(Span::new(0, 24));
        assert_eq!(document.find_word(all, "flights"), Some(Span::new(17, 24)));
        assert_eq!(document.find_word(all, "none"), all);
    }
}
