//! Answers that are too large, or not what was announced.

use crate::bindings::exports::tenon::etl::transform::{Output, Rejection};
use crate::bindings::tenon::etl::arrow::{ColumnParam, Encoding, FieldParam, FieldResult, Node};
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::{Error, Kind};
use crate::{Attack, failure, nothing, number, pass};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("error-large", |_, bytes| {
        Err(failure(Kind::BadData, "x".repeat(number(bytes))))
    }),
    ("error-context", |_, entries| {
        let context = (0..number(entries)).map(|entry| format!("step {entry}")).collect();
        Err(Error {
            context,
            ..failure(Kind::BadData, "deep inside")
        })
    }),
    ("error-context-large", |_, bytes| {
        let context = vec!["y".repeat(number(bytes)); 16];
        Err(Error {
            context,
            ..failure(Kind::BadData, "x".repeat(number(bytes)))
        })
    }),
    ("error-control", |_, text| Err(failure(Kind::BadData, text))),
    ("reject-outside", |batch, row| {
        Ok(reject(batch, [u32::try_from(number(row)).unwrap_or(u32::MAX)]))
    }),
    ("reject-twice", |batch, _| Ok(reject(batch, [0, 0]))),
    ("reject-many", |batch, times| {
        Ok(reject(batch, (0..number(times)).map(|row| row as u32)))
    }),
    ("reject-large", |batch, bytes| {
        let rejected = vec![Rejection {
            row: 0,
            reason: "r".repeat(number(bytes)),
        }];
        Ok(Output {
            rejected,
            ..pass(batch)
        })
    }),
    ("other-type", |_, _| one_column("x", "g", &[0; 8])),
    ("other-name", |_, _| one_column(&"n".repeat(1_000), "l", &[0; 8])),
    ("more-columns", |batch, _| {
        let column = ColumnParam {
            nodes: &[Node {
                length: batch.rows(),
                nulls: batch.rows(),
            }],
            buffers: &[],
        };
        Ok(pass(batch.with_columns(&[field("more", "n")], &[column])?))
    }),
    ("announce-deep", |_, _| Ok(nothing())),
    ("announce-wide", |_, _| Ok(nothing())),
    ("announce-long", |_, _| Ok(nothing())),
    ("announce-format", |_, _| Ok(nothing())),
    ("announce-error", |_, _| Ok(nothing())),
];

/// What `open` answers with: the input's schema, unless the attack is on that.
pub(crate) fn announced(function: &str, config: &str, input: Vec<FieldResult>) -> Result<Vec<FieldResult>, Error> {
    let size = number(config);
    let field = |name: &str, format: &str, children: u32| FieldResult {
        name: name.to_owned(),
        format: format.to_owned(),
        encoding: Encoding::Plain,
        nullable: true,
        children,
        metadata: Vec::new(),
    };
    Ok(match function {
        "announce-deep" => {
            let lists = (0..size).map(|_| field("deep", "+l", 1));
            lists.chain([field("bottom", "l", 0)]).collect()
        }
        "announce-wide" => (0..size).map(|column| field(&format!("c{column}"), "n", 0)).collect(),
        "announce-long" => vec![field(&"n".repeat(size), "l", 0)],
        "announce-format" => vec![field("x", &"q".repeat(size), 0)],
        "announce-error" => return Err(failure(Kind::BadConfig, "x".repeat(size))),
        _ => input,
    })
}

/// A column that may hold nulls and has no children.
pub(crate) fn field<'a>(name: &'a str, format: &'a str) -> FieldParam<'a> {
    FieldParam {
        name,
        format,
        encoding: Encoding::Plain,
        nullable: true,
        children: 0,
        metadata: &[],
    }
}

fn reject(batch: Batch, rows: impl IntoIterator<Item = u32>) -> Output {
    let rejected = rows
        .into_iter()
        .map(|row| Rejection {
            row,
            reason: String::new(),
        })
        .collect();
    Output {
        rejected,
        ..pass(batch)
    }
}

fn one_column(name: &str, format: &str, values: &[u8]) -> Result<Output, Error> {
    let column = ColumnParam {
        nodes: &[Node { length: 1, nulls: 0 }],
        buffers: &[&[], values],
    };
    Ok(pass(Batch::build(&[field(name, format)], 1, &[column])?))
}
