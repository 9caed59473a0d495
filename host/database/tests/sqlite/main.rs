//! What is SQLite's own: values of any type in any column, files, and locks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use async_trait::async_trait;
use futures::TryStreamExt;
use tempfile::TempDir;
use tenon_database::{
    Begun, Committed, ConnectionConfig, Database, Discover, Driver, Error, LoadRequest, Mode, ReadConfig, RejectedRows,
    Relation, ScanRequest, Stage, TableName, WriteConfig, open,
};

struct File {
    folder: TempDir,
}

impl File {
    fn new(sql: &str) -> Self {
        let file = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        file.connect().execute_batch(sql).unwrap();
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a file.db")
    }

    fn connect(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }

    fn open(&self, options: &str) -> Arc<dyn Database> {
        let mut config = ConnectionConfig::new(format!("sqlite://{}{options}", self.path().display()));
        config.options.lock_timeout = 1;
        open(Driver::Sqlite, &config).unwrap()
    }

    async fn read(&self, table: &str, types: &[(&str, &str)]) -> Result<RecordBatch, Error> {
        let relation = Relation::Table(TableName::new(None, table));
        let mut config = ReadConfig::default();
        config.schema.extend(
            types
                .iter()
                .map(|(name, data_type)| ((*name).to_owned(), (*data_type).to_owned())),
        );
        let database = self.open("");
        let description = database.describe(&relation, &config).await?;
        let request = ScanRequest {
            relation,
            schema: Arc::clone(&description.schema),
            predicate: None,
            limit: None,
            parts: 1,
            split_by: None,
            batch_rows: 100,
        };
        let batches: Vec<RecordBatch> = database.scan(request).await?.read(0).try_collect().await?;
        Ok(arrow::compute::concat_batches(&description.schema, &batches).unwrap())
    }
}

struct Nobody;

#[async_trait]
impl RejectedRows for Nobody {
    async fn reject(&self, _: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        panic!("{reasons:?}");
    }
}

async fn write(database: &dyn Database, table: &str, mode: Mode, rows: &RecordBatch) -> Result<Committed, Error> {
    let request = LoadRequest {
        table: TableName::new(None, table),
        config: WriteConfig {
            mode,
            ..WriteConfig::default()
        },
        schema: rows.schema(),
        run: format!("run-{table}-{mode:?}"),
        sink: "sink".to_owned(),
    };
    let Begun::Ready(mut load) = database.begin(request).await? else {
        panic!("ignored");
    };
    let mut writer = load.writer(0);
    writer.write(rows).await?;
    let part = writer.finish().await?;
    load.prepare(vec![part], &Nobody).await?;
    load.commit().await
}

