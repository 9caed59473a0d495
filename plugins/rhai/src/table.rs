//! The batch that a script's function is called with: whole columns, and the host's own kernels.

use rhai::{Array, Dynamic, Engine, ImmutableString, Map};
use tenon::{Batch, DataType, Error, Field, RawColumn, Result, Schema};

use crate::fault::{Thrown, throw};
use crate::reader::Reader;
use crate::types;
use crate::writer::Writer;

/// What a script holds.
#[derive(Clone)]
pub struct Table {
    batch: Batch,
    /// Whether its rows are still those that came in, whose numbers rejections name.
    original: bool,
}

impl Table {
    pub fn new(batch: Batch) -> Self {
        Self { batch, original: true }
    }

    /// The batch as it goes out: without the rows that were refused.
    pub fn finish(self) -> Result<Batch> {
        if self.original {
            self.batch.without_rejected()
        } else {
            Ok(self.batch)
        }
    }

    fn same_rows(&self, batch: Batch) -> Self {
        Self {
            batch,
            original: self.original,
        }
    }

    /// What is made of rows leaves the refused ones behind.
    fn other_rows(&self, make: impl FnOnce(&Batch) -> Result<Batch>) -> Result<Self> {
        let batch = make(&self.clone().finish()?)?;
        Ok(Self { batch, original: false })
    }

    fn column(&self, name: &str) -> Result<Array> {
        let reader = Reader::read(&self.batch, name)?;
        (0..self.batch.rows()).map(|row| reader.get(row)).collect()
    }

    fn with_column(&self, name: &str, values: &Array, data_type: Option<&str>) -> Result<Self> {
        let field = match data_type {
            Some(text) => Field::new(name, declared(name, text)?),
            None => self.present(name)?,
        };
        let rows = self.batch.rows();
        if values.len() != rows {
            let count = values.len();
            return Err(Error::bad_data(format!(
                "column `{name}` was given {count} values, but the batch has {rows} rows"
            )));
        }
        let mut writer = Writer::new(&field)?;
        for (row, value) in values.iter().enumerate() {
            writer.push(value).map_err(|error| error.within(format!("row {row}")))?;
        }
        let column: RawColumn = writer.finish();
        Ok(self.same_rows(self.batch.with_column(name, column)?))
    }

    fn present(&self, name: &str) -> Result<Field> {
        let schema = self.batch.schema();
        schema.field(name).cloned().map_err(|error| {
            let message =
                format!("{error}; a new one needs a type: batch.with_column(\"{name}\", values, \"float64\")");
            Error::bad_config(message)
        })
    }

    fn project(&self, expressions: &Array) -> Result<Self> {
        Ok(self.same_rows(self.batch.project(&texts(expressions)?)?))
    }

    fn reject(&self, row: i64, reason: &str) -> Result<()> {
        if !self.original {
            return Err(Error::bad_config(
                "rows are rejected by their number in the batch that came: reject before filtering",
            ));
        }
        let rows = self.batch.rows();
        match usize::try_from(row) {
            Ok(row) if row < rows => tenon::reject(row, reason.to_owned()),
            _ => {
                return Err(Error::bad_data(format!(
                    "there is no row {row} to reject; the batch has {rows}"
                )));
            }
        }
        Ok(())
    }

    fn reject_where(&self, predicate: &str, reason: &str) -> Result<()> {
        let matches = self.batch.eval(predicate)?.column::<bool>()?;
        let rows = matches.iter().enumerate().filter(|(_, matches)| *matches == Some(true));
        for (row, _) in rows {
            self.reject(row as i64, reason)?;
        }
        Ok(())
    }
}

fn declared(name: &str, text: &str) -> Result<DataType> {
    types::parse(text).ok_or_else(|| {
        let message = format!(
            "column `{name}` can't be of type `{text}`; the types are {}",
            types::NAMES
        );
        Error::bad_config(message)
    })
}

fn texts(array: &Array) -> Result<Vec<String>> {
    let text = |item: &Dynamic| {
        let message = || Error::bad_config("names and expressions are strings");
        item.clone().into_string().map_err(|_| message())
    };
    array.iter().map(text).collect()
}

fn schema_map(schema: &Schema) -> Map {
    let fields = schema.fields.iter();
    fields
        .map(|field| (field.name.as_str().into(), types::name(field).into()))
        .collect()
}

