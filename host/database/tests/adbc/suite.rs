//! What every database behind a generic connector has to do, by its interface alone.

use std::sync::{Arc, Mutex};

use arrow::array::cast::AsArray;
use arrow::array::types::{Float64Type, Int64Type};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use tenon_database::{
    Begun, Committed, Comparison, Database, Discover, Error, Evolution, Key, Load, LoadRequest, Mode, OnError, Order,
    Part, Predicate, ReadConfig, RejectedRows, Relation, ScanRequest, TableName, Value, WriteConfig,
};

/// A database to test.
pub type Db = Arc<dyn Database>;

/// Rows with numbers from `first` on.
pub fn rows(first: i64, count: i64) -> RecordBatch {
    let numbers = first..first + count;
    let names = numbers
        .clone()
        .map(|number| (number % 7 != 3).then(|| format!("name {number} 'ä😀'")));
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(Int64Array::from_iter_values(numbers.clone()))),
        ("name", Arc::new(names.collect::<StringArray>())),
        (
            "amount",
            Arc::new(Float64Array::from_iter_values(
                numbers.clone().map(|number| number as f64 / 4.0),
            )),
        ),
        (
            "day",
            Arc::new(Date32Array::from_iter_values(
                numbers.clone().map(|number| number as i32),
            )),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                numbers.clone().map(|number| number * 1_000_001),
            )),
        ),
        (
            "good",
            Arc::new(numbers.map(|number| Some(number % 2 == 0)).collect::<BooleanArray>()),
        ),
    ];
    RecordBatch::try_from_iter(columns).expect("they are as long as each other")
}

/// A request to write such rows.
pub fn request(table: &str, run: &str, mode: Mode, schema: SchemaRef) -> LoadRequest {
    LoadRequest {
        table: TableName::new(None, table),
        config: WriteConfig {
            mode,
            ..WriteConfig::default()
        },
        schema,
        run: run.to_owned(),
        sink: "out".to_owned(),
    }
}

/// Rows that were refused, with the reasons.
#[derive(Default)]
pub struct Refused(pub Mutex<Vec<(RecordBatch, String)>>);

#[async_trait]
impl RejectedRows for Refused {
    async fn reject(&self, rows: &RecordBatch, reasons: &[String]) -> Result<(), Error> {
        self.0
            .lock()
            .expect("nobody has panicked")
            .push((rows.clone(), reasons.join("; ")));
        Ok(())
    }
}

/// Begins, and writes batches by writers of their own, as many as there may be.
pub async fn write(
    db: &Db,
    request: LoadRequest,
    batches: &[RecordBatch],
) -> Result<(Box<dyn Load>, Vec<Part>), Error> {
    let Begun::Ready(load) = db.begin(request).await? else {
        panic!("there is something to do");
    };
    let most = load.writers().min(batches.len()).max(1);
    let mut parts = Vec::new();
    let mut writers: Vec<_> = (0..most).map(|partition| load.writer(partition)).collect();
    for (index, batch) in batches.iter().enumerate() {
        writers[index % most].write(batch).await?;
    }
    for writer in writers {
        parts.push(writer.finish().await?);
    }
    Ok((load, parts))
}

/// Writes and commits.
pub async fn load(db: &Db, request: LoadRequest, batches: &[RecordBatch]) -> Result<(Committed, Refused), Error> {
    let (mut load, parts) = write(db, request, batches).await?;
    let refused = Refused::default();
    if let Err(error) = load.prepare(parts, &refused).await {
        load.abandon().await;
        return Err(error);
    }
    Ok((load.commit().await?, refused))
}

