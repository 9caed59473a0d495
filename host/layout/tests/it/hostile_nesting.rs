//! Nested columns that lie, each with the error that it gets.

use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field, Fields, UnionFields, UnionMode};

use crate::refusal::{accepted, item, none, refused, refused_as, values};

#[test]
fn nulls_where_none_may_be() {
    let nullable = |name: &str, nullable: bool| Field::new(name, DataType::Int8, nullable);
    let (two, second) = (|| values(&[0_i8; 2]), || values(&[0b01_u8]));
    let error = "column `a`: expected no nulls, as the field is not nullable, but got 1";
    refused_as(nullable("a", false), 2, &[(2, 1)], vec![second(), two()], error);

    let list = DataType::List(Arc::new(nullable("item", false)));
    let error = "column `a.item`: expected no nulls, as the field is not nullable, but got 1";
    let offsets = values(&[0_i32, 2]);
    refused(
        &list,
        1,
        &[(1, 0), (2, 1)],
        vec![none(), offsets, second(), two()],
        error,
    );

    let record = DataType::Struct(Fields::from(vec![nullable("b", false)]));
    let error = "column `a.b`: expected no nulls, as the field is not nullable, but got 1";
    refused(&record, 2, &[(2, 0), (2, 1)], vec![none(), second(), two()], error);
    // The struct is null in another row than its member.
    refused(
        &record,
        2,
        &[(2, 1), (2, 1)],
        vec![values(&[0b10_u8]), second(), two()],
        error,
    );
    accepted(&record, 2, &[(2, 1), (2, 1)], vec![second(), second(), two()]);

    let pairs = DataType::FixedSizeList(Arc::new(nullable("item", false)), 2);
    let four = || values(&[0_i8; 4]);
    let error = "column `a.item`: expected no nulls, as the field is not nullable, but got 1";
    refused(
        &pairs,
        2,
        &[(2, 0), (4, 1)],
        vec![none(), values(&[0b0111_u8]), four()],
        error,
    );
    refused(
        &pairs,
        2,
        &[(2, 1), (4, 1)],
        vec![values(&[0b10_u8]), values(&[0b0111_u8]), four()],
        error,
    );
    accepted(
        &pairs,
        2,
        &[(2, 1), (4, 1)],
        vec![second(), values(&[0b0111_u8]), four()],
    );

    let union = union_of(UnionMode::Sparse, false);
    let error = "column `a.number`: expected no nulls, as the field is not nullable, but got 1";
    let ids = values(&[0_i8, 0]);
    refused(
        &union,
        2,
        &[(2, 0), (2, 1), (2, 0)],
        vec![ids, second(), two(), none(), two()],
        error,
    );

    let field = Field::new("a", dictionary(), false);
    let error = "column `a`: expected no nulls, as the field is not nullable, but got 1 indices of null values";
    let words = vec![
        none(),
        values(&[0_i8, 1]),
        second(),
        values(&[0_i32, 1, 1]),
        values(b"x"),
    ];
    refused_as(field, 2, &[(2, 0), (2, 1)], words, error);
}

fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8))
}

#[test]
fn dictionary_indices_out_of_range() {
    let words = |keys: &[i8]| vec![none(), values(keys), none(), values(&[0_i32, 1, 2]), values(b"xy")];
    let range = "column `a`: expected dictionary indices from 0 to below 2, the number of values";
    refused(
        &dictionary(),
        2,
        &[(2, 0), (2, 0)],
        words(&[0, 2]),
        &format!("{range}, but got 2 in row 1"),
    );
    refused(
        &dictionary(),
        2,
        &[(2, 0), (2, 0)],
        words(&[-1, 0]),
        &format!("{range}, but got -1 in row 0"),
    );
    let error = "column `a.values`: expected offsets up to 1, the number of bytes, but got 2";
    let buffers = vec![none(), values(&[0_i8]), none(), values(&[0_i32, 2]), values(b"x")];
    refused(&dictionary(), 1, &[(1, 0), (1, 0)], buffers, error);
    // Whatever lies under a null is never looked up.
    let mut under_null = words(&[0, 99]);
    under_null[0] = values(&[0b01_u8]);
    accepted(&dictionary(), 2, &[(2, 1), (2, 0)], under_null);
}

