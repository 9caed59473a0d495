//! The part of JSON Schema that Tenon's schemas use, so that the tests need no validator that drags in half a registry.
//! A keyword that it doesn't know fails the test.

use serde_json::Value as Json;

/// Checks a value; says where and why it doesn't fit.
pub fn check(root: &Json, value: &Json) -> Result<(), String> {
    fits(root, root, value, "$")
}

fn fits(root: &Json, schema: &Json, value: &Json, at: &str) -> Result<(), String> {
    let schema = match schema {
        Json::Bool(true) => return Ok(()),
        Json::Object(schema) => schema,
        other => return Err(format!("{at}: nothing fits {other}")),
    };
    for (keyword, rule) in schema {
        let fail = |what: &str| Err(format!("{at}: {value} {what} {rule}"));
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "additionalProperties" => {}
            "$ref" => {
                let target = rule
                    .as_str()
                    .and_then(|target| target.strip_prefix('#'))
                    .expect("a local reference");
                let target = root.pointer(target).unwrap_or_else(|| panic!("{rule} leads nowhere"));
                fits(root, target, value, at)?;
            }
            "type" => {
                let is = |name: &Json| match name.as_str().expect("a name") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    "number" => value.is_number(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("unknown type {other}"),
                };
                if !rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is)) {
                    return fail("is not of type");
                }
            }
            "const" => {
                if value != rule {
                    return fail("is not");
                }
            }
            "enum" => {
                if !rule.as_array().expect("a list").contains(value) {
                    return fail("is none of");
                }
            }
            "required" => {
                let has = |key: &Json| value.get(key.as_str().expect("a key")).is_some();
                if value.is_object() && !rule.as_array().expect("a list").iter().all(has) {
                    return fail("lacks one of");
                }
            }
            "properties" => {
                for (key, property) in rule.as_object().expect("a table") {
                    if let Some(inner) = value.get(key) {
                        fits(root, property, inner, &format!("{at}.{key}"))?;
                    }
                }
            }
            "propertyNames" => {
                let mut names = value.as_object().into_iter().flat_map(|object| object.keys());
                names.try_for_each(|name| fits(root, rule, &Json::String(name.clone()), at))?;
            }
            "minProperties" => {
                if value
                    .as_object()
                    .is_some_and(|object| (object.len() as u64) < rule.as_u64().expect("a count"))
                {
                    return fail("has fewer keys than");
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(root, rule, item, &format!("{at}[{index}]"))?;
                }
            }
            "minimum" | "maximum" | "exclusiveMinimum" => {
                let (number, bound) = (value.as_f64(), rule.as_f64().expect("a bound"));
                let inside = number.is_none_or(|number| match keyword.as_str() {
                    "minimum" => number >= bound,
                    "maximum" => number <= bound,
                    _ => number > bound,
                });
                if !inside {
                    return fail("is out of bounds:");
                }
            }
            "minLength" | "maxLength" => {
                let length = value.as_str().map(|text| text.chars().count() as u64);
                let bound = rule.as_u64().expect("a bound");
                if length.is_some_and(|length| {
                    if keyword == "minLength" {
                        length < bound
                    } else {
                        length > bound
                    }
                }) {
                    return fail("is of the wrong length:");
                }
            }
            "pattern" => {
                if value
                    .as_str()
                    .is_some_and(|text| !matches(rule.as_str().expect("a pattern"), text))
                {
                    return fail("doesn't match");
                }
            }
            "anyOf" | "oneOf" | "allOf" => {
                let variants = rule.as_array().expect("a list");
                let results: Vec<_> = variants.iter().map(|variant| fits(root, variant, value, at)).collect();
                let fitting = results.iter().filter(|result| result.is_ok()).count();
                let enough = match keyword.as_str() {
                    "anyOf" => fitting > 0,
                    "oneOf" => fitting == 1,
                    _ => fitting == variants.len(),
                };
                if !enough {
                    return Err(format!(
                        "{at}: {value} fits {fitting} variants of {keyword}: {results:?}"
                    ));
                }
            }
            other => panic!("unknown keyword {other}"),
        }
    }
    let Some(rule) = schema.get("additionalProperties") else {
        return Ok(());
    };
    for (key, inner) in value.as_object().into_iter().flatten() {
        let named = schema
            .get("properties")
            .is_some_and(|properties| properties.get(key).is_some());
        if !named {
            fits(root, rule, inner, &format!("{at}.{key}"))?;
        }
    }
    Ok(())
}

/// The two patterns that there are.
fn matches(pattern: &str, text: &str) -> bool {
    let word = |text: &str, more: &str| {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts_well
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
    };
    match pattern {
        "^[A-Za-z_][A-Za-z0-9_]{0,127}$" => text.len() <= 128 && word(text, ""),
        r"^\$\{(env:|secret:)?[A-Za-z_][A-Za-z0-9_.-]*\}$" => {
            let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
            inner.is_some_and(|inner| {
                let name = inner
                    .strip_prefix("env:")
                    .or_else(|| inner.strip_prefix("secret:"))
                    .unwrap_or(inner);
                word(name, ".-")
            })
        }
        other => panic!("unknown pattern {other}"),
    }
}