/// Reads columns of a table, all of them where none are named.
pub async fn read(db: &Db, relation: Relation, change: impl FnOnce(&mut ScanRequest)) -> Result<RecordBatch, Error> {
    let description = db.describe(&relation, &ReadConfig::default()).await?;
    let mut request = ScanRequest {
        relation,
        schema: Arc::clone(&description.schema),
        predicate: None,
        limit: None,
        parts: 4,
        split_by: None,
        batch_rows: 1_000,
    };
    change(&mut request);
    let schema = Arc::clone(&request.schema);
    let scan = db.scan(request).await?;
    let mut batches = Vec::new();
    for part in 0..scan.parts() {
        let part: Vec<RecordBatch> = scan.read(part).try_collect().await?;
        assert!(
            part.iter()
                .all(|batch| batch.num_rows() <= 1_000 && batch.schema() == schema)
        );
        batches.extend(part);
    }
    Ok(concat_batches(&schema, &batches).expect("they have one schema"))
}

pub fn table(name: &str) -> Relation {
    Relation::Table(TableName::new(None, name))
}

/// The numbers in a column, sorted.
pub fn numbers(batch: &RecordBatch, column: &str) -> Vec<i64> {
    let column = cast(batch.column_by_name(column).expect("there is one"), &DataType::Int64).expect("they are numbers");
    let mut numbers: Vec<i64> = column.as_primitive::<Int64Type>().iter().flatten().collect();
    numbers.sort_unstable();
    numbers
}

fn text_of(batch: &RecordBatch, column: &str, id: i64) -> Option<String> {
    let ids = cast(batch.column_by_name("id").expect("there is one"), &DataType::Int64).expect("they are numbers");
    let row = ids
        .as_primitive::<Int64Type>()
        .iter()
        .position(|value| value == Some(id))?;
    let texts = cast(batch.column_by_name(column).expect("there is one"), &DataType::Utf8).expect("they are texts");
    texts
        .is_valid(row)
        .then(|| texts.as_string::<i32>().value(row).to_owned())
}

/// Rows that were written are read again: all, some, and their number.
pub async fn round_trip(db: &Db) {
    assert!(!db.check().await.expect("it is there").is_empty());
    let batches = [rows(0, 1_500), rows(1_500, 1_000), rows(2_500, 0)];
    let request = request("orders", "run1", Mode::Error, batches[0].schema());
    let (committed, _) = load(db, request.clone(), &batches).await.expect("they fit");
    assert_eq!(committed.rows, 2_500);
    let all = read(db, table("orders"), |_| {}).await.expect("they are there");
    assert_eq!(numbers(&all, "id"), (0..2_500).collect::<Vec<_>>());
    assert_eq!(text_of(&all, "name", 5).as_deref(), Some("name 5 'ä😀'"));
    assert_eq!(text_of(&all, "name", 3), None);
    assert!(
        text_of(&all, "day", 366)
            .expect("there is one")
            .starts_with("1971-01-02")
    );
    assert!(
        text_of(&all, "at", 2)
            .expect("there is one")
            .replace('T', " ")
            .starts_with("1970-01-01 00:00:02.000002")
    );
    let amounts = cast(all.column_by_name("amount").expect("there is one"), &DataType::Float64).expect("numbers");
    let sum: f64 = amounts.as_primitive::<Float64Type>().iter().flatten().sum();
    assert!((sum - 2_500.0 * 2_499.0 / 8.0).abs() < 1e-6);
    again(db, request).await;
    filtered(db).await;
}

/// A second run finds the table there.
async fn again(db: &Db, mut request: LoadRequest) {
    "run2".clone_into(&mut request.run);
    let error = db.begin(request.clone()).await.expect_err("it is there");
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    request.config.mode = Mode::Ignore;
    assert!(matches!(
        db.begin(request).await.expect("there is nothing to do"),
        Begun::Ignored
    ));
}

