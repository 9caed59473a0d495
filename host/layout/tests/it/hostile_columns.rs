//! Columns that lie, each with the error that it gets.

use std::sync::Arc;

use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_schema::{DataType, Field, Fields, UnionFields, UnionMode};
use tenon_layout::{Column, Node, array_of};

/// A buffer of values.
fn values<T: ArrowNativeType>(values: &[T]) -> Buffer {
    Buffer::from_slice_ref(values)
}

fn none() -> Buffer {
    Buffer::from_vec(Vec::<u8>::new())
}

fn column(nodes: &[(u32, u32)], buffers: Vec<Buffer>) -> Column {
    Column {
        nodes: nodes.iter().map(|&(length, nulls)| Node { length, nulls }).collect(),
        buffers,
    }
}

/// The error of a column `a` of this type.
#[track_caller]
fn refused(data_type: &DataType, rows: u32, nodes: &[(u32, u32)], buffers: Vec<Buffer>, expected: &str) {
    refused_as(Field::new("a", data_type.clone(), true), rows, nodes, buffers, expected);
}

#[track_caller]
fn refused_as(field: Field, rows: u32, nodes: &[(u32, u32)], buffers: Vec<Buffer>, expected: &str) {
    let error = array_of(&Arc::new(field), rows, column(nodes, buffers)).expect_err("this column lies");
    assert_eq!(error.to_string(), expected);
}

#[track_caller]
fn accepted(data_type: &DataType, rows: u32, nodes: &[(u32, u32)], buffers: Vec<Buffer>) {
    let field = Arc::new(Field::new("a", data_type.clone(), true));
    let array = array_of(&field, rows, column(nodes, buffers)).unwrap();
    array.to_data().validate_full().unwrap();
}

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, true))
}

#[test]
fn wrong_numbers_of_nodes_and_buffers() {
    let list = DataType::List(item(DataType::Int32));
    refused(
        &list,
        0,
        &[],
        vec![],
        "column `a`: expected 2 nodes and 4 buffers, but got 0 nodes and 0 buffers",
    );
    refused(
        &list,
        0,
        &[(0, 0), (0, 0), (0, 0)],
        vec![none(); 4],
        "column `a`: expected 2 nodes and 4 buffers, but got 3 nodes and 4 buffers",
    );
    refused(
        &DataType::Utf8,
        0,
        &[(0, 0)],
        vec![none(); 2],
        "column `a`: expected 1 nodes and 3 buffers, but got 1 nodes and 2 buffers",
    );
    refused(
        &DataType::Null,
        0,
        &[(0, 0)],
        vec![none()],
        "column `a`: expected 1 nodes and 0 buffers, but got 1 nodes and 1 buffers",
    );
}

#[test]
fn lengths_that_differ_from_the_rows() {
    let error = "column `a`: expected a length of 2, but got 3";
    refused(
        &DataType::Int32,
        2,
        &[(3, 0)],
        vec![none(), values(&[1_i32, 2, 3])],
        error,
    );
    refused(&DataType::Null, 2, &[(3, 3)], vec![], error);
    let record = DataType::Struct(Fields::from(vec![Field::new("b", DataType::Int8, true)]));
    let error = "column `a.b`: expected a length of 2, but got 1";
    refused(
        &record,
        2,
        &[(2, 0), (1, 0)],
        vec![none(), none(), values(&[1_i8])],
        error,
    );
}

#[test]
fn buffers_that_are_too_short() {
    let short = vec![none(), values(&[1_i32])];
    let error = "column `a`: expected a buffer of 17179869180 bytes for 4294967295 values of 4 bytes, but got 4 bytes";
    refused(&DataType::Int32, u32::MAX, &[(u32::MAX, 0)], short, error);
    let error = "column `a`: expected a boolean buffer of 2 bytes for 9 values, but got 1 bytes";
    refused(&DataType::Boolean, 9, &[(9, 0)], vec![none(), values(&[0_u8])], error);
    let error = "column `a`: expected a validity buffer of 2 bytes for 9 values, but got 1 bytes";
    refused(
        &DataType::Int8,
        9,
        &[(9, 1)],
        vec![values(&[0_u8]), values(&[0_i8; 9])],
        error,
    );
    let error = "column `a`: expected a validity buffer of 1 bytes for 2 values, but got 0 bytes";
    refused(&DataType::Int8, 2, &[(2, 1)], vec![none(), values(&[0_i8; 2])], error);
    let error = "column `a`: expected a buffer of 9223372034707292160 bytes for 4294967295 values of 2147483648 bytes";
    let wide = DataType::FixedSizeBinary(i32::MAX);
    let error = error
        .replace("9223372034707292160", "9223372030412324865")
        .replace("2147483648", "2147483647");
    refused(
        &wide,
        u32::MAX,
        &[(u32::MAX, 0)],
        vec![none(), none()],
        &format!("{error}, but got 0 bytes"),
    );
    let error = "column `a`: expected a buffer of 12 bytes for 3 values of 4 bytes, but got 8 bytes";
    refused(
        &DataType::Utf8,
        2,
        &[(2, 0)],
        vec![none(), values(&[0_i32, 0]), none()],
        error,
    );
    refused(
        &DataType::Utf8,
        2,
        &[(2, 0)],
        vec![none(), none(), none()],
        &error.replace("8 bytes", "0 bytes"),
    );
}

