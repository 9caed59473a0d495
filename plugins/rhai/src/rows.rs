//! Scripts of rows: calls the function for each row and collects what it answers with.

use std::rc::Rc;

use rhai::{Array, Dynamic, Map};
use tenon::{AnyColumn, Batch, Context, Error, Result};

use crate::row::{Cursor, Row};
use crate::script::Script;
use crate::writer::{Writer, described};

/// What has come of a batch so far.
struct Made<'a> {
    cursor: &'a Cursor,
    /// The rows that those which come out were made of.
    rows: Vec<u32>,
    /// The columns that came to have other values.
    writers: Vec<Option<Writer>>,
}

/// Calls a script's function for every row of a batch.
pub fn process(script: &mut Script, cursor: &Rc<Cursor>, batch: &Batch) -> Result<Batch> {
    cursor.start(Some(batch.clone()));
    let made = each(script, cursor, batch.rows());
    cursor.start(None);
    made?.finish(batch)
}

fn each<'a>(script: &mut Script, cursor: &'a Rc<Cursor>, rows: usize) -> Result<Made<'a>> {
    let mut made = Made::new(cursor)?;
    let row = Dynamic::from(Row(cursor.clone()));
    for number in 0..rows {
        cursor.next(number);
        let answer = script.call(row.clone());
        if let Some(reason) = cursor.take_rejected() {
            tenon::reject(number, reason);
            continue;
        }
        answer
            .map_err(|error| script.source().failure(*error))
            .and_then(|answer| made.take(number, answer).map_err(|error| script.at_function(error)))
            .with_context(|| format!("row {number} of its batch"))?;
    }
    Ok(made)
}

impl<'a> Made<'a> {
    fn new(cursor: &'a Cursor) -> Result<Self> {
        let mut made = Self {
            cursor,
            rows: Vec::new(),
            writers: cursor.columns().columns.iter().map(|_| None).collect(),
        };
        for (position, column) in cursor.columns().columns.iter().enumerate() {
            if column.output && (column.retyped || !column.input) {
                made.write(position)?;
            }
        }
        Ok(made)
    }

    /// Takes what the function answered with.
    fn take(&mut self, row: usize, answer: Dynamic) -> Result<()> {
        if answer.is_unit() {
            return Ok(());
        }
        if answer.is::<Row>() {
            return self.take_row(row);
        }
        let answer = match answer.try_cast_result::<Map>() {
            Ok(map) => return self.take_map(row, map),
            Err(answer) => answer,
        };
        let what = described(&answer);
        match answer.try_cast::<Array>() {
            Some(answers) => answers.into_iter().try_for_each(|answer| self.take(row, answer)),
            None => Err(Error::bad_data(format!(
                "the function returned {what}; it must return the row, a map, an array of these, or () to leave the row out"
            ))),
        }
    }

    fn take_row(&mut self, row: usize) -> Result<()> {
        let columns = &self.cursor.columns().columns;
        while let Some(position) =
            (self.cursor).assigned(|position| self.writers[position].is_none() && columns[position].output)
        {
            self.write(position)?;
        }
        for (position, writer) in self.writers.iter_mut().enumerate() {
            if let Some(writer) = writer {
                writer.push(&self.cursor.get(position)?)?;
            }
        }
        self.rows.push(row as u32);
        Ok(())
    }

    fn take_map(&mut self, row: usize, mut map: Map) -> Result<()> {
        for (position, column) in self.cursor.columns().columns.iter().enumerate() {
            let value = map.remove(column.field.name.as_str());
            if !column.output {
                continue;
            }
            let value = value.ok_or_else(|| incomplete(&column.field.name))?;
            if self.writers[position].is_none() {
                self.write(position)?;
            }
            if let Some(writer) = &mut self.writers[position] {
                writer.push(&value)?;
            }
        }
        if let Some((name, value)) = map.iter().next() {
            return Err(self.cursor.undeclared(name, value));
        }
        self.rows.push(row as u32);
        Ok(())
    }

    /// From here on, the column is made anew; the rows before get the values that they came with.
    fn write(&mut self, position: usize) -> Result<()> {
        let column = &self.cursor.columns().columns[position];
        let mut writer = Writer::new(&column.field)?;
        if column.input {
            for row in &self.rows {
                writer.push(&self.cursor.original(position, *row as usize)?)?;
            }
        } else {
            writer.push_nulls(self.rows.len());
        }
        self.writers[position] = Some(writer);
        Ok(())
    }

    fn finish(self, batch: &Batch) -> Result<Batch> {
        let columns = self.cursor.columns();
        let unchanged =
            self.rows.len() == batch.rows() && (0..).zip(&self.rows).all(|(expected, row)| expected == *row);
        let mut output = if unchanged {
            batch.clone()
        } else {
            batch.take(&self.rows)?
        };
        let written: Vec<_> = self.writers.into_iter().flatten().map(Writer::finish).collect();
        if !written.is_empty() {
            let named = written
                .into_iter()
                .map(|column| (column.field.name.clone(), AnyColumn::from(column)));
            output = output.with_columns(named)?;
        }
        if columns.schema.names().eq(output.schema().names()) {
            Ok(output)
        } else {
            output.select(columns.schema.names())
        }
    }
}

fn incomplete(name: &str) -> Error {
    Error::bad_config(format!(
        "the map that the function returned has no `{name}`; a map has all columns that come out: return `row + #{{ .. }}` \
         to change some, or say which come out: const SELECT = [..];"
    ))
}
