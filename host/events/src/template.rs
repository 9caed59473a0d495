//! Texts with places for what an event has: `{{event.kind}}`, `{{event.data.error.code}}`.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use crate::event::Recorded;

const LONGEST: usize = 16 << 10;
/// Most bytes of a text that was filled in.
const LONGEST_FILLED: usize = 256 << 10;
const MOST_PLACES: usize = 100;

/// A text, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Fields, one in another, of the event.
    Place(Vec<String>),
}

impl Template {
    /// Reads a text; the error is a reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("a text has {} bytes, and may have {LONGEST}", text.len()));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (place, after) = after
                .split_once("}}")
                .ok_or_else(|| "a text has `{{` without `}}`".to_owned())?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place(path(place.trim())?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        if parts.len() > 2 * MOST_PLACES + 1 {
            return Err(format!("a text has more than {MOST_PLACES} places"));
        }
        Ok(Self(parts))
    }

    /// The text for an event; what it lacks is empty. `escape` gets what comes from the event.
    pub fn fill(&self, event: &Recorded, escape: impl Fn(&str) -> String) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(path) => filled.push_str(&escape(&find(event, path))),
            }
            if filled.len() > LONGEST_FILLED {
                let end = (0..=LONGEST_FILLED).rev().find(|at| filled.is_char_boundary(*at));
                filled.truncate(end.unwrap_or_default());
                return filled;
            }
        }
        filled
    }
}

fn path(place: &str) -> Result<Vec<String>, String> {
    let parts: Vec<String> = place.split('.').map(str::to_owned).collect();
    let known = match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["event", "kind" | "subject" | "tenant" | "time" | "number"] => true,
        ["event", "data", ..] => parts.iter().all(|part| !part.is_empty()),
        _ => false,
    };
    if known {
        return Ok(parts);
    }
    let place: String = place.chars().take(50).collect();
    Err(format!(
        "`{{{{{place}}}}}` is unknown; there are event.kind, event.subject, event.tenant, event.time, event.number and event.data.*"
    ))
}

fn find(event: &Recorded, path: &[String]) -> String {
    match path.get(1).map(String::as_str) {
        Some("kind") => event.kind.clone(),
        Some("subject") => event.subject.clone(),
        Some("tenant") => event.tenant.clone().unwrap_or_default(),
        Some("time") => time(event.time),
        Some("number") => event.number.to_string(),
        _ => {
            let found = path.iter().skip(2).try_fold(&event.data, |value, field| match value {
                Value::Array(values) => values.get(field.parse::<usize>().ok()?),
                value => value.get(field),
            });
            match found {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            }
        }
    }
}

/// A time, as RFC 3339 writes it.
pub(crate) fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled() {
        let event = Recorded {
            position: 1,
            number: 7,
            tenant: Some("acme".to_owned()),
            kind: "run.failed".to_owned(),
            subject: "run_1".to_owned(),
            time: 1_700_000_000_000_000,
            data: json!({ "error": { "code": 5 }, "list": ["a", "b"], "text": "{{event.kind}}" }),
        };
        let fill = |text: &str| Template::parse(text).unwrap().fill(&event, str::to_owned);
        assert_eq!(fill("{{event.kind}}: {{ event.data.error.code }}!"), "run.failed: 5!");
        assert_eq!(fill("{{event.data.list.1}}{{event.data.missing.x}}"), "b");
        assert_eq!(fill("{{event.time}} {{event.number}}"), "2023-11-14T22:13:20.000000Z 7");
        // What comes from an event is not a template.
        assert_eq!(fill("{{event.data.text}}"), "{{event.kind}}");
        for wrong in ["{{", "{{event.secret}}", "{{x}}", "{{event.data..a}}", "{{}}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
