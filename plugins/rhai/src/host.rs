//! What the run offers to scripts: log, counters, parameters, secrets, clock, state.

use std::cell::Cell;

use rhai::{Blob, Dynamic, Engine, ImmutableString};
use tenon::{Error, Level, state};

use crate::clock::Timestamp;
use crate::fault::{Thrown, throw};

thread_local! {
    /// While a script only runs to show which columns it makes, it leaves nothing behind.
    static TRYING: Cell<bool> = const { Cell::new(false) };
}

/// Runs something that leaves nothing in the log, the counters and the state.
pub fn trying<T>(run: impl FnOnce() -> T) -> T {
    TRYING.set(true);
    let result = run();
    TRYING.set(false);
    result
}

fn is_real() -> bool {
    !TRYING.get()
}

fn log(level: Level, text: &str) {
    if is_real() {
        tenon::log(level, text);
    }
}

/// Adds the functions.
pub fn register(engine: &mut Engine) {
    engine.on_print(|text| log(Level::Info, text));
    engine.on_debug(|text, _, position| match position.line() {
        Some(line) => log(Level::Debug, &format!("line {line}: {text}")),
        None => log(Level::Debug, text),
    });
    engine.register_fn("log", |text: Dynamic| log(Level::Info, &text.to_string()));
    engine.register_fn("log", |level: ImmutableString, text: Dynamic| -> Result<(), Thrown> {
        let level = match level.as_str() {
            "trace" => Level::Trace,
            "debug" => Level::Debug,
            "info" => Level::Info,
            "warn" => Level::Warn,
            "error" => Level::Error,
            other => {
                let message =
                    format!("there is no log level `{other}`; the levels are trace, debug, info, warn, error");
                return Err(throw(Error::bad_config(message)));
            }
        };
        log(level, &text.to_string());
        Ok(())
    });
    engine.register_fn("count", |metric: ImmutableString, amount: i64| {
        count(&metric, amount as f64);
    });
    engine.register_fn("count", |metric: ImmutableString, amount: f64| count(&metric, amount));
    engine.register_fn("param", |name: ImmutableString| {
        tenon::parameter(&name).map_or(Dynamic::UNIT, Dynamic::from)
    });
    engine.register_fn("secret", |name: ImmutableString| tenon::secret(&name).map_err(throw));
    engine.register_fn("now", || {
        let now = tenon::now();
        Timestamp {
            seconds: now.seconds,
            nanos: now.nanoseconds,
            zoned: true,
        }
    });
    register_state(engine);
}

fn count(metric: &str, amount: f64) {
    if is_real() {
        tenon::count(metric, amount);
    }
}

fn register_state(engine: &mut Engine) {
    engine.register_fn("state_get", |key: ImmutableString| -> Result<Dynamic, Thrown> {
        let value = state::get(&key).map_err(throw)?;
        Ok(match value.map(String::from_utf8) {
            None => Dynamic::UNIT,
            Some(Ok(text)) => text.into(),
            Some(Err(bytes)) => Dynamic::from_blob(bytes.into_bytes()),
        })
    });
    engine.register_fn(
        "state_put",
        |key: ImmutableString, value: Dynamic| -> Result<(), Thrown> {
            let bytes = match value.try_cast_result::<Blob>() {
                Ok(bytes) => bytes,
                Err(value) => value.to_string().into_bytes(),
            };
            if is_real() {
                state::put(&key, bytes).map_err(throw)
            } else {
                Ok(())
            }
        },
    );
    engine.register_fn("state_delete", |key: ImmutableString| -> Result<(), Thrown> {
        if is_real() {
            state::delete(&key).map_err(throw)
        } else {
            Ok(())
        }
    });
}
