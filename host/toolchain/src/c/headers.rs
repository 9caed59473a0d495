//! Which files a source was compiled of, as the compiler says in a rule for make.

use std::fs;
use std::path::{Path, PathBuf};

/// The files in a rule: the source, the headers that it includes, and what it embeds. None where there is no rule.
pub(super) fn read(rule: &Path) -> Vec<PathBuf> {
    fs::read_to_string(rule).map(|text| in_rule(&text)).unwrap_or_default()
}

/// The words after the colon. Blanks in a name are behind a backslash, and so are ends of lines between names.
fn in_rule(text: &str) -> Vec<PathBuf> {
    let Some((_, files)) = text.split_once(": ") else {
        return Vec::new();
    };
    let (mut found, mut name) = (Vec::new(), String::new());
    let mut letters = files.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek().copied()) {
            ('\\', Some(next @ (' ' | '#'))) | ('$', Some(next @ '$')) => {
                name.push(next);
                letters.next();
            }
            ('\\', Some('\r' | '\n')) => {}
            (letter, _) if letter.is_whitespace() => {
                if !name.is_empty() {
                    found.push(PathBuf::from(std::mem::take(&mut name)));
                }
            }
            (letter, _) => name.push(letter),
        }
    }
    if !name.is_empty() {
        found.push(PathBuf::from(name));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_make_reads_them() {
        let rule = "/t/a b/0.o: src/a.c \\\n  ../inc/my\\ shared.h ../inc/x.h \\\r\n  /inc/$$1\\#.json\n";
        let expected = ["src/a.c", "../inc/my shared.h", "../inc/x.h", "/inc/$1#.json"];
        assert_eq!(in_rule(rule), expected.map(PathBuf::from));
        assert!(in_rule("nothing").is_empty());
        assert!(read(Path::new("/no/such/rule.d")).is_empty());
    }
}