#[test]
fn run_ends_that_do_not_cover_the_rows() {
    let ends = Arc::new(Field::new("run_ends", DataType::Int16, false));
    let runs = DataType::RunEndEncoded(ends, Arc::new(Field::new("values", DataType::Int8, true)));
    let encoded = |ends: &[i16]| vec![none(), values(ends), none(), values(&vec![0_i8; ends.len()])];
    let nodes = |rows: u32, runs: u32| [(rows, 0), (runs, 0), (runs, 0)];
    let rising = "column `a`: expected run ends that rise from above 0";
    refused(
        &runs,
        4,
        &nodes(4, 2),
        encoded(&[0, 4]),
        &format!("{rising}, but got 0 at run 0"),
    );
    refused(
        &runs,
        4,
        &nodes(4, 2),
        encoded(&[-4, 4]),
        &format!("{rising}, but got -4 at run 0"),
    );
    refused(
        &runs,
        4,
        &nodes(4, 3),
        encoded(&[2, 2, 4]),
        &format!("{rising}, but got 2 at run 1"),
    );
    refused(
        &runs,
        4,
        &nodes(4, 3),
        encoded(&[2, 1, 4]),
        &format!("{rising}, but got 1 at run 1"),
    );
    let error = "column `a`: expected run ends up to 4, the number of rows, but got";
    refused(&runs, 4, &nodes(4, 2), encoded(&[2, 3]), &format!("{error} 3"));
    refused(&runs, 4, &nodes(4, 2), encoded(&[2, 5]), &format!("{error} 5"));
    refused(&runs, 4, &nodes(4, 0), encoded(&[]), &format!("{error} 0"));
    refused(
        &runs,
        0,
        &nodes(0, 1),
        encoded(&[1]),
        "column `a`: expected run ends up to 0, the number of rows, but got 1",
    );
    let error = "column `a.values`: expected a length of 1, but got 2";
    let buffers = vec![none(), values(&[4_i16]), none(), values(&[0_i8; 2])];
    refused(&runs, 4, &[(4, 0), (1, 0), (2, 0)], buffers, error);
    let error = "column `a.run_ends`: expected no nulls, as the field is not nullable, but got 1";
    let buffers = vec![values(&[0_u8]), values(&[4_i16]), none(), values(&[0_i8])];
    refused(&runs, 4, &[(4, 0), (1, 1), (1, 0)], buffers, error);
    let error = "column `a`: expected no nulls, as a run-end encoded array has none of its own, but got 4";
    refused(&runs, 4, &[(4, 4), (1, 0), (1, 0)], encoded(&[4]), error);
    accepted(&runs, 4, &nodes(4, 2), encoded(&[1, 4]));
}

fn union_of(mode: UnionMode, nullable: bool) -> DataType {
    let children = [
        Field::new("number", DataType::Int8, nullable),
        Field::new("other", DataType::Int8, nullable),
    ];
    DataType::Union(UnionFields::try_new([0, 5], children).unwrap(), mode)
}

#[test]
fn unions_that_select_nothing() {
    let sparse = |ids: &[i8]| vec![values(ids), none(), values(&[0_i8; 2]), none(), values(&[0_i8; 2])];
    let two = [(2, 0), (2, 0), (2, 0)];
    let union = union_of(UnionMode::Sparse, true);
    let known = "column `a`: expected one of the union's type ids (0, 5)";
    for id in [1, 127, -1, -128] {
        refused(
            &union,
            2,
            &two,
            sparse(&[0, id]),
            &format!("{known}, but got {id} in row 1"),
        );
    }
    let error = "column `a.other`: expected a length of 2, but got 3";
    refused(&union, 2, &[(2, 0), (2, 0), (3, 0)], sparse(&[0, 5]), error);
    let error = "column `a`: expected no nulls, as a union has none of its own, but got 1";
    refused(&union, 2, &[(2, 1), (2, 0), (2, 0)], sparse(&[0, 5]), error);
    accepted(&union, 2, &two, sparse(&[0, 5]));

    let dense = |ids: &[i8], offsets: &[i32]| {
        vec![
            values(ids),
            values(offsets),
            none(),
            values(&[0_i8; 2]),
            none(),
            values(&[0_i8]),
        ]
    };
    let nodes = [(2, 0), (2, 0), (1, 0)];
    let union = union_of(UnionMode::Dense, true);
    let error = "column `a`: expected offsets from 0 to below 1, the length of child 5, but got";
    refused(
        &union,
        2,
        &nodes,
        dense(&[0, 5], &[0, 1]),
        &format!("{error} 1 in row 1"),
    );
    refused(
        &union,
        2,
        &nodes,
        dense(&[0, 5], &[0, -1]),
        &format!("{error} -1 in row 1"),
    );
    refused(
        &union,
        2,
        &nodes,
        dense(&[0, 9], &[0, 0]),
        &format!("{known}, but got 9 in row 1"),
    );
    accepted(&union, 2, &nodes, dense(&[0, 5], &[1, 0]));

    let none_known = DataType::Union(UnionFields::empty(), UnionMode::Dense);
    let error = "column `a`: expected one of the union's type ids (), but got 0 in row 0";
    refused(
        &none_known,
        1,
        &[(1, 0)],
        vec![values(&[0_i8]), values(&[0_i32])],
        error,
    );
}

