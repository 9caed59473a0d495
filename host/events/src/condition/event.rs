//! An event as CEL sees it.

use std::collections::HashMap;

use cel::Value;
use cel::objects::Key;
use chrono::DateTime;
use serde_json::Value as Json;

use super::Load;
use crate::event::Recorded;

pub(super) fn value(event: &Recorded) -> (Value, Load) {
    let mut load = Load::default();
    let time = DateTime::from_timestamp_micros(event.time).unwrap_or_default();
    let fields: HashMap<Key, Value> = HashMap::from([
        (Key::from("kind"), Value::from(event.kind.as_str())),
        (Key::from("subject"), Value::from(event.subject.as_str())),
        (
            Key::from("tenant"),
            Value::from(event.tenant.as_deref().unwrap_or_default()),
        ),
        (Key::from("time"), Value::Timestamp(time.fixed_offset())),
        (Key::from("data"), json(&event.data, &mut load)),
    ]);
    (Value::from(fields), load)
}

fn json(value: &Json, load: &mut Load) -> Value {
    load.values += 1;
    load.bytes += 8;
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::UInt(number),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => {
            load.bytes += text.len() as u64;
            Value::from(text.as_str())
        }
        Json::Array(values) => Value::from(values.iter().map(|value| json(value, load)).collect::<Vec<_>>()),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                load.bytes += name.len() as u64;
                (Key::from(name.as_str()), json(value, load))
            });
            Value::from(fields.collect::<HashMap<Key, Value>>())
        }
    }
}
