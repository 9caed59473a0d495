//! `${property:NAME}` and `${node:NAME.field}` in the arguments of nodes.

use serde_json::{Map, Value};

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    Reference(Reference<'a>),
}

/// What a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference<'a> {
    Property(&'a str),
    /// `NAME.FIELD`, a field of a node's run; see [`split`].
    Node(&'a str),
}

/// Takes a text apart.
///
/// # Errors
/// A sentence about the reference that can't be read.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            // `$${` stands for `${`.
            pieces.push(Piece::Text(&rest[..at - 1]));
            pieces.push(Piece::Text("${"));
            rest = &rest[at + 2..];
            continue;
        }
        pieces.push(Piece::Text(&rest[..at]));
        let inside = &rest[at + 2..];
        let end = inside
            .find('}')
            .ok_or_else(|| format!("`{}` has no closing `}}`", shortened(&rest[at..])))?;
        pieces.push(Piece::Reference(reference(&inside[..end])?));
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

/// Takes `NAME.FIELD` apart. Names may hold dots, and a field of a field is written with one: the longest name that is
/// known counts.
pub(crate) fn split(path: &str, known: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let dots = path.rmatch_indices('.').map(|(at, _)| (&path[..at], &path[at + 1..]));
    dots.into_iter().find(|(node, field)| !field.is_empty() && known(node))
}

/// Calls `visit` with every reference of the arguments.
///
/// # Errors
/// A sentence about a reference that can't be read, or what `visit` says.
pub(crate) fn each<'a>(
    arguments: &'a Map<String, Value>,
    visit: &mut impl FnMut(Reference<'a>) -> Result<(), String>,
) -> Result<(), String> {
    arguments.values().try_for_each(|value| each_in(value, visit))
}

/// The arguments with each reference replaced by what `value_of` says.
///
/// # Errors
/// What `value_of` says.
pub(crate) fn resolve(
    arguments: &Map<String, Value>,
    value_of: &mut impl FnMut(Reference<'_>) -> Result<Value, String>,
) -> Result<Map<String, Value>, String> {
    let resolved = arguments
        .iter()
        .map(|(name, value)| Ok((name.clone(), resolve_in(value, value_of)?)));
    resolved.collect()
}

fn each_in<'a>(value: &'a Value, visit: &mut impl FnMut(Reference<'a>) -> Result<(), String>) -> Result<(), String> {
    match value {
        Value::String(text) => pieces(text)?.into_iter().try_for_each(|piece| match piece {
            Piece::Reference(reference) => visit(reference),
            Piece::Text(_) => Ok(()),
        }),
        Value::Array(values) => values.iter().try_for_each(|value| each_in(value, visit)),
        Value::Object(fields) => each(fields, visit),
        _ => Ok(()),
    }
}

fn resolve_in(
    value: &Value,
    value_of: &mut impl FnMut(Reference<'_>) -> Result<Value, String>,
) -> Result<Value, String> {
    match value {
        Value::String(text) => {
            let pieces = pieces(text)?;
            if let [Piece::Reference(reference)] = pieces[..] {
                return value_of(reference);
            }
            let mut resolved = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(text) => resolved.push_str(text),
                    Piece::Reference(reference) => match value_of(reference)? {
                        Value::String(text) => resolved.push_str(&text),
                        other => resolved.push_str(&other.to_string()),
                    },
                }
            }
            Ok(Value::String(resolved))
        }
        Value::Array(values) => {
            let resolved = values.iter().map(|value| resolve_in(value, value_of));
            resolved.collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(fields) => resolve(fields, value_of).map(Value::Object),
        other => Ok(other.clone()),
    }
}

fn reference(inside: &str) -> Result<Reference<'_>, String> {
    if let Some(property) = inside.strip_prefix("property:")
        && !property.is_empty()
    {
        return Ok(Reference::Property(property));
    }
    if let Some(of_node) = inside.strip_prefix("node:") {
        let parts = of_node.split_once('.');
        if parts.is_some_and(|(node, field)| !node.is_empty() && !field.is_empty()) {
            return Ok(Reference::Node(of_node));
        }
    }
    Err(format!(
        "`${{{}}}` is neither `${{property:NAME}}` nor `${{node:NAME.FIELD}}`; write `$${{` for `${{` itself",
        shortened(inside)
    ))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_replaced_once_and_keep_their_type() {
        let Value::Object(arguments) = json!({
            "rows": "${node:extract.rows_out}",
            "url": "s3://x/${property:day}/${node:extract.rows_out}.csv",
            "deep": [{ "a": "${property:day}" }, 7],
            "literal": "$${property:day} costs $5",
        }) else {
            unreachable!()
        };
        let resolved = resolve(&arguments, &mut |reference| match reference {
            // A value that looks like a reference is not one.
            Reference::Property(_) => Ok(json!("${property:day}")),
            Reference::Node(_) => Ok(json!(42)),
        });
        assert_eq!(
            Value::Object(resolved.unwrap()),
            json!({
                "rows": 42,
                "url": "s3://x/${property:day}/42.csv",
                "deep": [{ "a": "${property:day}" }, 7],
                "literal": "${property:day} costs $5",
            })
        );
    }

    #[test]
    fn names_with_dots_are_found() {
        let known = |name: &str| ["a", "a.b"].contains(&name);
        assert_eq!(split("a.b.rows_out", known), Some(("a.b", "rows_out")));
        assert_eq!(split("a.sinks.lake.rows", known), Some(("a", "sinks.lake.rows")));
        assert_eq!(split("b.rows_out", known), None);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for text in [
            "${",
            "${day}",
            "${property:}",
            "${node:a}",
            "${node:.x}",
            "${secret:s}",
            "${node:a.b",
        ] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
