//! What the run offers besides data.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Column, Result, Utf8, state};

/// What to ask for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Services {
    /// Written to the log at every level.
    log: Option<String>,
    /// Counted once per row.
    count: Option<String>,
    /// A parameter to read.
    parameter: Option<String>,
    /// A secret to read.
    secret: Option<String>,
    /// A key of the state to read, then to count up.
    state: Option<String>,
    /// A key of the state to delete.
    delete: Option<String>,
    /// Random bytes to draw.
    random: Option<usize>,
}

/// Uses the run's services. Adds `parameter` (null if there is none), `secret_bytes` (its length), `state` (the text that
/// was there before), `random_bytes` (how many came) and `now` (seconds since the epoch).
#[tenon::transform(stateless = false)]
fn services(batch: Batch, config: &Services) -> Result<Batch> {
    let rows = batch.rows();
    let mut seen = Seen::default();
    // `open` tries the function with no rows: that leaves no traces.
    if rows > 0 {
        seen = ask(config, rows)?;
    }
    let number = |value: Option<i64>| (0..rows).map(|_| value).collect::<Column<i64>>();
    let text = |value: &Option<String>| (0..rows).map(|_| value.as_deref()).collect::<Utf8>();
    batch.with_columns([
        ("parameter", text(&seen.parameter).into()),
        ("secret_bytes", number(seen.secret_bytes).into()),
        ("state", text(&seen.state).into()),
        ("random_bytes", number(seen.random_bytes).into()),
        ("now", number(seen.now).into()),
    ])
}

#[derive(Default)]
struct Seen {
    parameter: Option<String>,
    secret_bytes: Option<i64>,
    state: Option<String>,
    random_bytes: Option<i64>,
    now: Option<i64>,
}

fn ask(config: &Services, rows: usize) -> Result<Seen> {
    if let Some(message) = &config.log {
        for level in log::Level::iter() {
            log::log!(level, "{message} at {level}");
        }
    }
    if let Some(metric) = &config.count {
        tenon::count(metric, rows as f64);
    }
    if let Some(key) = &config.delete {
        state::delete(key)?;
    }
    Ok(Seen {
        parameter: config.parameter.as_deref().and_then(tenon::parameter),
        secret_bytes: config
            .secret
            .as_deref()
            .map(tenon::secret)
            .transpose()?
            .map(|secret| secret.len() as i64),
        state: config.state.as_deref().map(count_up).transpose()?.flatten(),
        random_bytes: config
            .random
            .map(tenon::random)
            .transpose()?
            .map(|bytes| bytes.len() as i64),
        now: Some(tenon::now().seconds),
    })
}

/// Adds one to a number in the state; answers with what was there.
fn count_up(key: &str) -> Result<Option<String>> {
    let before = state::get(key)?.map(String::from_utf8).transpose()?;
    let next = before.as_deref().unwrap_or("0").parse::<i64>()? + 1;
    state::put(key, next.to_string())?;
    Ok(before)
}
