//! Comments: one line each, whatever is in the text.

/// Characters of a comment at most.
const LONGEST: usize = 160;

/// Whether a character stands for itself wherever text is shown, and neither ends a line nor turns its direction.
pub(crate) fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{00ad}' | '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A text as a comment of one line, in any language whose comments go to the end of the line.
pub(crate) fn line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|character| if is_plain(character) { character } else { ' ' })
        .collect();
    let mut line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    // In C a backslash at the end takes the next line into the comment, and `??/` is one to old compilers.
    if line.ends_with('\\') || line.ends_with("??/") {
        line.push_str(" .");
    }
    line
}

/// What there is to say, put together.
pub(crate) fn joined(parts: impl IntoIterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.trim().is_empty()).collect();
    (!parts.is_empty()).then(|| line(&parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_one_line() {
        assert_eq!(line("  a\r\nb\tc\u{2028}d\u{202e}e\0 "), "a b c d e");
        assert_eq!(line("*/ exit(1) //"), "*/ exit(1) //");
        assert_eq!(line("C:\\"), "C:\\ .");
        assert_eq!(line("what??/"), "what??/ .");
        assert_eq!(line(&"ä".repeat(200)).chars().count(), LONGEST + 1);
    }
}
