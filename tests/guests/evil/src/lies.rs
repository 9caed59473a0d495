//! Batches that lie: what they hold is not what their nodes, buffers or schema say.

use crate::answer::field;
use crate::bindings::exports::tenon::etl::transform::Output;
use crate::bindings::tenon::etl::arrow::{ColumnParam, Encoding, FieldParam, Node};
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::{Error, Kind};
use crate::{Attack, failure, number, pass};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("lie", |_, lie| Ok(pass(tell(lie)?))),
    ("lie-with-columns", |batch, _| {
        // One row more than the batch has.
        let length = batch.rows() + 1;
        let nulls = ColumnParam {
            nodes: &[node(length, length)],
            buffers: &[],
        };
        Ok(pass(batch.with_columns(&[field("more", "n")], &[nulls])?))
    }),
    ("deep", |_, levels| Ok(pass(deep(number(levels))?))),
    ("wide", |_, columns| Ok(pass(wide(number(columns))?))),
    ("name", |_, bytes| Ok(pass(named(&"n".repeat(number(bytes)))?))),
    ("metadata", |_, bytes| Ok(pass(with_metadata(number(bytes))?))),
    ("rows", |_, rows| {
        Ok(pass(nulls(u32::try_from(number(rows)).unwrap_or(u32::MAX))?))
    }),
    ("hoard", |_, bytes| hoard(number(bytes))),
    ("build-forever", |_, bytes| build_forever(number(bytes))),
];

fn node(length: u32, nulls: u32) -> Node {
    Node { length, nulls }
}

/// 64-bit or 32-bit numbers as a buffer.
fn buffer<const SIZE: usize>(values: &[[u8; SIZE]]) -> Vec<u8> {
    values.concat()
}

