//! Every Arrow type out and back: whole, sliced at odd bits, empty and all null.

use std::sync::Arc;

use arrow_array::types::{Int16Type, Int32Type};
use arrow_array::*;
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields, UnionFields, UnionMode};
use tenon_layout::{array_of, column_of};

use crate::random_arrays::{Random, leaf_types, random_array};

#[track_caller]
fn round_trip(field: &FieldRef, array: &ArrayRef) -> ArrayRef {
    let column = column_of(field, array).unwrap_or_else(|error| panic!("{field}: {error}"));
    let restored = array_of(field, array.len() as u32, column).unwrap_or_else(|error| panic!("{field}: {error}"));
    restored.to_data().validate_full().unwrap();
    assert_eq!(&restored, array, "{field}");
    assert_eq!(restored.data_type(), array.data_type());
    restored
}

/// The whole array and slices of it that start and end within bytes.
#[track_caller]
fn round_trips(field: Field, array: &ArrayRef) {
    let field = Arc::new(field);
    let rows = array.len();
    round_trip(&field, array);
    for offset in [0, 1, 3, 7, 8, 9, 13].into_iter().filter(|offset| *offset <= rows) {
        for length in [0, 1, 2, 5, 8, 11, 17]
            .into_iter()
            .filter(|length| offset + length <= rows)
        {
            round_trip(&field, &array.slice(offset, length));
        }
        // A slice of a slice.
        round_trip(
            &field,
            &array
                .slice(offset, rows - offset)
                .slice((rows - offset) / 2, (rows - offset) / 3),
        );
    }
}

fn item(data_type: DataType, nullable: bool) -> FieldRef {
    Arc::new(Field::new("item", data_type, nullable))
}

fn fields(members: Vec<(&str, DataType)>) -> Fields {
    members
        .into_iter()
        .map(|(name, data_type)| Field::new(name, data_type, true))
        .collect()
}

fn map(key: DataType, value: DataType, sorted: bool) -> DataType {
    let members = vec![Field::new("key", key, false), Field::new("value", value, true)];
    DataType::Map(
        Arc::new(Field::new("entries", DataType::Struct(members.into()), false)),
        sorted,
    )
}

fn union(mode: UnionMode, variants: Vec<DataType>) -> DataType {
    let ids: Vec<i8> = (0..).step_by(3).take(variants.len()).collect();
    let children = variants.into_iter().map(|variant| Field::new("variant", variant, true));
    DataType::Union(UnionFields::try_new(ids, children).unwrap(), mode)
}

fn dictionary(key: DataType, value: DataType) -> DataType {
    DataType::Dictionary(Box::new(key), Box::new(value))
}

fn runs(ends: DataType, values: DataType) -> DataType {
    let ends = Arc::new(Field::new("run_ends", ends, false));
    DataType::RunEndEncoded(ends, Arc::new(Field::new("values", values, true)))
}

fn nested_types() -> Vec<DataType> {
    use DataType::{
        Boolean, FixedSizeBinary, FixedSizeList, Float16, Int8, Int16, Int32, Int64, LargeList, LargeListView, List,
        ListView, Null, Struct, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    let mut types = vec![
        List(item(Boolean, true)),
        List(item(Utf8View, false)),
        LargeList(item(List(item(Float16, true)), true)),
        ListView(item(Int32, true)),
        ListView(item(Utf8, false)),
        LargeListView(item(Struct(fields(vec![("a", Boolean)])), true)),
        FixedSizeList(item(Boolean, true), 3),
        FixedSizeList(item(Int64, true), 0),
        FixedSizeList(item(FixedSizeList(item(Utf8, true), 2), true), 2),
        Struct(Fields::empty()),
        Struct(fields(vec![
            ("a", Boolean),
            ("b", Utf8),
            ("c", Struct(fields(vec![("d", Null)]))),
        ])),
        map(Utf8, Int32, false),
        map(Int32, List(item(Utf8, true)), true),
        runs(Int16, Utf8),
        runs(Int32, Boolean),
        runs(Int64, Struct(fields(vec![("a", Utf8)]))),
        dictionary(Int32, Struct(fields(vec![("a", Utf8View)]))),
        dictionary(Int8, dictionary(Int8, Utf8)),
        dictionary(Int8, FixedSizeBinary(0)),
        List(item(dictionary(UInt8, Utf8), true)),
        List(item(runs(Int32, Utf8), true)),
        List(item(map(Utf8, Utf8View, false), true)),
        ListView(item(runs(Int32, Utf8), true)),
        ListView(item(dictionary(Int16, Utf8), true)),
    ];
    for key in [Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64] {
        types.push(dictionary(key, Utf8));
    }
    for mode in [UnionMode::Sparse, UnionMode::Dense] {
        types.push(union(mode, vec![Int32]));
        types.push(union(mode, vec![Null, Boolean, Utf8View]));
        types.push(union(mode, vec![List(item(Utf8, true)), dictionary(Int8, Utf8)]));
        types.push(List(item(union(mode, vec![Int8, Utf8]), true)));
        types.push(ListView(item(
            union(mode, vec![FixedSizeList(item(Int8, true), 0)]),
            true,
        )));
    }
    types
}

#[test]
fn every_type_whole_and_sliced() {
    let mut random = Random(7);
    for data_type in leaf_types().into_iter().chain(nested_types()) {
        for nullable in [true, false] {
            for rows in [0, 1, 40] {
                let array = random_array(&mut random, &data_type, nullable, rows);
                round_trips(Field::new("column", data_type.clone(), nullable), &array);
            }
        }
    }
}

#[test]
fn every_type_with_nothing_but_nulls() {
    for data_type in leaf_types().into_iter().chain(nested_types()) {
        round_trips(
            Field::new("column", data_type.clone(), true),
            &new_null_array(&data_type, 21),
        );
        round_trips(
            Field::new("column", data_type.clone(), true),
            &new_empty_array(&data_type),
        );
    }
}

#[test]
fn nulls_in_the_keys_and_in_the_values_of_a_dictionary() {
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
    let keys = Int16Array::from(vec![Some(0), None, Some(1), Some(2), Some(1), None]);
    let array: ArrayRef = Arc::new(DictionaryArray::new(keys, values));
    round_trips(Field::new("column", array.data_type().clone(), true), &array);
    let compacted: ArrayRef = array.slice(1, 2);
    let restored = round_trip(
        &Arc::new(Field::new("column", array.data_type().clone(), true)),
        &compacted,
    );
    assert_eq!(restored.logical_null_count(), 2);
}

#[test]
fn members_that_are_not_nullable_may_be_null_where_their_struct_is() {
    let nulls = NullBuffer::from(vec![true, false, true]);
    let member: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let members = Fields::from(vec![Field::new("member", DataType::Int32, false)]);
    let array: ArrayRef = Arc::new(StructArray::new(members, vec![member], Some(nulls.clone())));
    round_trips(Field::new("column", array.data_type().clone(), true), &array);

    let items: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), None, None, Some(5), Some(6)]));
    let array: ArrayRef = Arc::new(FixedSizeListArray::new(
        item(DataType::Int32, false),
        2,
        items,
        Some(nulls),
    ));
    round_trips(Field::new("column", array.data_type().clone(), true), &array);
}

