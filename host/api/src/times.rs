//! Times in answers, as RFC 3339.

use chrono::{DateTime, SecondsFormat};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Fields that hold a time, which the database has in microseconds since 1970.
const TIMES: [&str; 11] = [
    "at",
    "changed",
    "changed_at",
    "created",
    "due",
    "expires",
    "finished",
    "last_used",
    "since",
    "time",
    "uploaded_at",
];
/// Fields that hold more of what the server made itself. Others may hold what somebody else wrote.
const WITHIN: [&str; 4] = ["aliases", "canary", "items", "token"];

/// Answers with the times of what it holds as texts, as the document of the API says.
#[derive(Clone, Debug)]
pub(crate) struct Timed<T>(pub T);

impl<T: Serialize> Serialize for Timed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(&self.0).map_err(serde::ser::Error::custom)?;
        told(&mut value);
        value.serialize(serializer)
    }
}

fn told(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(told),
        Value::Object(fields) => {
            for (name, field) in fields {
                if WITHIN.contains(&name.as_str()) {
                    told(field);
                } else if let Some(time) = field.as_i64().filter(|_| TIMES.contains(&name.as_str())) {
                    *field = Value::from(text(time));
                }
            }
        }
        _ => {}
    }
}

/// A time as RFC 3339; what is past the calendar's end is its end.
fn text(time: i64) -> String {
    let time = DateTime::from_timestamp_micros(time).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC);
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_others_wrote_stays() {
        let page = json!({ "items": [{ "time": 1_000_000, "data": { "time": 5 } }], "next": null });
        let told = serde_json::to_value(Timed(page)).expect("JSON");
        assert_eq!(told["items"][0]["time"], "1970-01-01T00:00:01Z");
        assert_eq!(told["items"][0]["data"]["time"], 5);
    }
}