fn offsets(values: &[i32]) -> Vec<u8> {
    buffer(&values.iter().map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// One column `a` of the given format.
fn flat(format: &str, rows: u32, nodes: &[Node], buffers: &[&[u8]]) -> Result<Batch, Error> {
    Batch::build(&[field("a", format)], rows, &[ColumnParam { nodes, buffers }])
}

/// A parent `a` with children `a.child`.
fn nested(parent: &str, children: &[&str], rows: u32, nodes: &[Node], buffers: &[&[u8]]) -> Result<Batch, Error> {
    let mut fields = vec![FieldParam {
        children: children.len() as u32,
        ..field("a", parent)
    }];
    fields.extend(children.iter().map(|format| FieldParam {
        nullable: false,
        ..field("child", format)
    }));
    Batch::build(&fields, rows, &[ColumnParam { nodes, buffers }])
}

fn dictionary(rows: u32, nodes: &[Node], buffers: &[&[u8]]) -> Result<Batch, Error> {
    let indices = FieldParam {
        encoding: Encoding::Dictionary,
        children: 1,
        ..field("a", "c")
    };
    Batch::build(
        &[indices, field("values", "u")],
        rows,
        &[ColumnParam { nodes, buffers }],
    )
}

#[expect(clippy::too_many_lines, reason = "one arm per lie")]
fn tell(lie: &str) -> Result<Batch, Error> {
    let two = [node(2, 0)];
    let text = |values: &[i32], bytes: &[u8]| flat("u", 2, &two, &[&[], &offsets(values), bytes]);
    match lie {
        "length" => flat("l", 2, &[node(3, 0)], &[&[], &[0; 24]]),
        "length-absurd" => flat("l", 2, &[node(u32::MAX, 0)], &[&[], &[0; 16]]),
        "short-buffer" => flat("l", 2, &two, &[&[], &[0; 15]]),
        "nulls-more-than-rows" => flat("l", 2, &[node(2, 3)], &[&[0], &[0; 16]]),
        "nulls-miscounted" => flat("l", 2, &[node(2, 1)], &[&[0b11], &[0; 16]]),
        "nulls-without-validity" => flat("l", 2, &[node(2, 1)], &[&[], &[0; 16]]),
        "nulls-not-allowed" => {
            let strict = FieldParam {
                nullable: false,
                ..field("a", "l")
            };
            let column = ColumnParam {
                nodes: &[node(2, 1)],
                buffers: &[&[0b01], &[0; 16]],
            };
            Batch::build(&[strict], 2, &[column])
        }
        "offsets-fall" => text(&[0, 2, 1], b"ab"),
        "offsets-past-the-end" => text(&[0, 1, 1_000_000], b"ab"),
        "offsets-negative" => text(&[0, -1, 2], b"ab"),
        "offsets-missing" => text(&[0, 1], b"ab"),
        "not-utf8" => text(&[0, 1, 2], &[0xff, 0xfe]),
        "split-character" => text(&[0, 1, 2], "ä".as_bytes()),
        "too-few-buffers" => flat("u", 2, &two, &[&[], &offsets(&[0, 1, 2])]),
        "too-many-buffers" => flat("l", 2, &two, &[&[], &[0; 16], &[0; 16]]),
        "a-million-buffers" => flat("l", 2, &two, &vec![&[][..]; 1_000_000]),
        "no-nodes" => flat("l", 2, &[], &[&[], &[0; 16]]),
        "a-million-nodes" => flat("l", 2, &vec![node(2, 0); 1_000_000], &[&[], &[0; 16]]),
        "other-type" => flat("u", 2, &two, &[&[], &[0; 16]]),
        "unknown-format" => flat("?", 2, &two, &[&[], &[0; 16]]),
        "missing-children" => {
            let parent = FieldParam {
                children: 5,
                ..field("a", "+s")
            };
            Batch::build(
                &[parent],
                2,
                &[ColumnParam {
                    nodes: &two,
                    buffers: &[&[]],
                }],
            )
        }
        "children-absurd" => {
            let parent = FieldParam {
                children: u32::MAX,
                ..field("a", "+s")
            };
            Batch::build(
                &[parent],
                2,
                &[ColumnParam {
                    nodes: &two,
                    buffers: &[&[]],
                }],
            )
        }
        "no-columns" => Batch::build(&[field("a", "l")], 2, &[]),
        "too-many-columns" => {
            let column = ColumnParam {
                nodes: &two,
                buffers: &[&[], &[0; 16]],
            };
            Batch::build(&[field("a", "l")], 2, &[column.clone(), column])
        }
        "list-child-too-short" => {
            let nodes = [node(2, 0), node(1, 0)];
            nested("+l", &["l"], 2, &nodes, &[&[], &offsets(&[0, 1, 2]), &[], &[0; 8]])
        }
        "struct-child-too-short" => nested("+s", &["l"], 2, &[node(2, 0), node(1, 0)], &[&[], &[], &[0; 8]]),
        "fixed-list-overflow" => {
            let nodes = [node(u32::MAX, 0), node(u32::MAX, u32::MAX)];
            nested("+w:2147483647", &["n"], u32::MAX >> 8, &nodes, &[&[]])
        }
        "fixed-list-weightless" => {
            // A few bytes that stand for 2,000,000,000 values each.
            let nodes = [node(2, 0), node(4_000_000_000, 4_000_000_000)];
            nested("+w:2000000000", &["n"], 2, &nodes, &[&[]])
        }
        "dictionary-index" => {
            let nodes = [node(2, 0), node(1, 0)];
            dictionary(2, &nodes, &[&[], &[0, 7], &[], &offsets(&[0, 1]), b"x"])
        }
        "run-ends" => {
            let nodes = [node(3, 0), node(2, 0), node(2, 0)];
            nested("+r", &["i", "l"], 3, &nodes, &[&[], &offsets(&[2, 1]), &[], &[0; 16]])
        }
        "union-type-id" => nested("+us:0", &["l"], 1, &[node(1, 0), node(1, 0)], &[&[9], &[], &[0; 8]]),
        "union-offset" => nested(
            "+ud:0",
            &["l"],
            1,
            &[node(1, 0), node(1, 0)],
            &[&[0], &offsets(&[77]), &[], &[0; 8]],
        ),
        "decimal-precision" => flat("d:200,1", 2, &two, &[&[], &[0; 32]]),
        "names-twice" => {
            let column = ColumnParam {
                nodes: &two,
                buffers: &[&[], &[0; 16]],
            };
            Batch::build(&[field("a", "l"), field("a", "l")], 2, &[column.clone(), column])
        }
        _ => Err(failure(Kind::BadConfig, "no such lie")),
    }
}

fn deep(levels: usize) -> Result<Batch, Error> {
    let mut fields = vec![
        FieldParam {
            children: 1,
            ..field("deep", "+s")
        };
        levels
    ];
    fields.push(field("bottom", "n"));
    let nodes = vec![node(1, 0); levels]
        .into_iter()
        .chain([node(1, 1)])
        .collect::<Vec<_>>();
    Batch::build(
        &fields,
        1,
        &[ColumnParam {
            nodes: &nodes,
            buffers: &vec![&[][..]; levels],
        }],
    )
}

fn wide(columns: usize) -> Result<Batch, Error> {
    let nulls = ColumnParam {
        nodes: &[node(1, 1)],
        buffers: &[],
    };
    let names: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
    let fields: Vec<FieldParam<'_>> = names.iter().map(|name| field(name, "n")).collect();
    Batch::build(&fields, 1, &vec![nulls; columns])
}

fn named(name: &str) -> Result<Batch, Error> {
    let nulls = ColumnParam {
        nodes: &[node(1, 1)],
        buffers: &[],
    };
    Batch::build(&[field(name, "n")], 1, &[nulls])
}

fn with_metadata(bytes: usize) -> Result<Batch, Error> {
    let value = "v".repeat(bytes);
    let metadata = [("key", value.as_str())];
    let nulls = ColumnParam {
        nodes: &[node(1, 1)],
        buffers: &[],
    };
    Batch::build(
        &[FieldParam {
            metadata: &metadata,
            ..field("a", "n")
        }],
        1,
        &[nulls],
    )
}

fn nulls(rows: u32) -> Result<Batch, Error> {
    flat("n", rows, &[node(rows, rows)], &[])
}

/// Builds batches and keeps them all.
fn hoard(bytes: usize) -> Result<Output, Error> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(binary(bytes)?);
    }
}

/// Builds batches and keeps none.
fn build_forever(bytes: usize) -> Result<Output, Error> {
    loop {
        binary(bytes)?;
    }
}

fn binary(bytes: usize) -> Result<Batch, Error> {
    let values = vec![1u8; bytes];
    let rows = u32::try_from(bytes).unwrap_or(u32::MAX);
    flat("C", rows, &[node(rows, 0)], &[&[], &values])
}