#[test]
fn null_counts_that_lie() {
    let three = || values(&[0_i8; 3]);
    let bits = |bits: u8| values(&[bits]);
    let error = "column `a`: expected at most 3 nulls, as many as values, but got 4";
    refused(&DataType::Int8, 3, &[(3, 4)], vec![bits(0), three()], error);
    let error = "column `a`: expected 2 nulls, as the node says, but got 1 in the validity buffer";
    refused(&DataType::Int8, 3, &[(3, 2)], vec![bits(0b101), three()], error);
    let error = "column `a`: expected 0 nulls, as the node says, but got 3 in the validity buffer";
    refused(&DataType::Int8, 3, &[(3, 0)], vec![bits(0b1000), three()], error);
    let error = "column `a`: expected 3 nulls, as all values of type null are, but got 0";
    refused(&DataType::Null, 3, &[(3, 0)], vec![], error);
    // Bits past the length don't count.
    accepted(&DataType::Int8, 3, &[(3, 1)], vec![bits(0b101), three()]);
}

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
    let error =
        "column `a`: expected no nulls, as the field is not nullable, but got the index of a null value in row 1";
    let words = vec![
        none(),
        values(&[0_i8, 1]),
        second(),
        values(&[0_i32, 1, 1]),
        values(b"x"),
    ];
    refused_as(field, 2, &[(2, 0), (2, 1)], words, error);
}

#[test]
fn offsets_that_lead_nowhere() {
    let text = |offsets: &[i32], text: &[u8]| vec![none(), values(offsets), values(text)];
    let two = &[(2, 0)];
    let error = "column `a`: expected offsets that never fall, but got 1 after 2 in row 1";
    refused(&DataType::Utf8, 2, two, text(&[0, 2, 1], b"ab"), error);
    let error = "column `a`: expected offsets from 0 upwards, but got -1 in row 0";
    refused(&DataType::Utf8, 2, two, text(&[-1, 0, 1], b"ab"), error);
    let error = "column `a`: expected offsets that never fall, but got -2147483648 after 2147483647 in row 1";
    refused(&DataType::Binary, 2, two, text(&[0, i32::MAX, i32::MIN], b"ab"), error);
    let error = "column `a`: expected offsets up to 2, the number of bytes, but got 3";
    refused(&DataType::Utf8, 2, two, text(&[0, 1, 3], b"ab"), error);
    refused(&DataType::Utf8View, 2, two, text(&[0, 1, 3], b"ab"), error);
    let large = vec![none(), values(&[0_i64, 1, i64::MAX]), values(b"ab")];
    let error = "column `a`: expected offsets up to 2, the number of bytes, but got 9223372036854775807";
    refused(&DataType::LargeBinary, 2, two, large, error);

    for list in [
        DataType::List(item(DataType::Int8)),
        DataType::ListView(item(DataType::Int8)),
    ] {
        let items = |offsets: &[i32]| vec![none(), values(offsets), none(), values(&[7_i8, 8])];
        let error = "column `a`: expected offsets up to 2, the number of items, but got 3";
        refused(&list, 2, &[(2, 0), (2, 0)], items(&[0, 1, 3]), error);
        let error = "column `a`: expected offsets that never fall, but got 0 after 2 in row 1";
        refused(&list, 2, &[(2, 0), (2, 0)], items(&[0, 2, 0]), error);
        accepted(&list, 2, &[(2, 0), (2, 0)], items(&[1, 1, 2]));
    }
}

#[test]
fn text_that_is_not_utf8() {
    let text = |offsets: &[i32], text: &[u8]| vec![none(), values(offsets), values(text)];
    let error = "column `a`: expected text in UTF-8, but got Encountered non UTF-8 data: \
                 invalid utf-8 sequence of 1 bytes from index 1";
    refused(&DataType::Utf8, 1, &[(1, 0)], text(&[0, 2], b"a\xff"), error);
    refused(&DataType::Utf8View, 1, &[(1, 0)], text(&[0, 2], b"a\xff"), error);
    // The text as a whole is UTF-8, each half of the letter is not.
    let error = "column `a`: expected text in UTF-8, but got Split UTF-8 codepoint at offset 1";
    refused(&DataType::Utf8, 2, &[(2, 0)], text(&[0, 1, 2], "é".as_bytes()), error);
    // What no value reaches is cut off.
    accepted(&DataType::Utf8, 1, &[(1, 0)], text(&[0, 1], b"a\xff"));
    accepted(&DataType::Binary, 1, &[(1, 0)], text(&[0, 2], b"a\xff"));
}

#[test]
fn decimals_with_too_many_digits() {
    let error = "column `a`: expected decimals of at most 3 digits, but got 1000 in row 1";
    let decimal = DataType::Decimal128(3, 1);
    refused(&decimal, 2, &[(2, 0)], vec![none(), values(&[-999_i128, 1_000])], error);
    accepted(
        &decimal,
        2,
        &[(2, 1)],
        vec![values(&[0b01_u8]), values(&[-999_i128, 1_000])],
    );
    let error =
        "column `a`: expected decimals of at most 38 digits, but got -170141183460469231731687303715884105728 in row 0";
    refused(
        &DataType::Decimal128(38, 0),
        1,
        &[(1, 0)],
        vec![none(), values(&[i128::MIN])],
        error,
    );
    let error = "column `a`: expected decimals of at most 9 digits, but got 1000000000 in row 0";
    refused(
        &DataType::Decimal32(9, 0),
        1,
        &[(1, 0)],
        vec![none(), values(&[1_000_000_000_i32])],
        error,
    );
    let error = "column `a`: expected decimals of at most 2 digits, but got 100 in row 0";
    refused(
        &DataType::Decimal64(2, 0),
        1,
        &[(1, 0)],
        vec![none(), values(&[100_i64])],
        error,
    );
    let wide: Vec<u8> = (0..32).map(|_| 0x7f).collect();
    let error = array_of(
        &Arc::new(Field::new("a", DataType::Decimal256(76, 0), true)),
        1,
        column(&[(1, 0)], vec![none(), Buffer::from_vec(wide)]),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("column `a`: expected decimals of at most 76 digits, but got ")
    );
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
