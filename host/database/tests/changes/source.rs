//! A source of changes, and what a sink would make of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use futures::TryStreamExt;
use tenon_database::{
    ChangesBookmark, ChangesConfig, ChangesRequest, ConnectionConfig, Database, Description, Driver, Error, ReadConfig,
    Relation, ScanRequest, TableName, open,
};
use tenon_servers::Postgres;

/// A change as text: `insert`, and its values with `|` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub operation: String,
    pub position: String,
    pub sequence: i64,
    pub values: Vec<String>,
}

pub(crate) struct Source {
    pub database: Arc<dyn Database>,
    pub table: TableName,
    pub config: ChangesConfig,
    pub since: Option<ChangesBookmark>,
    pub parts: usize,
    pub dry: bool,
    /// What the last run wants saved.
    pub next: Option<ChangesBookmark>,
    pub description: Option<Description>,
    /// The rows that a sink has, by their keys.
    pub state: BTreeMap<Vec<String>, Vec<String>>,
}

impl Source {
    pub fn new(server: &Postgres, table: &str) -> Self {
        Self::of(server.url(), table)
    }

    pub fn of(url: String, table: &str) -> Self {
        let table: TableName = table.parse().unwrap();
        let letters: String = table
            .table
            .to_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(30)
            .collect();
        Self {
            database: open(Driver::Postgres, &ConnectionConfig::new(url)).unwrap(),
            config: ChangesConfig {
                slot: Some(format!("slot_{letters}")),
                ..ChangesConfig::default()
            },
            table,
            since: None,
            parts: 2,
            dry: false,
            next: None,
            description: None,
            state: BTreeMap::new(),
        }
    }

    fn request(&self) -> ChangesRequest {
        ChangesRequest {
            table: self.table.clone(),
            config: self.config.clone(),
            read: ReadConfig::default(),
            since: self.since.clone(),
            dry: self.dry,
            parts: self.parts,
            batch_rows: 1_000,
        }
    }

    /// Reads all parts.
    pub fn run(&mut self) -> Result<Vec<Row>, Error> {
        runtime().block_on(async {
            let changes = self.database.changes(self.request()).await?;
            let mut rows = Vec::new();
            for part in 0..changes.scan.parts() {
                assert!(!changes.scan.statement(part).is_empty());
                let batches: Vec<RecordBatch> = changes.scan.read(part).try_collect().await?;
                for batch in batches {
                    assert_eq!(batch.schema(), changes.description.schema);
                    assert!(batch.num_rows() <= 1_000);
                    rows.extend(rows_of(&batch));
                }
            }
            self.next = Some(changes.next);
            self.description = Some(changes.description);
            Ok(rows)
        })
    }

    /// Reads, and does with the rows and the bookmark what a run does that commits.
    pub fn commit(&mut self) -> Vec<Row> {
        let rows = self.run().unwrap();
        for row in &rows {
            self.apply(row);
        }
        self.since = self.next.clone();
        rows
    }

    fn apply(&mut self, row: &Row) {
        let description = self.description.as_ref().unwrap();
        let names = description.columns.iter().skip(4).map(|column| &column.name);
        let keys = names
            .enumerate()
            .filter(|(_, name)| description.primary_key.contains(name));
        let key: Vec<String> = keys.map(|(index, _)| row.values[index].clone()).collect();
        match row.operation.as_str() {
            "insert" => {
                let before = self.state.insert(key, row.values.clone());
                assert_eq!(before, None, "inserted twice: {row:?}");
            }
            "update" => {
                self.state.insert(key, row.values.clone());
            }
            "delete" => {
                assert!(self.state.remove(&key).is_some(), "deleted what was not there: {row:?}");
            }
            "truncate" => self.state.clear(),
            other => panic!("{other}"),
        }
    }

    /// That the sink's rows are the table's.
    pub fn assert_same(&self) {
        let rows: Vec<Vec<String>> = self.state.values().cloned().collect();
        let mut rows = rows;
        rows.sort();
        let mut expected = self.table_rows();
        expected.sort();
        assert_eq!(rows.len(), expected.len());
        assert_eq!(rows, expected);
    }

    /// The table's rows as they are now.
    pub fn table_rows(&self) -> Vec<Vec<String>> {
        runtime().block_on(async {
            let relation = Relation::Table(self.table.clone());
            let description = self.database.describe(&relation, &ReadConfig::default()).await.unwrap();
            let request = ScanRequest {
                relation,
                schema: description.schema,
                predicate: None,
                limit: None,
                parts: 1,
                split_by: None,
                batch_rows: 10_000,
            };
            let scan = self.database.scan(request).await.unwrap();
            let batches: Vec<RecordBatch> = scan.read(0).try_collect().await.unwrap();
            batches
                .iter()
                .flat_map(|batch| (0..batch.num_rows()).map(|row| values(batch, row, 0)))
                .collect()
        })
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let (operations, positions) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
    let sequences = batch.column(3).as_primitive::<arrow::datatypes::Int64Type>();
    assert_eq!(batch.column(2).null_count(), 0);
    let row = |row: usize| Row {
        operation: operations.value(row).to_owned(),
        position: positions.value(row).to_owned(),
        sequence: sequences.value(row),
        values: values(batch, row, 4),
    };
    (0..batch.num_rows()).map(row).collect()
}

fn values(batch: &RecordBatch, row: usize, from: usize) -> Vec<String> {
    let value = |column: &arrow::array::ArrayRef| {
        if column.is_null(row) {
            return "null".to_owned();
        }
        // What shows arrays knows no time zones by name.
        if matches!(column.data_type(), DataType::Timestamp(_, Some(_))) {
            return array_value_to_string(&cast(column, &DataType::Int64).unwrap(), row).unwrap();
        }
        array_value_to_string(column, row).unwrap()
    };
    batch.columns().iter().skip(from).map(value).collect()
}

/// The rows in short: `insert 1 a`.
pub(crate) fn short(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| format!("{} {}", row.operation, row.values.join(" ")))
        .collect()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
