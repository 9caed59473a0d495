//! `${name}`, `${env:NAME}` and `${secret:name}` in texts.

use std::borrow::Cow;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Text as it is; escapes are resolved.
    Text(Cow<'t, str>),
    /// Something to put in.
    Reference(Reference<'t>),
}

/// What is to be put into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'t> {
    pub target: Target<'t>,
    /// As it is written, `${` and `}` included.
    pub written: &'t str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'t> {
    Param(&'t str),
    Env(&'t str),
    Secret(&'t str),
}

/// A `${` that is none of the references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed<'t> {
    pub message: String,
    pub written: &'t str,
}

/// Takes a text apart. A text without references is one piece, or none if it is empty.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Malformed<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            push_text(&mut pieces, &rest[..at - 1]);
            push_text(&mut pieces, "${");
            rest = &rest[at + 2..];
            continue;
        }
        push_text(&mut pieces, &rest[..at]);
        let reference = &rest[at..];
        let Some(end) = reference.find('}') else {
            let message = "this reference has no end; write `$${` for a plain `${`".to_owned();
            return Err(Malformed { message, written: "${" });
        };
        let written = &reference[..=end];
        let target = target(&written[2..end]).ok_or_else(|| Malformed {
            message: format!(
                "`{written}` is no reference; there are `${{parameter}}`, `${{env:NAME}}` and `${{secret:name}}`, and `$${{` for a plain `${{`"
            ),
            written,
        })?;
        pieces.push(Piece::Reference(Reference { target, written }));
        rest = &reference[end + 1..];
    }
    push_text(&mut pieces, rest);
    Ok(pieces)
}

fn push_text<'t>(pieces: &mut Vec<Piece<'t>>, text: &'t str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.to_mut().push_str(text),
        _ => pieces.push(Piece::Text(Cow::Borrowed(text))),
    }
}

fn target(inner: &str) -> Option<Target<'_>> {
    match inner.split_once(':') {
        None if is_identifier(inner) => Some(Target::Param(inner)),
        Some(("env", name)) if is_identifier(name) => Some(Target::Env(name)),
        Some(("secret", name)) if is_secret_name(name) => Some(Target::Secret(name)),
        _ => None,
    }
}

/// A letter or `_`, then letters, digits and `_`, at most 128 of them: what needs no quotes in SQL.
pub(crate) fn is_identifier(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && name.len() <= 128 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What can be a file's name as well.
fn is_secret_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && !name.starts_with('.') && name.len() <= 128 && name.chars().all(allowed)
}

/// The text that is taken apart into `text` alone.
pub(crate) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece<'_> {
        Piece::Text(Cow::Borrowed(text))
    }

    #[test]
    fn texts_are_taken_apart() {
        let reference = |target, written| Piece::Reference(Reference { target, written });
        assert_eq!(pieces(""), Ok(vec![]));
        assert_eq!(pieces("a $b {c}"), Ok(vec![text("a $b {c}")]));
        assert_eq!(
            pieces("${a}/${env:B}-${secret:c.d-e}."),
            Ok(vec![
                reference(Target::Param("a"), "${a}"),
                text("/"),
                reference(Target::Env("B"), "${env:B}"),
                text("-"),
                reference(Target::Secret("c.d-e"), "${secret:c.d-e}"),
                text("."),
            ])
        );
    }

    #[test]
    fn escapes_give_the_plain_text_back() {
        for plain in ["${a}", "x ${ y", "$${", "$$${a}", "${${"] {
            assert_eq!(pieces(&escape(plain)), Ok(vec![text(plain)]), "{plain}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for (wrong, written) in [
            ("a ${b", "${"),
            ("${}", "${}"),
            ("${a b}", "${a b}"),
            ("${env:}", "${env:}"),
            ("${vault:x}", "${vault:x}"),
            ("${secret:../x}", "${secret:../x}"),
        ] {
            assert_eq!(pieces(wrong).expect_err(wrong).written, written);
        }
    }
}
