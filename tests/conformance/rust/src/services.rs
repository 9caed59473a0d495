//! What the run offers.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Column, DataType, ErrorKind, Field, Level, NoConfig, Result, Schema, Transform, Utf8, state};

/// What to ask for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Services {
    /// A parameter.
    parameter: String,
    /// A secret.
    secret: String,
}

/// Asks the run for everything that it offers.
#[tenon::transform]
fn host(batch: Batch, config: &Services) -> Result<Batch> {
    for (level, name) in [
        (Level::Trace, "trace"),
        (Level::Debug, "debug"),
        (Level::Info, "info"),
        (Level::Warn, "warn"),
        (Level::Error, "error"),
    ] {
        tenon::log(level, &format!("a line of {name}"));
    }
    tenon::count("conformance.rows", batch.rows() as f64);
    let parameter = tenon::parameter(&config.parameter);
    let secret = match tenon::secret(&config.secret) {
        Ok(secret) => secret,
        Err(error) if error.kind() == ErrorKind::Denied => "denied".to_owned(),
        Err(error) => return Err(error),
    };
    // 365.2425 days, which is right but for hours around New Year.
    let year = 1970 + tenon::now().seconds / 31_556_952;
    let random = tenon::random(16)?.len() as i64;
    let rows = 0..batch.rows();
    batch.with_columns([
        (
            "parameter",
            rows.clone().map(|_| parameter.as_deref()).collect::<Utf8>().into(),
        ),
        ("secret", rows.clone().map(|_| secret.as_str()).collect::<Utf8>().into()),
        ("year", rows.clone().map(|_| year).collect::<Column<i64>>().into()),
        ("random", rows.map(|_| random).collect::<Column<i64>>().into()),
    ])
}

struct Runs(Option<i64>);

/// Counts its sandboxes in the run's state.
#[tenon::transform(name = "state")]
impl Transform for Runs {
    type Config = NoConfig;

    fn open(_config: NoConfig, _input: &Schema) -> Result<Self> {
        Ok(Self(None))
    }

    fn output_schema(&self, input: &Schema) -> Result<Schema> {
        let mut fields = input.fields.clone();
        fields.push(Field::new("runs", DataType::Int64));
        Ok(Schema::new(fields))
    }

    fn process(&mut self, batch: Batch) -> Result<Batch> {
        let runs = match self.0 {
            Some(runs) => runs,
            // `open` tries the function with no rows: that leaves no traces.
            None if batch.rows() == 0 => 0,
            None => {
                let before = state::get("runs")?.map(String::from_utf8).transpose()?;
                let runs = before.as_deref().unwrap_or("0").parse::<i64>()? + 1;
                state::put("runs", runs.to_string())?;
                *self.0.insert(runs)
            }
        };
        batch.with_column("runs", (0..batch.rows()).map(|_| runs).collect::<Column<i64>>())
    }
}

struct CountRows(i64);

/// Counts rows, and says how many there were at the end.
#[tenon::transform]
impl Transform for CountRows {
    type Config = NoConfig;

    fn open(_config: NoConfig, _input: &Schema) -> Result<Self> {
        Ok(Self(0))
    }

    fn output_schema(&self, _input: &Schema) -> Result<Schema> {
        Ok(Schema::new([Field::new("rows", DataType::Int64)]))
    }

    fn process(&mut self, batch: Batch) {
        self.0 += batch.rows() as i64;
    }

    fn finish(&mut self) -> Result<Batch> {
        Batch::new([("rows", vec![self.0].into())])
    }
}