#[test]
fn lengths_without_bytes_behind_them() {
    let limit = "a number of rows without bytes of 4294967295 is over the limit of 16777216";
    let lists = |item_type: DataType| DataType::List(item(item_type));
    let one_list = || vec![none(), values(&[0_i32, 1])];
    let nothing = DataType::Null;
    let error = format!("field `a.item`: {limit}");
    refused(&lists(nothing), 1, &[(1, 0), (u32::MAX, u32::MAX)], one_list(), &error);
    let with = |more: usize| one_list().into_iter().chain(vec![none(); more]).collect::<Vec<_>>();
    refused(
        &lists(DataType::Struct(Fields::empty())),
        1,
        &[(1, 0), (u32::MAX, 0)],
        with(1),
        &error,
    );
    refused(
        &lists(DataType::FixedSizeBinary(0)),
        1,
        &[(1, 0), (u32::MAX, 0)],
        with(2),
        &error,
    );
    let empty_lists = DataType::FixedSizeList(item(DataType::Int8), 0);
    refused(
        &lists(empty_lists.clone()),
        1,
        &[(1, 0), (u32::MAX, 0), (0, 0)],
        with(3),
        &error,
    );
    let ends = Arc::new(Field::new("run_ends", DataType::Int64, false));
    let runs = DataType::RunEndEncoded(ends, Arc::new(Field::new("values", DataType::Null, true)));
    let buffers = vec![none(), values(&[0_i32, 1]), none(), values(&[i64::from(u32::MAX)])];
    refused(
        &lists(runs),
        1,
        &[(1, 0), (u32::MAX, 0), (1, 0), (1, 1)],
        buffers,
        &error,
    );

    // As many as the batch has are the caller's affair.
    accepted(&DataType::Null, u32::MAX, &[(u32::MAX, u32::MAX)], vec![]);
    accepted(
        &DataType::Struct(Fields::empty()),
        1 << 25,
        &[(1 << 25, 0)],
        vec![none()],
    );
    let error = "column `a.item`: expected a length of 0, but got 1";
    refused(
        &empty_lists,
        7,
        &[(7, 0), (1, 0)],
        vec![none(), none(), values(&[0_i8])],
        error,
    );
}

#[test]
fn fixed_size_lists_whose_items_multiply() {
    let wide = |item_type: DataType| DataType::FixedSizeList(item(item_type), i32::MAX);
    let error = "column `a.item`: expected a length of 9223372030412324865, but got 7";
    let nodes = [(u32::MAX, 0), (7, 0)];
    refused(
        &wide(DataType::Int8),
        u32::MAX,
        &nodes,
        vec![none(), none(), none()],
        error,
    );
    let twice = wide(wide(DataType::Null));
    let error = "column `a.item.item`: expected a length of 4611686014132420609, but got 0";
    let nodes = [(1, 0), (i32::MAX as u32, 0), (0, 0)];
    refused(&twice, 1, &nodes, vec![none(), none()], error);
    // A mask for the items is not built before there are bytes for their validity.
    let strict = DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Int8, false)), i32::MAX);
    let error = "column `a.item`: expected a validity buffer of 268435456 bytes for 2147483647 values, but got 0 bytes";
    refused(
        &strict,
        1,
        &[(1, 1), (i32::MAX as u32, 1)],
        vec![values(&[0_u8]), none(), none()],
        error,
    );
    let error = "column `a.item`: expected a length of 137438953408, but got 7";
    let one_valid = values(&[1_u8, 0, 0, 0, 0, 0, 0, 0]);
    refused(
        &strict,
        64,
        &[(64, 63), (7, 1)],
        vec![one_valid, values(&[0_u8]), none()],
        error,
    );
}

#[test]
fn maps_without_keys() {
    let members = vec![
        Field::new("key", DataType::Int8, false),
        Field::new("value", DataType::Int8, true),
    ];
    let entries = Field::new("entries", DataType::Struct(members.into()), false);
    let map = DataType::Map(Arc::new(entries), false);
    let bytes = || values(&[0_i8]);
    let buffers =
        |entries: Buffer, key: Buffer| vec![none(), values(&[0_i32, 1]), entries, key, bytes(), none(), bytes()];
    let error = "column `a.entries.key`: expected no nulls, as the field is not nullable, but got 1";
    let nodes = [(1, 0), (1, 0), (1, 1), (1, 0)];
    refused(&map, 1, &nodes, buffers(none(), values(&[0_u8])), error);
    let error = "column `a.entries`: expected no nulls, as the field is not nullable, but got 1";
    refused(
        &map,
        1,
        &[(1, 0), (1, 1), (1, 0), (1, 0)],
        buffers(values(&[0_u8]), none()),
        error,
    );
    accepted(&map, 1, &[(1, 0); 4], buffers(none(), none()));
}

#[test]
fn errors_name_the_path_to_the_column() {
    let price = Field::new("price", DataType::Utf8, true);
    let record = Field::new("item", DataType::Struct(Fields::from(vec![price])), true);
    let field = Field::new("orders", DataType::List(Arc::new(record)), true);
    let buffers = vec![
        none(),
        values(&[0_i32, 1]),
        none(),
        none(),
        values(&[0_i32, 9]),
        values(b"text"),
    ];
    let error = "column `orders.item.price`: expected offsets up to 4, the number of bytes, but got 9";
    refused_as(field, 1, &[(1, 0), (1, 0), (1, 0)], buffers, error);
}