async fn filtered(db: &Db) {
    let compare = |column: &str, comparison, value| Predicate::Compare {
        column: column.to_owned(),
        comparison,
        value,
    };
    let few = compare("id", Comparison::Less, Value::Integer(10));
    let some = read(db, table("orders"), |request| request.predicate = Some(few))
        .await
        .expect("they are there");
    assert_eq!(numbers(&some, "id"), (0..10).collect::<Vec<_>>());
    let name = compare("name", Comparison::Equal, Value::Text("name 5 'ä😀'".to_owned()));
    let one = read(db, table("orders"), |request| request.predicate = Some(name))
        .await
        .expect("it is there");
    assert_eq!(numbers(&one, "id"), [5]);
    let limited = read(db, table("orders"), |request| request.limit = Some(1_200))
        .await
        .expect("they are there");
    assert_eq!(limited.num_rows(), 1_200);
    let counted = read(db, table("orders"), |request| {
        request.schema = Arc::new(request.schema.project(&[]).expect("none"));
    })
    .await
    .expect("they are there");
    assert_eq!((counted.num_rows(), counted.num_columns()), (2_500, 0));
    let parts = read(db, table("orders"), |request| request.split_by = Some("id".to_owned()))
        .await
        .expect("they are there");
    assert_eq!(numbers(&parts, "id"), (0..2_500).collect::<Vec<_>>());
    let query = Relation::Query("select id, name from orders where id between 3 and 5 -- three".to_owned());
    let three = read(db, query, |_| {}).await.expect("they are there");
    assert_eq!((numbers(&three, "id"), three.num_columns()), (vec![3, 4, 5], 2));
}

/// What is there is listed and described, and what is nearly right is guessed.
pub async fn looked_at(db: &Db) {
    let what = Discover {
        columns: true,
        ..Discover::default()
    };
    let found = db.discover(&what).await.expect("it lists its tables");
    let orders = found
        .iter()
        .find(|found| found.name.table == "orders")
        .expect("it is listed");
    let names: Vec<&str> = orders.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "name", "amount", "day", "at", "good"]);
    assert!(
        found.iter().all(|found| !found.name.table.starts_with("_tenon")),
        "{found:?}"
    );
    let error = db
        .describe(&table("ordres"), &ReadConfig::default())
        .await
        .expect_err("there is none");
    assert!(error.to_string().contains("did you mean"), "{error}");
    let description = db
        .describe(&table("orders"), &ReadConfig::default())
        .await
        .expect("it is there");
    let key = Key {
        column: "id".to_owned(),
        order: Order::Ascending,
    };
    let last = db
        .last(&table("orders"), &[key], &description)
        .await
        .expect("it is there");
    assert!(matches!(last.as_deref(), Some([Value::Integer(2_499)])), "{last:?}");
    let config = ReadConfig {
        schema: [("id".to_owned(), "text".to_owned())].into(),
        ..ReadConfig::default()
    };
    let description = db.describe(&table("orders"), &config).await.expect("it is there");
    assert_eq!(description.schema.field(0).data_type(), &DataType::Utf8);
}