/// Gives batches their functions.
pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Table>("batch");
    engine.register_get("rows", |table: &mut Table| table.batch.rows() as i64);
    engine.register_get("columns", |table: &mut Table| -> Array {
        table.batch.schema().names().map(Into::into).collect()
    });
    engine.register_get("schema", |table: &mut Table| schema_map(table.batch.schema()));
    engine.register_fn("column", |table: &mut Table, name: ImmutableString| {
        table.column(&name).map_err(throw)
    });
    engine.register_fn(
        "with_column",
        |table: &mut Table, name: ImmutableString, values: Array| {
            table.with_column(&name, &values, None).map_err(throw)
        },
    );
    engine.register_fn(
        "with_column",
        |table: &mut Table, name: ImmutableString, values: Array, data_type: ImmutableString| {
            table.with_column(&name, &values, Some(&data_type)).map_err(throw)
        },
    );
    native(engine);
    rejections(engine);
}

/// What the host does, without bringing a value into the sandbox.
fn native(engine: &mut Engine) {
    engine.register_fn("project", |table: &mut Table, expressions: Array| {
        table.project(&expressions).map_err(throw)
    });
    engine.register_fn("project", |table: &mut Table, a: Dynamic| {
        table.project(&vec![a]).map_err(throw)
    });
    engine.register_fn("project", |table: &mut Table, a: Dynamic, b: Dynamic| {
        table.project(&vec![a, b]).map_err(throw)
    });
    engine.register_fn("project", |table: &mut Table, a: Dynamic, b: Dynamic, c: Dynamic| {
        table.project(&vec![a, b, c]).map_err(throw)
    });
    engine.register_fn(
        "eval",
        |table: &mut Table, a: Dynamic, b: Dynamic, c: Dynamic, d: Dynamic| {
            table.project(&vec![a, b, c, d]).map_err(throw)
        },
    );
    engine.register_fn(
        "with_expr",
        |table: &mut Table, name: ImmutableString, expression: ImmutableString| {
            let made = table.batch.with_expr(&name, &expression);
            made.map(|batch| table.same_rows(batch)).map_err(throw)
        },
    );
    engine.register_fn("filter", |table: &mut Table, predicate: ImmutableString| {
        table.other_rows(|batch| batch.filter(&predicate)).map_err(throw)
    });
    engine.register_fn("select", |table: &mut Table, names: Array| {
        let made = texts(&names).and_then(|names| table.batch.select(names));
        made.map(|batch| table.same_rows(batch)).map_err(throw)
    });
    engine.register_fn("drop", |table: &mut Table, names: Array| {
        let made = texts(&names).and_then(|names| table.batch.drop(names));
        made.map(|batch| table.same_rows(batch)).map_err(throw)
    });
    engine.register_fn(
        "rename",
        |table: &mut Table, from: ImmutableString, to: ImmutableString| {
            let made = table.batch.rename(&from, &to);
            made.map(|batch| table.same_rows(batch)).map_err(throw)
        },
    );
    engine.register_fn(
        "slice",
        |table: &mut Table, offset: i64, length: i64| -> std::result::Result<Table, Thrown> {
            let sliced = table.other_rows(|batch| batch.slice(row(offset)? as usize, row(length)? as usize));
            sliced.map_err(throw)
        },
    );
    engine.register_fn("take", |table: &mut Table, rows: Array| {
        let number = |number: &Dynamic| match number.as_int() {
            Ok(number) => row(number),
            Err(_) => Err(Error::bad_config("rows are numbered by integers")),
        };
        let rows = rows.iter().map(number).collect::<Result<Vec<_>>>();
        rows.and_then(|rows| table.other_rows(|batch| batch.take(&rows)))
            .map_err(throw)
    });
}

fn rejections(engine: &mut Engine) {
    engine.register_fn("reject", |table: &mut Table, row: i64, reason: ImmutableString| {
        table.reject(row, &reason).map_err(throw)
    });
    engine.register_fn(
        "reject_where",
        |table: &mut Table, predicate: ImmutableString, reason: ImmutableString| {
            table.reject_where(&predicate, &reason).map_err(throw)
        },
    );
}

fn row(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::bad_config(format!("there is no row {number}")))
}
