//! Floods of what is small by itself: messages, state, names.

use crate::bindings::exports::tenon::etl::transform::Output;
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::{Error, Kind};
use crate::bindings::tenon::etl::host::{self, Level};
use crate::{Attack, failure, nothing, number, pass};

const MEBIBYTE: usize = 1 << 20;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("log", |batch, times| Ok(log(batch, number(times)))),
    ("log-large", |batch, _| Ok(log_large(batch))),
    ("log-control", |batch, text| {
        host::log(Level::Info, text);
        Ok(pass(batch))
    }),
    ("state", |batch, times| state(batch, number(times))),
    ("state-large", |batch, bytes| {
        put("key", &vec![0; number(bytes)]).map(|()| pass(batch))
    }),
    ("state-key", |batch, bytes| {
        put(&"k".repeat(number(bytes)), &[]).map(|()| pass(batch))
    }),
    ("state-put", |batch, text| {
        put(text, text.as_bytes()).map(|()| pass(batch))
    }),
    ("state-get", |batch, text| {
        let found = host::state_get(text)?.is_some();
        host::count("found", f64::from(u8::from(found)));
        Ok(pass(batch))
    }),
    ("metrics", |batch, times| Ok(metrics(batch, number(times)))),
    ("metric-large", |batch, _| {
        host::count(&"m".repeat(MEBIBYTE), f64::NAN);
        Ok(pass(batch))
    }),
    ("parameter", |batch, name| {
        let found = host::parameter(name).or_else(|| host::parameter(&"p".repeat(MEBIBYTE)));
        host::count("found", f64::from(u8::from(found.is_some())));
        Ok(pass(batch))
    }),
    ("secret-name", |_, _| {
        host::secret(&"s".repeat(MEBIBYTE)).map(|_| nothing())
    }),
    ("random", |batch, bytes| {
        let random = host::random(u32::try_from(number(bytes)).unwrap_or(u32::MAX))?;
        host::count("random", random.len() as f64);
        Ok(pass(batch))
    }),
];

fn log(batch: Batch, times: usize) -> Output {
    for _ in 0..times {
        host::log(Level::Error, "the same old line, again and again and again");
    }
    pass(batch)
}

fn log_large(batch: Batch) -> Output {
    host::log(Level::Info, &"x".repeat(50 * MEBIBYTE));
    pass(batch)
}

fn state(batch: Batch, times: usize) -> Result<Output, Error> {
    for turn in 0..times {
        put(&format!("key-{turn}"), b"value")?;
    }
    Ok(pass(batch))
}

fn put(key: &str, value: &[u8]) -> Result<(), Error> {
    host::state_put(key, value)?;
    let back = host::state_get(key)?;
    if back.as_deref() != Some(value) {
        return Err(failure(Kind::Internal, "the state came back different"));
    }
    Ok(())
}

fn metrics(batch: Batch, times: usize) -> Output {
    for turn in 0..times {
        host::count(&format!("metric-{turn}"), 1.0);
    }
    pass(batch)
}
