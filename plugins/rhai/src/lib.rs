//! Runs transforms written in [Rhai](https://rhai.rs), a small scripting language, without a toolchain: the script's text
//! comes with the configuration, and this plugin interprets it.
//!
//! A script has a function `row`, called for each row, or a function `batch`, called for each batch.

mod clock;
mod columns;
mod config;
mod dates;
mod engine;
mod exact;
mod fault;
mod host;
mod kind;
mod reader;
mod row;
mod rows;
mod script;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod writer;

use std::rc::Rc;

use rhai::{Array, Dynamic};
use tenon::{Batch, Error, Result, Schema, Transform};

use columns::Columns;
use config::Config;
use row::Cursor;
use script::{Form, Parsed, Script};
use table::Table;

/// A script, open on its input.
struct Open {
    script: Script,
    output: Schema,
    called: Called,
}

/// What its function is called with.
enum Called {
    Row(Rc<Cursor>),
    Batch,
}

/// Runs a Rhai script over the data.
///
/// The script has one of two functions, or `function` names another that takes `row` or `batch` first:
///
/// - `fn row(row, config)` is called for each row. It returns the row with its changes, `()` to leave it out, an array for
///   several; `reject("reason")` refuses it. New columns are declared: `const COLUMNS = #{ total: "float64" };`.
/// - `fn batch(batch, config)` is called for each batch: `batch.column("x")` is an array, `batch.project("sql as name", ..)` and
///   `batch.filter("sql")` run natively.
///
/// The parameter `config` may be left out.
#[tenon::transform(name = "script", stateless = true)]
impl Transform for Open {
    type Config = Config;

    fn open(config: Config, input: &Schema) -> Result<Self> {
        let config = if config.check { script::checked(config)? } else { config };
        let mut engine = engine::engine();
        let parsed = host::trying(|| Parsed::new(&mut engine, config, input))?;
        match parsed.form() {
            Form::Row => {
                let (declared, selected) = (parsed.constant("COLUMNS"), parsed.constant("SELECT"));
                let columns = Columns::new(input, declared.as_ref(), selected.as_ref())
                    .map_err(|error| error.within(parsed.source().file().to_owned()))?;
                let output = columns.schema.clone();
                let cursor = Rc::new(Cursor::new(columns));
                row::register(&mut engine, &cursor);
                let (script, called) = (parsed.ready(engine), Called::Row(cursor));
                Ok(Self { script, output, called })
            }
            Form::Batch => {
                table::register(&mut engine);
                let mut script = parsed.ready(engine);
                // What it makes of a batch without rows has the columns that it makes of any.
                let made = host::trying(|| batches(&mut script, Batch::empty(input)?));
                let made = made.map_err(|error| error.within("on a batch without rows, made to see its columns"))?;
                let output = made
                    .first()
                    .map_or_else(|| input.clone(), |batch| batch.schema().clone());
                let called = Called::Batch;
                Ok(Self { script, output, called })
            }
        }
    }

    fn output_schema(&self, _input: &Schema) -> Result<Schema> {
        Ok(self.output.clone())
    }

    fn process(&mut self, batch: Batch) -> Result<Vec<Batch>> {
        match &self.called {
            Called::Row(cursor) => rows::process(&mut self.script, cursor, &batch).map(|made| vec![made]),
            Called::Batch => batches(&mut self.script, batch),
        }
    }
}

/// Calls a script's function for a batch.
fn batches(script: &mut Script, batch: Batch) -> Result<Vec<Batch>> {
    let answer = script.call(Dynamic::from(Table::new(batch)));
    let answer = answer.map_err(|error| script.source().failure(*error))?;
    answered(answer).map_err(|error| script.at_function(error))
}

fn answered(answer: Dynamic) -> Result<Vec<Batch>> {
    if answer.is_unit() {
        return Ok(Vec::new());
    }
    let answer = match answer.try_cast_result::<Table>() {
        Ok(table) => return Ok(vec![table.finish()?]),
        Err(answer) => answer,
    };
    let what = writer::described(&answer);
    match answer.try_cast::<Array>() {
        Some(answers) => Ok(answers.into_iter().map(answered).collect::<Result<Vec<_>>>()?.concat()),
        None => Err(Error::bad_data(format!(
            "the function returned {what}; it must return a batch, an array of batches, or ()"
        ))),
    }
}
