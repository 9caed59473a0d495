//! Flat columns that lie, each with the error that it gets.

use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field, Fields};
use tenon_layout::array_of;

use crate::refusal::{accepted, column, item, none, refused, values};

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
