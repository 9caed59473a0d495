//! What a script reads.

use serde_json::Value;

use super::table::Table;

/// A source: what stands in a source's table of a job file. A text is the URL of files, or the name of a table that the
/// job knows.
///
/// ```
/// use tenon::job::Source;
///
/// # fn read(ctx: &tenon::job::Context) -> tenon::Result<()> {
/// let flights = ctx.read(Source::csv("data/flights-*.csv.gz").null("NA").option("csv.delimiter", ";"))?;
/// let planes = ctx.read("warehouse.planes")?;
/// let orders = ctx.read(Source::connector("postgres").option("connection", "shop").option("table", "orders"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Source(Table);

impl Source {
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

    /// Whatever a connector reads.
    pub fn connector(name: &str) -> Self {
        Self(Table::connector(name))
    }

    /// A text of CSV or TSV files that means "no value", besides those given before.
    #[must_use]
    pub fn null(mut self, text: &str) -> Self {
        self.0.push("csv.null", text.into());
        self
    }

    /// Any setting, by its path in the table: `"csv.delimiter"`.
    #[must_use]
    pub fn option(mut self, path: &str, value: impl Into<Value>) -> Self {
        *self.0.at(path) = value.into();
        self
    }

    pub(crate) fn into_json(self) -> String {
        self.0.into_json()
    }
}

impl From<&str> for Source {
    fn from(url: &str) -> Self {
        Self(Table(url.into()))
    }
}

impl From<String> for Source {
    fn from(url: String) -> Self {
        Self(Table(url.into()))
    }
}

/// The table as it is: `json!({ "connector": "file", .. })`.
impl From<Value> for Source {
    fn from(table: Value) -> Self {
        Self(Table(table))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(source: Source) -> Value {
        serde_json::from_str(&source.into_json()).expect("it is JSON")
    }

    #[test]
    fn sources_are_the_json_of_a_job_file() {
        assert_eq!(table(Source::from("warehouse.rates")), json!("warehouse.rates"));
        let csv = Source::csv("x.csv").null("NA").null("-").option("csv.delimiter", ";");
        let expected = json!({
            "connector": "file",
            "url": "x.csv",
            "format": "csv",
            "csv": { "null": ["NA", "-"], "delimiter": ";" },
        });
        assert_eq!(table(csv), expected);
        let optioned = Source::from("x.csv").option("csv.header", false);
        assert_eq!(
            table(optioned),
            json!({ "connector": "file", "url": "x.csv", "csv": { "header": false } })
        );
    }
}
