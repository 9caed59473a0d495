//! Expressions that cost more than they say.

use crate::answer::field;
use crate::bindings::exports::tenon::etl::transform::Output;
use crate::bindings::tenon::etl::arrow::{ColumnParam, FieldParam, FieldResult, Node};
use crate::bindings::tenon::etl::batches::{Batch, Program};
use crate::bindings::tenon::etl::errors::Error;
use crate::bindings::tenon::etl::host;
use crate::{Attack, number, pass};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    // The expressions are the argument, a line each.
    ("project", |batch, lines| project(&batch, lines)),
    ("filter", |batch, lines| {
        Ok(pass(compile(&batch, lines)?.filter(&batch)?))
    }),
    ("programs", |batch, times| programs(&batch, number(times))),
    ("foreign-program", |batch, _| foreign_program(&batch)),
];

fn compile(batch: &Batch, lines: &str) -> Result<Program, Error> {
    let schema = batch.schema();
    let schema: Vec<FieldParam<'_>> = schema.iter().map(borrowed).collect();
    let lines: Vec<&str> = lines.lines().collect();
    Program::compile(&schema, &lines)
}

pub(crate) fn borrowed(field: &FieldResult) -> FieldParam<'_> {
    FieldParam {
        name: &field.name,
        format: &field.format,
        encoding: field.encoding,
        nullable: field.nullable,
        children: field.children,
        metadata: &[],
    }
}

/// Computes, and answers with no more than the number of rows.
fn project(batch: &Batch, lines: &str) -> Result<Output, Error> {
    let projected = compile(batch, lines)?.project(batch)?;
    host::count("rows", f64::from(projected.rows()));
    Ok(pass(batch.share()))
}

/// Many large programs, all kept.
fn programs(batch: &Batch, times: usize) -> Result<Output, Error> {
    let mut kept = Vec::new();
    for turn in 0..times {
        let lines: Vec<String> = (0..1_000)
            .map(|line| format!("{} + {turn} as c{line}", turn * 1_000 + line))
            .collect();
        kept.push(compile(batch, &lines.join("\n"))?);
        host::count("programs", 1.0);
    }
    Ok(pass(batch.share()))
}

/// A program on a batch of another schema than it was compiled for.
fn foreign_program(batch: &Batch) -> Result<Output, Error> {
    let program = Program::compile(&[field("other", "l")], &["other + 1 as more"])?;
    let column = ColumnParam {
        nodes: &[Node { length: 1, nulls: 0 }],
        buffers: &[&[], &[0; 8]],
    };
    // A column of that name, but of another type.
    let wrong = Batch::build(&[field("other", "g")], 1, &[column])?;
    program.project(&wrong)?;
    Ok(pass(batch.share()))
}
