//! `${secret:name}` in the texts of connections.

use tenon_metadata::Name;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text as it is.
    Text(&'t str),
    /// The value of a secret.
    Secret(Name),
}

/// Takes a text apart. `$${` stands for a plain `${`.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, &'static str> {
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
        let name = reference[2..end]
            .strip_prefix("secret:")
            .and_then(|name| Name::new(name).ok());
        // Not `${env:...}`: the server's environment is not the tenant's.
        let name =
            name.ok_or("what is in `${...}` is no reference; there is `${secret:name}`, and `$${` for a plain `${`")?;
        pieces.push(Piece::Secret(name));
        rest = &reference[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

/// Whether a text is references and nothing else.
pub(super) fn is_references(text: &str) -> bool {
    let is_secret = |piece: &Piece<'_>| matches!(piece, Piece::Secret(_));
    pieces(text).is_ok_and(|pieces| !pieces.is_empty() && pieces.iter().all(is_secret))
}

/// The secrets that a text refers to.
pub(super) fn secrets(text: &str) -> impl Iterator<Item = Name> {
    let pieces = pieces(text).unwrap_or_default();
    pieces.into_iter().filter_map(|piece| match piece {
        Piece::Secret(name) => Some(name),
        Piece::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        let name = Name::new("b.c").expect("a name");
        assert_eq!(
            pieces("a-${secret:b.c}$${x}"),
            Ok(vec![
                Piece::Text("a-"),
                Piece::Secret(name),
                Piece::Text("${"),
                Piece::Text("x}"),
            ])
        );
        for wrong in [
            "${",
            "${a}",
            "${env:HOME}",
            "${secret:}",
            "${secret:../x}",
            "${secret:b",
            "${secret:${secret:a}}",
        ] {
            assert!(pieces(wrong).is_err(), "{wrong}");
        }
        assert!(is_references("${secret:a}${secret:b}"));
        assert!(!is_references("") && !is_references("x${secret:a}") && !is_references("$${secret:a}"));
        assert_eq!(secrets("${secret:a}/${secret:b}").count(), 2);
    }
}