/// Rows are added, and take the place of others.
pub async fn modes(db: &Db) {
    let batch = rows(0, 100);
    let at = |run: &str, mode| request("modes", run, mode, batch.schema());
    load(db, at("m1", Mode::Append), &[rows(0, 100)])
        .await
        .expect("a table is made");
    load(db, at("m2", Mode::Append), &[rows(100, 50)])
        .await
        .expect("rows are added");
    let all = read(db, table("modes"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 150);
    load(db, at("m3", Mode::Overwrite), &[rows(7, 3)])
        .await
        .expect("rows are replaced");
    let all = read(db, table("modes"), |_| {}).await.expect("they are there");
    assert_eq!(numbers(&all, "id"), [7, 8, 9]);
    more_columns(db, &batch).await;
}

/// A column is added only where that was asked for.
async fn more_columns(db: &Db, batch: &RecordBatch) {
    let ids: ArrayRef = Arc::clone(batch.column(0));
    let extra: ArrayRef = Arc::new(StringArray::from(vec!["x"; batch.num_rows()]));
    let wider = RecordBatch::try_from_iter([("id", ids), ("extra \"'; drop", extra)]).expect("they are as long");
    let mut request = request("modes", "m4", Mode::Append, wider.schema());
    let error = db.begin(request.clone()).await.expect_err("there is no such column");
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    request.config.evolution = Evolution::Add;
    load(db, request, &[wider]).await.expect("a column is added");
    let all = read(db, table("modes"), |_| {}).await.expect("they are there");
    assert_eq!((all.num_rows(), all.num_columns()), (103, 7));
}

/// Rows with the same keys are replaced, and those that are marked go.
pub async fn merged(db: &Db) {
    let mut first = request("merged", "u1", Mode::Upsert, rows(0, 1).schema());
    first.config.keys = vec!["id".to_owned()];
    load(db, first.clone(), &[rows(0, 10)]).await.expect("a table is made");
    "u2".clone_into(&mut first.run);
    first.config.keys.clear();
    load(db, first.clone(), &[rows(5, 10)])
        .await
        .expect("its primary key tells rows apart");
    let all = read(db, table("merged"), |_| {}).await.expect("they are there");
    assert_eq!(numbers(&all, "id"), (0..15).collect::<Vec<_>>());
    "u3".clone_into(&mut first.run);
    let error = load(db, first, &[rows(0, 2), rows(1, 2)])
        .await
        .map(|_| ())
        .expect_err("one comes twice");
    assert!(
        matches!(&error, Error::Constraint { message, .. } if message.contains("id = 1")),
        "{error}"
    );
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2, 20]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["early", "late", "gone", "new"]));
    let operations: ArrayRef = Arc::new(StringArray::from(vec!["update", "update", "delete", "insert"]));
    let positions: ArrayRef = Arc::new(StringArray::from(vec!["0/9", "0/10", "0/11", "0/12"]));
    let changes = RecordBatch::try_from_iter([
        ("id", ids),
        ("name", names),
        ("_op", operations),
        ("_position", positions),
    ]);
    let changes = changes.expect("they are as long as each other");
    let mut request = request("merged", "u4", Mode::Upsert, changes.schema());
    request.config.delete_when = Some("_op".to_owned());
    load(db, request, &[changes]).await.expect("the last change counts");
    let all = read(db, table("merged"), |_| {}).await.expect("they are there");
    assert_eq!(text_of(&all, "name", 1).as_deref(), Some("late"));
    let expected: Vec<i64> = (0..15).filter(|id| *id != 2).chain([20]).collect();
    assert_eq!(numbers(&all, "id"), expected);
}

