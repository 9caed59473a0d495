//! Reading, and looking at what is there.

use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::array::types::Float64Type;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use futures::StreamExt;
use tenon_database::{
    Begun, Comparison, Discover, Error, Key, LoadRequest, Mode, Order, Predicate, ReadConfig, Relation, ScanRequest,
    Value,
};

use super::{Db, load, numbers, read, request, rows, table, text_of};

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