fn column(name: &str, array: ArrayRef) -> RecordBatch {
    let schema = Schema::new(vec![Field::new(name, array.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![array]).unwrap()
}

#[tokio::test]
async fn a_value_that_is_not_of_the_declared_type_names_its_row() {
    let file = File::new("create table t (n integer, d decimal(5,2)); insert into t values (1, 1.5), ('x', 2)");
    let error = file
        .read("t", &[])
        .await
        .expect_err("the second row holds text")
        .to_string();
    assert!(
        error.contains("column `n`") && error.contains("rowid 2") && error.contains("'x'"),
        "{error}"
    );
    assert!(error.contains("schema = {"), "{error}");
    let rows = file.read("t", &[("n", "text")]).await.unwrap();
    assert_eq!(rows.column(0).as_string::<i32>().value(1), "x");
    assert_eq!(rows.column(1).data_type(), &DataType::Decimal128(5, 2));
}

#[tokio::test]
async fn columns_without_a_type_get_that_of_their_first_rows() {
    let file = File::new(
        "create table t (a, b, c numeric, d, e); \
         insert into t values (null, x'00', 1, 1, null), (1, null, 2.5, 'x', null)",
    );
    let rows = file.read("t", &[]).await.unwrap();
    let types: Vec<DataType> = rows.columns().iter().map(|column| column.data_type().clone()).collect();
    let expected = [
        DataType::Int64,
        DataType::Binary,
        DataType::Float64,
        DataType::Utf8,
        DataType::Utf8,
    ];
    assert_eq!(types, expected);
    let relation = Relation::Table(TableName::new(None, "t"));
    let description = file.open("").describe(&relation, &ReadConfig::default()).await.unwrap();
    assert!(description.columns.iter().all(|column| column.note.is_some()));
}

#[tokio::test]
async fn moments_are_read_in_each_of_their_forms() {
    let file = File::new(
        "create table t (at datetime, day date); \
         insert into t values ('2023-11-14 22:13:20', '2023-11-14'), (1700000000, 2460262.5), \
         (julianday('2023-11-14 22:13:20'), null), ('2023-11-15T00:13:20+02:00', null)",
    );
    let rows = file.read("t", &[]).await.unwrap();
    assert_eq!(
        rows.column(0).data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, None)
    );
    let moments = rows.column(0).as_primitive::<TimestampMicrosecondType>();
    assert!(
        moments.values().iter().all(|moment| *moment == 1_700_000_000_000_000),
        "{moments:?}"
    );
    let days = rows.column(1).as_primitive::<arrow::datatypes::Date32Type>();
    assert_eq!((days.value(0), days.value(1), days.is_null(2)), (19_675, 19_675, true));
}

#[tokio::test]
async fn a_file_that_is_missing_is_made_by_a_sink_alone() {
    let file = File {
        folder: tempfile::tempdir().unwrap(),
    };
    let error = file.read("t", &[]).await.expect_err("there is no file");
    assert!(
        matches!(
            error,
            Error::Connect {
                stage: Stage::Database,
                ..
            }
        ),
        "{error}"
    );
    assert!(file.open("").check().await.is_ok());
    assert!(file.open("?mode=ro").check().await.is_err());
    assert!(!file.path().exists());
    let rows = column("n", Arc::new(Int64Array::from(vec![1, 2])));
    write(file.open("").as_ref(), "t", Mode::Error, &rows).await.unwrap();
    assert_eq!(file.read("t", &[]).await.unwrap(), rows);
}

#[tokio::test]
async fn what_is_no_database_or_may_not_be_written_is_said() {
    let file = File::new("create table t (n integer)");
    let rows = column("n", Arc::new(Int64Array::from(vec![1])));
    let error = write(file.open("?mode=ro").as_ref(), "t", Mode::Append, &rows)
        .await
        .expect_err("read only");
    assert!(
        matches!(
            error,
            Error::Connect {
                stage: Stage::Permission,
                ..
            }
        ),
        "{error}"
    );
    std::fs::write(
        file.path(),
        "not a database, though long enough to be looked at".repeat(50),
    )
    .unwrap();
    let error = file.open("").check().await.expect_err("no database");
    assert!(error.to_string().contains("not a database"), "{error}");
}

#[tokio::test]
async fn a_lock_that_is_not_released_is_waited_for_and_then_said() {
    let file = File::new("create table t (n integer)");
    let other = file.connect();
    other
        .execute_batch("begin immediate; insert into t values (0)")
        .unwrap();
    let rows = column("n", Arc::new(Int64Array::from(vec![1])));
    let error = write(file.open("").as_ref(), "t", Mode::Append, &rows)
        .await
        .expect_err("locked");
    assert!(error.may_pass() && error.to_string().contains("locked"), "{error}");
    other.execute_batch("commit").unwrap();
    write(file.open("").as_ref(), "t", Mode::Overwrite, &rows)
        .await
        .unwrap();
    assert_eq!(
        file.read("t", &[])
            .await
            .unwrap()
            .column(0)
            .as_primitive::<Int64Type>()
            .values(),
        &[1]
    );
}

#[tokio::test]
async fn values_that_sqlite_would_change_are_refused() {
    let file = File::new("create table t (d decimal(30,10), f double)");
    let database = file.open("");
    let digits = Decimal128Array::from(vec![12_345_678_901_234_567_890])
        .with_precision_and_scale(30, 10)
        .unwrap();
    let error = write(database.as_ref(), "t", Mode::Append, &column("d", Arc::new(digits)))
        .await
        .expect_err("digits");
    assert!(
        matches!(&error, Error::Value { column, .. } if column == "d"),
        "{error}"
    );
    let nan = column("f", Arc::new(Float64Array::from(vec![f64::NAN])));
    let error = write(database.as_ref(), "t", Mode::Append, &nan)
        .await
        .expect_err("NaN");
    assert!(
        matches!(&error, Error::Value { column, .. } if column == "f"),
        "{error}"
    );
}

#[tokio::test]
async fn rows_that_others_refer_to_are_not_replaced_by_none() {
    let file = File::new(
        "create table t (n integer primary key); insert into t values (1), (2); \
         create table child (n integer references t (n)); insert into child values (1)",
    );
    let database = file.open("");
    let without = column("n", Arc::new(Int64Array::from(vec![2, 3])));
    let error = write(database.as_ref(), "t", Mode::Overwrite, &without)
        .await
        .expect_err("1 is needed");
    assert!(matches!(&error, Error::Constraint { .. }), "{error}");
    let with = column("n", Arc::new(Int64Array::from(vec![1, 3])));
    write(database.as_ref(), "t", Mode::Overwrite, &with).await.unwrap();
    assert_eq!(
        file.read("t", &[])
            .await
            .unwrap()
            .column(0)
            .as_primitive::<Int64Type>()
            .values(),
        &[1, 3]
    );
}

#[tokio::test]
async fn unique_and_foreign_keys_are_found() {
    let file = File::new(
        "create table customers (number int, country text, email text unique, primary key (country, number));
         create table orders (id integer primary key, number int, country text, parent int references orders, note text,
           foreign key (number, country) references customers (number, country));
         create unique index two on orders (note, country);
         create unique index some on orders (parent) where parent > 0;
         create unique index expressions on orders (lower(note))",
    );
    let database = file.open("");
    assert_eq!(database.schemas().await.unwrap(), ["main"]);
    let found = database.discover(&Discover::default()).await.unwrap();
    let (customers, orders) = (&found[0], &found[1]);
    assert_eq!(customers.unique_keys, [["email"]]);
    assert!(customers.foreign_keys.is_empty());
    assert_eq!(orders.unique_keys, [["note", "country"]]);
    let keys = orders.foreign_keys.iter().map(|key| {
        let (columns, referenced) = (key.columns.join(","), key.referenced.join(","));
        format!("{columns} -> {} {referenced}", key.table)
    });
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    assert_eq!(
        keys,
        ["number,country -> customers number,country", "parent -> orders id"]
    );
}
