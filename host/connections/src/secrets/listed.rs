//! A file of secrets, one to a line or in TOML.

use std::path::Path;

use tenon_database::Secret;
use toml_edit::Document;
use zeroize::{Zeroize, Zeroizing};

use crate::private_file::{self, line_at};
use crate::{Error, name};

const LONGEST: u64 = 4 << 20;

/// A secret in a file of secrets.
#[derive(Debug)]
pub(super) struct ListedSecret {
    pub name: String,
    pub value: Secret,
    /// From 1.
    pub line: usize,
}

/// Reads a file of secrets: TOML if its name ends in `.toml`, or else lines of `NAME=value`.
pub(super) fn read(path: &Path) -> Result<Vec<ListedSecret>, Error> {
    let check = |metadata: &_| private_file::check_closed(path, metadata);
    let text = private_file::read_text(path, LONGEST, check)?.ok_or_else(|| {
        let source = std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "there is no such file, which TENON_SECRETS_FILE names",
        );
        private_file::file_error("read", path, source)
    })?;
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    let parsed = if is_toml { toml(&text) } else { lines(&text) };
    let at = |(line, reason): Refused| Error::Line {
        path: path.to_owned(),
        line,
        reason,
    };
    let secrets = parsed.map_err(at)?;
    for (index, secret) in secrets.iter().enumerate() {
        let reason = match name::check_secret(&secret.name) {
            Err(error) => error.to_string(),
            Ok(()) => match secrets[..index]
                .iter()
                .find(|other| name::same_secret(&other.name, &secret.name))
            {
                Some(other) => format!(
                    "`{}` is the same secret as `{}` in line {}",
                    secret.name, other.name, other.line
                ),
                None => continue,
            },
        };
        return Err(at((secret.line, reason)));
    }
    Ok(secrets)
}

/// The line, and what is wrong there.
type Refused = (usize, String);

fn toml(text: &str) -> Result<Vec<ListedSecret>, Refused> {
    let line = |span: Option<std::ops::Range<usize>>| line_at(text.as_bytes(), span.map_or(0, |span| span.start));
    // The error's own text shows the line, and with it perhaps a secret.
    let document = Document::parse(text).map_err(|error| (line(error.span()), "this is not TOML".to_owned()))?;
    let table = document.as_table();
    let read = |(name, item): (&str, &toml_edit::Item)| {
        let line = line(table.key(name).and_then(toml_edit::Key::span));
        let value = item.as_str().ok_or_else(|| {
            let name = name.escape_debug();
            (line, format!("`{name}` is not a text; secrets are `name = \"value\"`"))
        })?;
        Ok(ListedSecret {
            name: name.to_owned(),
            value: Secret::new(value),
            line,
        })
    };
    table.iter().map(read).collect()
}

fn lines(text: &str) -> Result<Vec<ListedSecret>, Refused> {
    let mut secrets = Vec::new();
    for (index, written) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let written = written.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let line = index + 1;
        let written = written.strip_prefix("export ").unwrap_or(written);
        let (name, value) = written
            .split_once('=')
            .ok_or_else(|| (line, "this is not `NAME=value`".to_owned()))?;
        let value = value_of(value.trim()).map_err(|reason| (line, reason.to_owned()))?;
        secrets.push(ListedSecret {
            name: name.trim().to_owned(),
            value,
            line,
        });
    }
    Ok(secrets)
}

fn value_of(written: &str) -> Result<Secret, &'static str> {
    if let Some(rest) = written.strip_prefix('\'') {
        let (value, after) = rest.split_once('\'').ok_or("the value has no closing quote")?;
        return at_the_end(after).map(|()| Secret::new(value));
    }
    if let Some(rest) = written.strip_prefix('"') {
        return in_double_quotes(rest);
    }
    // Programs that read such files do not agree whether this is part of the value.
    if written.contains(" #") || written.contains("\t#") {
        return Err("it is not clear whether ` #` begins a comment; put the value into quotes");
    }
    Ok(Secret::new(written))
}

fn in_double_quotes(rest: &str) -> Result<Secret, &'static str> {
    let mut value = Zeroizing::new(String::with_capacity(rest.len()));
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                at_the_end(characters.as_str())?;
                let secret = Secret::new(value.as_str());
                value.zeroize();
                return Ok(secret);
            }
            '\\' => value.push(match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(escaped @ ('"' | '\\' | '$')) => escaped,
                _ => return Err("after `\\` comes `n`, `r`, `t`, `\"`, `$` or `\\` in double quotes"),
            }),
            plain => value.push(plain),
        }
    }
    Err("the value has no closing quote")
}

fn at_the_end(after: &str) -> Result<(), &'static str> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with('#') {
        return Ok(());
    }
    Err("there is something after the closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let text =
            "# comment\n\nA=1\nexport b-c = two words \nD='a #\"b\\n'  # why\nE=\"x\\n\\\"y\\\" $z\"\nF=a#b=c\nG=\r\n";
        let secrets = lines(text).expect("understood");
        let read: Vec<(&str, &str, usize)> = secrets
            .iter()
            .map(|secret| (secret.name.as_str(), secret.value.reveal(), secret.line))
            .collect();
        let expected = [
            ("A", "1", 3),
            ("b-c", "two words", 4),
            ("D", "a #\"b\\n", 5),
            ("E", "x\n\"y\" $z", 6),
            ("F", "a#b=c", 7),
            ("G", "", 8),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_not_clear_is_refused_with_its_line_and_without_the_value() {
        for text in [
            "hunter2",
            "A=hunter2 # x",
            "A='hunter2",
            "A=\"hunter2\\q\"",
            "A='hunter2' x",
            "A=\"hunter2",
        ] {
            let (line, reason) = lines(&format!("\n{text}\n")).expect_err(text);
            assert_eq!(line, 2);
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        for text in [
            "a = hunter2",
            "a = [\"hunter2\"]",
            "[a]\nb = 'hunter2'",
            "a = 'x'\na = 'hunter2'",
        ] {
            let (line, reason) = toml(&format!("\n{text}")).expect_err(text);
            assert!(line >= 2, "{text} {line}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        let secrets = toml("# x\na = \"1\"\nb-c = '''\ntwo\nlines'''").expect("understood");
        assert_eq!(
            (secrets[1].name.as_str(), secrets[1].value.reveal(), secrets[1].line),
            ("b-c", "two\nlines", 3)
        );
    }
}
