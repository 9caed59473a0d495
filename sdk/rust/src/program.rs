//! SQL expressions that the host computes, compiled once per sandbox.

use std::cell::RefCell;
use std::rc::Rc;

use crate::batch::Batch;
use crate::boundary::{self, Handle};
use crate::column::{ColumnType, RawColumn};
use crate::error::{Error, Result};
use crate::schema::Schema;

/// How many programs a sandbox keeps; the oldest goes first.
const KEPT: usize = 64;

/// An expression over a batch, checked but computed only when it is needed, and then by the host.
pub struct Evaluated {
    batch: Batch,
    text: String,
}

impl Evaluated {
    pub(crate) fn new(batch: &Batch, text: &str) -> Result<Self> {
        compiled(batch.shared_schema(), &[text])?;
        Ok(Self {
            batch: batch.clone(),
            text: text.to_owned(),
        })
    }

    /// Computes and reads it: only the result crosses.
    ///
    /// # Errors
    /// As [`Batch::column`]; `bad-data` where the computation fails on a value.
    pub fn column<T: ColumnType + ?Sized>(&self) -> Result<T::Column> {
        T::read(self.raw()?)
    }

    /// Computes it as a batch of one column, which stays with the host.
    ///
    /// # Errors
    /// `bad-data` where the computation fails on a value.
    pub fn batch(&self) -> Result<Batch> {
        self.batch.project(&[&self.text])
    }
}

/// An expression that becomes a column. Behind a pointer, so that a component without expressions has no code for them.
pub(crate) trait Deferred {
    /// Whether it is over this batch.
    fn is_of(&self, batch: &Batch) -> bool;
    /// Its text.
    fn text(&self) -> &str;
    /// Its values.
    fn raw(&self) -> Result<RawColumn>;
    /// The batch with columns of these names and texts.
    fn add(&self, batch: &Batch, columns: &[(String, String)]) -> Result<Batch>;
}

impl Deferred for Evaluated {
    fn is_of(&self, batch: &Batch) -> bool {
        self.batch.is(batch)
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn raw(&self) -> Result<RawColumn> {
        let columns = self.batch()?.raw_columns()?;
        columns
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("the host computed no column"))
    }

    fn add(&self, batch: &Batch, columns: &[(String, String)]) -> Result<Batch> {
        batch.with_expressions(columns)
    }
}

/// A compiled program with the schema of what it computes.
pub(crate) struct Compiled {
    program: boundary::Program,
    /// Not known where a test answers for the host.
    output: Option<Rc<Schema>>,
}

impl Compiled {
    pub(crate) fn project(&self, batch: &Handle) -> Result<Batch> {
        let handle = self.program.project(batch)?;
        Ok(match &self.output {
            Some(output) => Batch::known(handle, output.clone()),
            None => Batch::from_handle(handle),
        })
    }

    pub(crate) fn filter(&self, batch: &Handle) -> Result<Handle> {
        self.program.filter(batch)
    }
}

struct Entry {
    input: Rc<Schema>,
    expressions: Vec<String>,
    compiled: Rc<Compiled>,
}

thread_local! {
    static PROGRAMS: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// The program of these expressions over this schema.
pub(crate) fn compiled(input: &Rc<Schema>, expressions: &[&str]) -> Result<Rc<Compiled>> {
    let known = PROGRAMS.with_borrow(|programs| {
        let same = |entry: &&Entry| {
            entry.expressions == expressions && (Rc::ptr_eq(&entry.input, input) || entry.input == *input)
        };
        programs.iter().find(same).map(|entry| entry.compiled.clone())
    });
    if let Some(compiled) = known {
        return Ok(compiled);
    }
    let program = boundary::Program::compile(input, expressions)?;
    let output = program.output().map(Rc::new);
    let compiled = Rc::new(Compiled { program, output });
    let entry = Entry {
        input: input.clone(),
        expressions: expressions.iter().map(|&text| text.to_owned()).collect(),
        compiled: compiled.clone(),
    };
    PROGRAMS.with_borrow_mut(|programs| {
        if programs.len() == KEPT {
            programs.remove(0);
        }
        programs.push(entry);
    });
    Ok(compiled)
}
