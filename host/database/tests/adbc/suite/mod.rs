//! What every database behind a generic connector has to do, by its interface alone.

mod connecting;
mod reading;
mod writing;

use std::sync::{Arc, Mutex};

use arrow::array::cast::AsArray;
use arrow::array::types::Int64Type;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use futures::TryStreamExt;
use tenon_database::{
    Begun, Committed, Database, Error, Load, LoadRequest, Mode, Part, ReadConfig, RejectedRows, Relation, ScanRequest,
    TableName, WriteConfig,
};

pub use connecting::{no_driver, nobody_listens, wrong_password};

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

/// All that such a database has to do; `odd` is a name that it allows and that would end its quotes, if it could.
pub async fn everything(db: &Db, odd: &str) {
    reading::round_trip(db).await;
    reading::looked_at(db).await;
    writing::modes(db).await;
    writing::merged(db).await;
    writing::refused(db).await;
    writing::resumed(db).await;
    reading::odd_names(db, odd).await;
    reading::dropped(db).await;
}

/// A name that would end its quotes, if it could.
pub const ODD: &str = "we\"ird '; drop table orders; -- 😀 [x] `y`";
