//! Patterns in the names of files: `*`, `?`, `[a-z]`, `[!a-z]`, `**` for any folders, `{a,b}` for alternatives.

use crate::Error;

/// More alternatives than this are taken for a mistake.
const MAX_ALTERNATIVES: usize = 1000;

/// A pattern below a folder: one list of segments per alternative.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub alternatives: Vec<Vec<Segment>>,
}

/// The part of a pattern between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A name as it stands.
    Literal(String),
    /// Any number of folders, also none.
    AnyDepth,
    /// A name with wildcards.
    Wild(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Character(char),
    /// `?`
    Any,
    /// `*`
    Many,
    /// `[a-z]`; the flag says that it is `[!a-z]`.
    OneOf(Vec<(char, char)>, bool),
}

impl Pattern {
    /// The folder before the first wildcard, and the pattern below it; none where there is no wildcard.
    pub fn split(url: &str) -> Option<(&str, &str)> {
        let wildcard = url.find(['*', '?', '[', '{'])?;
        let folder = url[..wildcard].rfind('/').map_or(0, |slash| slash + 1);
        let (base, pattern) = url.split_at(folder);
        Some((if base.is_empty() { "./" } else { base }, pattern))
    }

    /// Understands what stands below the folder. `url` is for messages.
    pub fn parse(url: &str, pattern: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::Config {
            subject: url.to_owned(),
            reason,
        };
        let mut alternatives = Vec::new();
        for alternative in expand(pattern).map_err(invalid)? {
            let segments: Result<Vec<Segment>, String> = alternative
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(Segment::parse)
                .collect();
            let mut segments = segments.map_err(invalid)?;
            if segments.last() == Some(&Segment::AnyDepth) {
                segments.push(Segment::Wild(vec![Token::Many]));
            }
            alternatives.push(segments);
        }
        Ok(Self { alternatives })
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "**" {
            return Ok(Self::AnyDepth);
        }
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Literal(text.to_owned()));
        }
        let mut tokens = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            tokens.push(match character {
                '*' => Token::Many,
                '?' => Token::Any,
                '[' => {
                    let negated = characters.next_if(|next| matches!(next, '!' | '^')).is_some();
                    let mut ranges = Vec::new();
                    loop {
                        let Some(low) = characters.next() else {
                            return Err(format!("`{text}` opens a `[` that is never closed"));
                        };
                        if low == ']' && !ranges.is_empty() {
                            break;
                        }
                        let mut ahead = characters.clone();
                        match (ahead.next(), ahead.next()) {
                            (Some('-'), Some(high)) if high != ']' => {
                                characters = ahead;
                                ranges.push((low, high));
                            }
                            _ => ranges.push((low, low)),
                        }
                    }
                    Token::OneOf(ranges, negated)
                }
                character => Token::Character(character),
            });
        }
        Ok(Self::Wild(tokens))
    }

    /// Whether a name fits this segment.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == name,
            Self::AnyDepth => true,
            Self::Wild(tokens) => {
                let name: Vec<char> = name.chars().collect();
                tokens_match(tokens, &name)
            }
        }
    }

    /// Whether the segment itself begins like a hidden name, so that hidden names are meant.
    pub fn shows_hidden(&self) -> bool {
        match self {
            Self::Literal(name) => name.starts_with(['.', '_']),
            Self::AnyDepth => false,
            Self::Wild(tokens) => matches!(tokens.first(), Some(Token::Character('.' | '_'))),
        }
    }

    /// Whether the names of a path fit these segments, one by one.
    pub fn match_all(segments: &[Self], names: &[&str]) -> bool {
        match (segments.split_first(), names.split_first()) {
            (None, None) => true,
            (Some((Self::AnyDepth, rest)), _) => {
                (0..=names.len()).any(|skipped| Self::match_all(rest, &names[skipped..]))
            }
            (Some((segment, rest)), Some((name, names))) => segment.matches(name) && Self::match_all(rest, names),
            _ => false,
        }
    }
}

/// Without backtracking further than to the last `*`, so in time proportional to both lengths at most.
fn tokens_match(tokens: &[Token], name: &[char]) -> bool {
    let (mut token, mut position) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while position < name.len() || token < tokens.len() {
        let fits = match (tokens.get(token), name.get(position)) {
            (Some(Token::Many), _) => {
                retry = Some((token + 1, position + 1));
                token += 1;
                continue;
            }
            (Some(Token::Any), Some(_)) => true,
            (Some(Token::Character(wanted)), Some(found)) => wanted == found,
            (Some(Token::OneOf(ranges, negated)), Some(found)) => {
                ranges.iter().any(|(low, high)| low <= found && found <= high) != *negated
            }
            _ => false,
        };
        if fits {
            token += 1;
            position += 1;
            continue;
        }
        match retry {
            Some((after_star, next)) if next <= name.len() => {
                token = after_star;
                position = next;
                retry = Some((after_star, next + 1));
            }
            _ => return false,
        }
    }
    true
}

/// Writes out `{a,b}`, which may be nested.
fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_owned()];
    while let Some(text) = waiting.pop() {
        // The innermost braces hold no others.
        let Some(close) = text.find('}') else {
            if text.contains('{') {
                return Err(format!("`{pattern}` opens a `{{` that is never closed"));
            }
            done.push(text);
            continue;
        };
        let Some(open) = text[..close].rfind('{') else {
            return Err(format!("`{pattern}` closes a `}}` that was never opened"));
        };
        for alternative in text[open + 1..close].split(',') {
            waiting.push(format!("{}{alternative}{}", &text[..open], &text[close + 1..]));
        }
        if waiting.len() + done.len() > MAX_ALTERNATIVES {
            return Err(format!(
                "`{pattern}` stands for more than {MAX_ALTERNATIVES} alternatives"
            ));
        }
    }
    done.sort_unstable();
    done.dedup();
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        let pattern = Pattern::parse(pattern, pattern).expect("a pattern");
        pattern
            .alternatives
            .iter()
            .any(|segments| Segment::match_all(segments, &names))
    }

    #[test]
    fn wildcards() {
        let cases = [
            ("*.csv", "a.csv", true),
            ("*.csv", "a/b.csv", false),
            ("**/*.csv", "a/b/c.csv", true),
            ("**/*.csv", "c.csv", true),
            ("a/**", "a/b/c.csv", true),
            ("a/**/z.csv", "a/z.csv", true),
            ("?.csv", "ab.csv", false),
            ("[a-c]?.csv", "bx.csv", true),
            ("[!a-c]?.csv", "bx.csv", false),
            ("{a,b{1,2}}.csv", "b2.csv", true),
            ("{a,b{1,2}}.csv", "b.csv", false),
            ("year=*/x", "year=2013/x", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("ä?*.csv", "äöü.csv", true),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
        let many = "a*".repeat(200);
        assert!(!fits(&format!("{many}b"), &"a".repeat(5000)));
    }

    #[test]
    fn folders_are_split_from_patterns() {
        assert_eq!(Pattern::split("s3://b/x/y*.csv"), Some(("s3://b/x/", "y*.csv")));
        assert_eq!(Pattern::split("*.csv"), Some(("./", "*.csv")));
        assert_eq!(Pattern::split("a/b.csv"), None);
    }

    #[test]
    fn broken_patterns_are_refused() {
        for broken in ["[a", "{a,b", "a}", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"] {
            assert!(Pattern::parse(broken, broken).is_err(), "{broken}");
        }
    }
}