#[test]
fn children_that_are_not_nullable_may_be_null_where_a_sparse_union_selects_another() {
    let variants = vec![
        Field::new("a", DataType::Int32, false),
        Field::new("b", DataType::Int32, false),
    ];
    let children: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(Int32Array::from(vec![None, Some(2), None])),
    ];
    let fields = UnionFields::try_new([0, 1], variants).unwrap();
    let array: ArrayRef = Arc::new(UnionArray::try_new(fields, vec![0_i8, 1, 0].into(), None, children).unwrap());
    round_trips(Field::new("column", array.data_type().clone(), false), &array);
}

#[test]
fn names_within_an_array_may_differ_from_the_fields() {
    let array: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int16Type, _, _>([
        Some(vec![Some(1)]),
        None,
        Some(vec![]),
    ]));
    let wanted = Arc::new(Field::new(
        "column",
        DataType::List(Arc::new(Field::new("element", DataType::Int16, true))),
        true,
    ));
    let restored = array_of(&wanted, 3, column_of(&wanted, &array).unwrap()).unwrap();
    assert_eq!(restored.data_type(), wanted.data_type());
}

#[test]
fn buffers_may_be_longer_than_needed_and_lie_anywhere() {
    let field = Arc::new(Field::new("column", DataType::Decimal256(50, 0), true));
    let array = random_array(&mut Random(3), field.data_type(), true, 20);
    let mut column = column_of(&field, &array).unwrap();
    for buffer in &mut column.buffers {
        let mut bytes = vec![0xff];
        bytes.extend_from_slice(buffer);
        if !buffer.is_empty() {
            bytes.extend([0xff; 100]);
        }
        // One byte past an address that any type is aligned to.
        *buffer = Buffer::from_slice_ref(bytes).slice(1);
    }
    assert_eq!(&array_of(&field, 20, column).unwrap(), &array);
}

#[test]
fn a_validity_buffer_may_be_present_though_nothing_is_null() {
    let field = Arc::new(Field::new("column", DataType::Int32, false));
    let array: ArrayRef = Arc::new(PrimitiveArray::<Int32Type>::from_iter_values(0..9));
    let mut column = column_of(&field, &array).unwrap();
    column.buffers[0] = Buffer::from_vec(vec![0xff_u8, 0x01]);
    let restored = array_of(&field, 9, column).unwrap();
    assert_eq!(&restored, &array);
    assert!(restored.nulls().is_none());
}

#[test]
fn a_flat_column_comes_in_without_a_copy() {
    let field = Arc::new(Field::new("column", DataType::Utf8, false));
    let array: ArrayRef = Arc::new(StringArray::from_iter_values(["some", "text"]));
    let column = column_of(&field, &array).unwrap();
    let sent = column.buffers.clone();
    let restored = array_of(&field, 2, column).unwrap().to_data();
    for (sent, kept) in sent[1..].iter().zip(restored.buffers()) {
        assert_eq!(sent.as_ptr(), kept.as_ptr());
    }
}
