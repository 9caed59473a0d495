//! The interpreter: what it may do, and how much.

use rhai::{Engine, Map};
use serde_json::Value;

use crate::dates;
use crate::fault::Fault;
use crate::host;

/// Calls of functions within functions; the sandbox's stack holds several times as many.
const CALLS: usize = 48;
/// Operators within operators, in the script and in a function.
const DEPTH: (usize, usize) = (64, 64);

/// An interpreter with what every script may call. How large values may be is left to the sandbox: the interpreter would
/// measure an array whole each time that something is pushed to it.
pub fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        .set_max_call_levels(CALLS)
        .set_max_expr_depths(DEPTH.0, DEPTH.1)
        .set_fail_on_invalid_map_property(false)
        .disable_symbol("eval")
        .disable_symbol("import")
        .disable_symbol("export");
    engine.register_type_with_name::<Fault>("error");
    engine.register_fn("to_string", |fault: &mut Fault| fault.0.to_string());
    host::register(&mut engine);
    dates::register(&mut engine);
    engine
}

/// JSON as a script's value.
pub fn value(json: &Value) -> rhai::Dynamic {
    match json {
        Value::Null => rhai::Dynamic::UNIT,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, number) => number.unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(value).collect::<rhai::Array>().into(),
        Value::Object(members) => map(members).into(),
    }
}

/// A JSON object as a script's map.
pub fn map(members: &serde_json::Map<String, Value>) -> Map {
    members
        .iter()
        .map(|(name, member)| (name.as_str().into(), value(member)))
        .collect()
}
