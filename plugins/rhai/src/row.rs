//! The row that a script's function is called with: a view of the columns, which are read when they are asked for.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rhai::{Dynamic, Engine, ImmutableString, Map};
use tenon::{Batch, Error, Result};

use crate::columns::Columns;
use crate::fault::{Thrown, throw};
use crate::kind::{Kind, shown};
use crate::reader::Reader;
use crate::writer::{accept, declaration, described, writable};

/// What a script holds: every copy is the same row.
#[derive(Clone)]
pub struct Row(pub Rc<Cursor>);

/// The row that it is at, and the columns of its batch.
pub struct Cursor {
    columns: Columns,
    batch: RefCell<Option<Batch>>,
    cells: Vec<Cells>,
    row: Cell<usize>,
    assigned: RefCell<Vec<usize>>,
    rejected: RefCell<Option<String>>,
}

/// A column's values: as they came, and what this row's was made.
#[derive(Default)]
struct Cells {
    reader: RefCell<Option<Reader>>,
    assigned: RefCell<Option<Dynamic>>,
    kind: Cell<Option<Kind>>,
}

impl Cursor {
    pub fn new(columns: Columns) -> Self {
        let cells = columns.columns.iter().map(|_| Cells::default()).collect();
        Self {
            columns,
            batch: RefCell::default(),
            cells,
            row: Cell::new(0),
            assigned: RefCell::default(),
            rejected: RefCell::default(),
        }
    }

    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Goes on to a batch; `None` lets the last one go.
    pub fn start(&self, batch: Option<Batch>) {
        self.batch.replace(batch);
        self.next(0);
        for cells in &self.cells {
            cells.reader.take();
        }
    }

    /// Goes to a row.
    pub fn next(&self, row: usize) {
        self.row.set(row);
        for position in self.assigned.borrow_mut().drain(..) {
            self.cells[position].assigned.take();
        }
    }

    /// Refuses the row.
    pub fn reject(&self, reason: String) {
        self.rejected.borrow_mut().get_or_insert(reason);
    }

    /// Why the row was refused, if it was.
    pub fn take_rejected(&self) -> Option<String> {
        self.rejected.take()
    }

    /// One of the columns that this row was given another value in.
    pub fn assigned(&self, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        self.assigned
            .borrow()
            .iter()
            .copied()
            .find(|position| wanted(*position))
    }

    /// This row's value.
    pub fn get(&self, position: usize) -> Result<Dynamic> {
        match &*self.cells[position].assigned.borrow() {
            Some(value) => Ok(value.clone()),
            None => self.original(position, self.row.get()),
        }
    }

    /// A value as it came.
    pub fn original(&self, position: usize, row: usize) -> Result<Dynamic> {
        let column = &self.columns.columns[position];
        if !column.input {
            return Ok(Dynamic::UNIT);
        }
        let cells = &self.cells[position];
        if let Some(reader) = &*cells.reader.borrow() {
            return reader.get(row);
        }
        let batch = self.batch.borrow();
        let batch = batch
            .as_ref()
            .ok_or_else(|| Error::internal("a row outlived its batch"))?;
        let reader = Reader::read(batch, &column.field.name)?;
        let value = reader.get(row);
        cells.reader.replace(Some(reader));
        value
    }

    /// Gives this row another value.
    fn set(&self, position: usize, value: Dynamic) -> Result<()> {
        let field = &self.columns.columns[position].field;
        let cells = &self.cells[position];
        let kind = match cells.kind.get() {
            Some(kind) => kind,
            None => writable(field)?,
        };
        cells.kind.set(Some(kind));
        accept(field, kind, &value)?;
        if cells.assigned.replace(Some(value)).is_none() {
            self.assigned.borrow_mut().push(position);
        }
        Ok(())
    }

    fn named(&self, name: &str) -> Result<usize> {
        self.columns.position(name).ok_or_else(|| self.columns.missing(name))
    }

    /// The error of a column that isn't there to be assigned to.
    pub fn undeclared(&self, name: &str, value: &Dynamic) -> Error {
        let data_type = match described(value) {
            "a bool" => "bool",
            "an integer" => "int64",
            "a float" => "float64",
            "a decimal" => "decimal(18, 2)",
            "a blob" => "binary",
            "a date" => "date",
            "a timestamp" => "timestamp",
            _ => "utf8",
        };
        let error = self.columns.missing(name);
        Error::bad_config(format!(
            "{error}; a new one must be declared, outside of the function: {}",
            declaration(name, data_type)
        ))
    }

    /// All values.
    fn map(&self) -> Result<Map> {
        let columns = self.columns.columns.iter().enumerate();
        columns
            .map(|(position, column)| Ok((column.field.name.as_str().into(), self.get(position)?)))
            .collect()
    }
}

/// Gives rows their properties.
pub fn register(engine: &mut Engine, cursor: &Rc<Cursor>) {
    engine.register_type_with_name::<Row>("row");
    for (position, column) in cursor.columns.columns.iter().enumerate() {
        if rhai::is_valid_identifier(&column.field.name) {
            engine.register_get_set(
                &column.field.name,
                move |row: &mut Row| row.0.get(position).map_err(throw),
                move |row: &mut Row, value: Dynamic| row.0.set(position, value).map_err(throw),
            );
        }
    }
    engine.register_indexer_get(|row: &mut Row, name: ImmutableString| {
        let value = row.0.named(&name).and_then(|position| row.0.get(position));
        value.map_err(throw)
    });
    engine.register_indexer_set(|row: &mut Row, name: ImmutableString, value: Dynamic| {
        let set = match row.0.columns.position(&name) {
            Some(position) => row.0.set(position, value),
            None => Err(row.0.undeclared(&name, &value)),
        };
        set.map_err(throw)
    });
    engine.register_fn("keys", |row: &mut Row| -> rhai::Array {
        let columns = row.0.columns.columns.iter();
        columns.map(|column| column.field.name.as_str().into()).collect()
    });
    engine.register_fn("contains", |row: &mut Row, name: ImmutableString| {
        row.0.columns.position(&name).is_some()
    });
    engine.register_fn("to_map", |row: &mut Row| -> Result<Map, Thrown> {
        row.0.map().map_err(throw)
    });
    engine.register_fn("+", |row: Row, changes: Map| -> Result<Map, Thrown> {
        let mut map = row.0.map().map_err(throw)?;
        map.extend(changes);
        Ok(map)
    });
    engine.register_fn("to_string", |row: &mut Row| -> Result<String, Thrown> {
        let map = row.0.map().map_err(throw)?;
        let values: Vec<_> = map
            .iter()
            .map(|(name, value)| format!("{name}: {}", shown(value)))
            .collect();
        Ok(format!("row({})", values.join(", ")))
    });
    let rejecting = cursor.clone();
    engine.register_fn("reject", move |reason: ImmutableString| -> Result<Dynamic, Thrown> {
        rejecting.reject(reason.to_string());
        Err(throw(Error::bad_data(format!("the row was rejected: {reason}"))))
    });
}
