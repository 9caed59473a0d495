//! Where a script writes.

use serde_json::Value;

use super::table::Table;

/// A sink: what stands in a sink's table of a job file. A text is a URL.
///
/// ```
/// use tenon::job::{Mode, Sink};
///
/// # fn write(orders: &tenon::job::Frame) -> tenon::Result<()> {
/// orders.write(Sink::parquet("s3://lake/orders/").partition_by(["country"]).mode(Mode::Append))?;
/// orders.write("orders.csv")?;
/// orders.write(Sink::connector("postgres").option("connection", "shop").option("table", "orders"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sink(Table);

/// What becomes of data that a sink already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: the run fails before it reads.
    Error,
    /// They are replaced, once the new ones are complete.
    Overwrite,
    /// They stay, the new ones are added.
    Append,
    /// They stay, and nothing is written.
    Ignore,
}

impl Sink {
    /// CSV files.
    pub fn csv(url: impl Into<String>) -> Self {
        Self(Table::files("csv", url.into()))
    }

    /// Files with values separated by tabs.
    pub fn tsv(url: impl Into<String>) -> Self {
        Self(Table::files("tsv", url.into()))
    }

    /// Files with one JSON object per line.
    pub fn ndjson(url: impl Into<String>) -> Self {
        Self(Table::files("ndjson", url.into()))
    }

    /// Parquet files.
    pub fn parquet(url: impl Into<String>) -> Self {
        Self(Table::files("parquet", url.into()))
    }

    /// Avro files.
    pub fn avro(url: impl Into<String>) -> Self {
        Self(Table::files("avro", url.into()))
    }

    /// Whatever a connector writes.
    pub fn connector(name: &str) -> Self {
        Self(Table::connector(name))
    }

    /// A folder for each value of these columns, which the files then leave out.
    #[must_use]
    pub fn partition_by<S: AsRef<str>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        for column in columns {
            self.0.push("partition_by", column.as_ref().into());
        }
        self
    }

    /// What becomes of data that are already there; without it, the run fails if there are any.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        self.option(
            "mode",
            match mode {
                Mode::Error => "error",
                Mode::Overwrite => "overwrite",
                Mode::Append => "append",
                Mode::Ignore => "ignore",
            },
        )
    }

    /// Any setting, by its path in the table: `"parquet.compression"`.
    #[must_use]
    pub fn option(mut self, path: &str, value: impl Into<Value>) -> Self {
        *self.0.at(path) = value.into();
        self
    }

    pub(crate) fn into_json(self) -> String {
        self.0.into_json()
    }
}

impl From<&str> for Sink {
    fn from(url: &str) -> Self {
        Self(Table(url.into()))
    }
}

impl From<String> for Sink {
    fn from(url: String) -> Self {
        Self(Table(url.into()))
    }
}

/// The table as it is: `json!({ "connector": "file", .. })`.
impl From<Value> for Sink {
    fn from(table: Value) -> Self {
        Self(Table(table))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(sink: Sink) -> Value {
        serde_json::from_str(&sink.into_json()).expect("it is JSON")
    }

    #[test]
    fn sinks_are_the_json_of_a_job_file() {
        let sink = Sink::parquet("out/")
            .partition_by(["carrier", "year"])
            .mode(Mode::Overwrite);
        let expected = json!({
            "connector": "file",
            "url": "out/",
            "format": "parquet",
            "partition_by": ["carrier", "year"],
            "mode": "overwrite",
        });
        assert_eq!(table(sink), expected);
        assert_eq!(table(Sink::from("out.csv")), json!("out.csv"));
    }
}
