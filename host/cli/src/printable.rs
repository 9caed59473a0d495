//! Texts of strangers, made fit for a terminal.

use std::fmt::Write;

/// The text with every control character spelled out: in a terminal they could hide, forge or retype text.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => safe.push(character),
            // Marks that turn the direction of writing around hide text as well.
            _ if character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                // Writing to a string does not fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
            }
            _ => safe.push(character),
        }
    }
    safe
}

/// The same in one line, of at most `width` characters.
pub fn one_line(text: &str, width: usize) -> String {
    let line = printable(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= width {
        return line;
    }
    let kept: String = line.chars().take(width.saturating_sub(3)).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        assert_eq!(
            printable("a\x1b[2Jb\r\u{202e}\n\tc"),
            "a\\u{1b}[2Jb\\u{d}\\u{202e}\n\tc"
        );
        assert_eq!(one_line("two\n  lines", 80), "two lines");
        assert_eq!(one_line("äöüäöüäöü", 6), "äöü...");
        assert_eq!(one_line("äöü", 3), "äöü");
    }
}
