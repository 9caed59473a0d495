//! `${env:NAME}` and `${secret:name}` in texts.

use std::ops::Range;

use crate::{Error, SecretStore, name};

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Text as it is.
    Text(&'t str),
    /// An environment variable.
    Variable(&'t str),
    /// A secret.
    Secret(&'t str),
}

/// Takes a text apart. `$${` stands for a plain `${`.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            pieces.extend([Piece::Text(before), Piece::Text("${")]);
            rest = &reference[2..];
            continue;
        }
        pieces.push(Piece::Text(before));
        let end = reference
            .find('}')
            .ok_or("a reference has no end; write `$${` for a plain `${`")?;
        pieces.push(target(&reference[2..end]).ok_or(
            "what stands in `${...}` is no reference; there are `${env:NAME}` and `${secret:name}`, and `$${` for a plain `${`",
        )?);
        rest = &reference[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

fn target(inner: &str) -> Option<Piece<'_>> {
    match inner.split_once(':')? {
        ("env", variable) => is_variable(variable).then_some(Piece::Variable(variable)),
        ("secret", secret) => name::is_secret(secret).then_some(Piece::Secret(secret)),
        _ => None,
    }
}

fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && name.len() <= 128 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text is references and nothing else.
pub(crate) fn is_references(text: &str) -> bool {
    let is_reference = |piece: &Piece<'_>| !matches!(piece, Piece::Text(_));
    pieces(text).is_ok_and(|pieces| !pieces.is_empty() && pieces.iter().all(is_reference))
}

/// Where references are, with their `${` and `}`.
pub(crate) fn ranges(text: &str) -> Vec<Range<usize>> {
    let (mut ranges, mut from) = (Vec::new(), 0);
    while let Some(at) = text[from..].find("${").map(|at| at + from) {
        from = at + 2;
        if text[..at].ends_with('$') {
            continue;
        }
        if let Some(end) = text[at..].find('}') {
            from = at + end + 1;
            ranges.push(at..from);
        }
    }
    ranges
}

/// Whether a text refers to this secret.
pub(crate) fn refers_to(text: &str, secret: &str) -> bool {
    let is_it = |piece: &Piece<'_>| matches!(piece, Piece::Secret(other) if name::same_secret(other, secret));
    pieces(text).is_ok_and(|pieces| pieces.iter().any(is_it))
}

/// Puts values in the place of references. `subject` is what the text belongs to, for messages.
pub(crate) fn resolve(text: &str, secrets: &SecretStore, subject: &str) -> Result<String, Error> {
    let pieces = pieces(text).map_err(|reason| Error::BadReference {
        subject: subject.to_owned(),
        reason,
    })?;
    let mut resolved = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Text(text) => resolved.push_str(text),
            Piece::Variable(variable) => resolved.push_str(&secrets.variable(variable, subject)?),
            Piece::Secret(secret) => resolved.push_str(secrets.get_for(secret, subject)?.reveal()),
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        assert_eq!(
            pieces("${env:A}-${secret:b.c}$${x}"),
            Ok(vec![
                Piece::Variable("A"),
                Piece::Text("-"),
                Piece::Secret("b.c"),
                Piece::Text("${"),
                Piece::Text("x}"),
            ])
        );
        for wrong in [
            "${",
            "${a}",
            "${env:}",
            "${env:A-B}",
            "${secret:../x}",
            "${vault:x}",
            "a${secret:b",
        ] {
            assert!(pieces(wrong).is_err(), "{wrong}");
        }
        assert!(is_references("${env:A}${secret:b}"));
        assert!(!is_references("") && !is_references("x${env:A}") && !is_references("$${env:A}"));
        assert_eq!(ranges("a${env:B}$${c}${secret:d}"), [1..9, 14..25]);
    }
}
