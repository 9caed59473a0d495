//! TPC-H: its tables as Parquet, its 22 queries with the specification's default values, and their answers.

mod answers;
mod data;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

pub use answers::Answer;
pub use data::{TABLES, generate};

/// Scale factor of the answers in `tests/tpch/answers`, which DuckDB has given.
pub const ANSWERED_SCALE: f64 = 0.05;

/// One of the queries.
#[derive(Debug, Clone)]
pub struct Query {
    /// `q01` to `q22`.
    pub name: String,
    /// In SQL that DataFusion and DuckDB understand alike.
    pub sql: String,
}

/// Where the queries are, a file each.
pub fn queries_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tpch/queries")
}

/// Where the answers of [`ANSWERED_SCALE`] are.
pub fn answers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tpch/answers")
}

/// The queries, for data of this scale factor.
///
/// # Errors
/// If a file cannot be read.
pub fn queries(scale: f64) -> anyhow::Result<Vec<Query>> {
    let query = |number: usize| {
        let name = format!("q{number:02}");
        let path = queries_folder().join(format!("{name}.sql"));
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // The specification has Q11 look at a smaller part of larger data.
        let sql = text.replace("FRACTION", &format!("{:.10}", 0.0001 / scale));
        Ok(Query { name, sql })
    };
    (1..=22).map(query).collect()
}

impl Query {
    /// The query as a job file: reads the tables in `data` that it names, and writes one Parquet file.
    pub fn job(&self, data: &Path, to: &Path) -> String {
        let mut job = format!("name = \"{}\"\n", self.name);
        for table in TABLES.iter().filter(|table| self.reads(table)) {
            let file = data.join(format!("{table}.parquet"));
            let _ = write!(job, "\n[sources.{table}]\nurl = \"{}\"\n", file.display());
        }
        let _ = write!(job, "\n[steps.answer]\nsql = \"\"\"\n{}\"\"\"\n", self.sql);
        let _ = write!(
            job,
            "\n[sinks.file]\nfrom = \"answer\"\nurl = \"{}\"\nmode = \"overwrite\"\n",
            to.display()
        );
        job
    }

    /// Whether the table is named, and not only a part of another word.
    pub fn reads(&self, table: &str) -> bool {
        let mut words = self.sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| word == table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_read_the_tables_that_they_name_and_no_others() {
        let queries = queries(1.0).expect("the queries are there");
        let job = queries[3].job(Path::new("data"), Path::new("out/q04.parquet"));
        assert!(job.contains("[sources.orders]") && job.contains("[sources.lineitem]"));
        assert_eq!(job.matches("[sources.").count(), 2, "{job}");
        assert!(queries[10].sql.contains("* 0.0001000000"));
    }
}