/// A row that a constraint refuses ends the run, or is handed over with the database's message.
pub async fn refused(db: &Db, rejects: bool) {
    let mut made = request("refusing", "r0", Mode::Error, rows(0, 1).schema());
    made.config.keys = vec!["id".to_owned()];
    load(db, made, &[rows(0, 100)]).await.expect("a table is made");
    let mut more = request("refusing", "r1", Mode::Append, rows(0, 1).schema());
    let error = load(db, more.clone(), &[rows(50, 100)])
        .await
        .map(|_| ())
        .expect_err("half of them are there");
    assert!(matches!(error, Error::Constraint { .. }), "{error}");
    let all = read(db, table("refusing"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 100);
    "r2".clone_into(&mut more.run);
    more.config.on_error = OnError::Reject;
    if !rejects {
        let error = db.begin(more).await.expect_err("it cannot");
        assert!(matches!(error, Error::Config { .. }), "{error}");
        return;
    }
    let (committed, refused) = load(db, more, &[rows(95, 100), rows(300, 10)])
        .await
        .expect("the others fit");
    assert_eq!(committed.rows, 105);
    let refused = refused.0.into_inner().expect("nobody has panicked");
    let ids: Vec<i64> = refused.iter().flat_map(|(rows, _)| numbers(rows, "id")).collect();
    assert_eq!(ids, [95, 96, 97, 98, 99]);
    assert!(
        refused
            .iter()
            .all(|(rows, reason)| rows.num_columns() == 6 && !reason.is_empty())
    );
    let all = read(db, table("refusing"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 205);
}

/// What was prepared is committed by another process, once; or given up.
pub async fn resumed(db: &Db) {
    let batch = rows(0, 500);
    for (run, mode) in [("c1", Mode::Error), ("c2", Mode::Append)] {
        let (mut load, parts) = write(
            db,
            request("resumed", run, mode, batch.schema()),
            std::slice::from_ref(&batch),
        )
        .await
        .expect("they fit");
        let prepared = load.prepare(parts, &Refused::default()).await.expect("they fit");
        // As if the process had ended.
        drop(load);
        let committed = retried(db, &prepared).await;
        assert_eq!(committed.rows, 500);
        assert_eq!(db.commit(&prepared).await.expect("it is done"), committed);
        let error = db.abort(&prepared).await.expect_err("it is done");
        assert!(matches!(error, Error::Decided { .. }), "{error}");
    }
    let all = read(db, table("resumed"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 1_000);
    let (mut load, parts) = write(
        db,
        request("resumed", "c3", Mode::Append, batch.schema()),
        std::slice::from_ref(&batch),
    )
    .await
    .expect("they fit");
    let prepared = load.prepare(parts, &Refused::default()).await.expect("they fit");
    load.abandon().await;
    let error = db.commit(&prepared).await.expect_err("it was given up");
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    let all = read(db, table("resumed"), |_| {}).await.expect("they are there");
    assert_eq!(all.num_rows(), 1_000);
}

/// The transaction of a load that was dropped ends a moment later.
async fn retried(db: &Db, prepared: &tenon_database::Prepared) -> Committed {
    let mut left = 50;
    loop {
        match db.commit(prepared).await {
            Ok(committed) => return committed,
            Err(error) if left > 0 && error.may_pass() => left -= 1,
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// A name that would end its quotes, if it could.
pub const ODD: &str = "we\"ird '; drop table orders; -- 😀 [x] `y`";

/// Names that would end their quotes, if they could.
pub async fn odd_names(db: &Db, name: &str) {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("'; drop table orders; --"), Some("\\")]));
    let batch = RecordBatch::try_from_iter([("id", ids), (name, values)]).expect("they are as long as each other");
    load(
        db,
        request(name, "o1", Mode::Error, batch.schema()),
        std::slice::from_ref(&batch),
    )
    .await
    .expect("names are names");
    let predicate = Predicate::Compare {
        column: name.to_owned(),
        comparison: Comparison::Equal,
        value: Value::Text("\\".to_owned()),
    };
    let one = read(db, table(name), |request| request.predicate = Some(predicate))
        .await
        .expect("names are names");
    assert_eq!(numbers(&one, "id"), [2]);
    assert_eq!(one.schema().field(1).name(), name);
}

/// A stream that is dropped leaves nothing locked, and one that fails says what was read.
pub async fn dropped(db: &Db) {
    let description = db
        .describe(&table("orders"), &ReadConfig::default())
        .await
        .expect("it is there");
    let request = ScanRequest {
        relation: table("orders"),
        schema: description.schema,
        predicate: None,
        limit: None,
        parts: 1,
        split_by: None,
        batch_rows: 10,
    };
    let scan = db.scan(request).await.expect("it is there");
    let mut stream = scan.read(0);
    let first = stream.next().await.expect("there are rows").expect("they can be read");
    assert_eq!(first.num_rows(), 10);
    drop(stream);
    load(
        db,
        self::request("orders", "d1", Mode::Overwrite, rows(0, 1).schema()),
        &[rows(0, 5)],
    )
    .await
    .expect("nothing is locked");
    let error = db
        .describe(
            &Relation::Query("select nonsense from orders".to_owned()),
            &ReadConfig::default(),
        )
        .await
        .expect_err("there is no such column");
    assert!(error.to_string().contains("nonsense"), "{error}");
}
