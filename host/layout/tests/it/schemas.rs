//! Schemas as they cross: format strings, children, flags.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field as ArrowField, Fields, IntervalUnit, Schema, TimeUnit, UnionFields, UnionMode};
use tenon_layout::{Bounds, DICTIONARY_ORDERED, Encoding, Field, KEYS_SORTED, fields_of, schema_of};

use crate::random_arrays::leaf_types;

fn round_trip(schema: &Schema) -> Vec<Field> {
    let fields = fields_of(schema).unwrap();
    assert_eq!(*schema_of(&fields, &Bounds::default()).unwrap(), *schema);
    fields
}

fn one(data_type: DataType) -> Schema {
    Schema::new(vec![ArrowField::new("column", data_type, true)])
}

fn formats(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| field.format.as_str()).collect()
}

#[test]
fn formats_are_those_of_the_c_data_interface() {
    let item = || Arc::new(ArrowField::new("item", DataType::Int32, true));
    let members = Fields::from(vec![item()]);
    let entries = Fields::from(vec![
        ArrowField::new("key", DataType::Utf8, false),
        ArrowField::new("value", DataType::Float64, true),
    ]);
    let variants = || UnionFields::try_new([3, 1], [item(), item()]).unwrap();
    let table = [
        (DataType::Null, vec!["n"]),
        (DataType::Boolean, vec!["b"]),
        (DataType::Int8, vec!["c"]),
        (DataType::UInt8, vec!["C"]),
        (DataType::Int16, vec!["s"]),
        (DataType::UInt16, vec!["S"]),
        (DataType::Int32, vec!["i"]),
        (DataType::UInt32, vec!["I"]),
        (DataType::Int64, vec!["l"]),
        (DataType::UInt64, vec!["L"]),
        (DataType::Float16, vec!["e"]),
        (DataType::Float32, vec!["f"]),
        (DataType::Float64, vec!["g"]),
        (DataType::Decimal32(9, 2), vec!["d:9,2,32"]),
        (DataType::Decimal64(18, -2), vec!["d:18,-2,64"]),
        (DataType::Decimal128(38, 10), vec!["d:38,10"]),
        (DataType::Decimal256(76, 76), vec!["d:76,76,256"]),
        (DataType::Binary, vec!["z"]),
        (DataType::LargeBinary, vec!["Z"]),
        (DataType::BinaryView, vec!["vz"]),
        (DataType::Utf8, vec!["u"]),
        (DataType::LargeUtf8, vec!["U"]),
        (DataType::Utf8View, vec!["vu"]),
        (DataType::FixedSizeBinary(16), vec!["w:16"]),
        (DataType::Date32, vec!["tdD"]),
        (DataType::Date64, vec!["tdm"]),
        (DataType::Time32(TimeUnit::Second), vec!["tts"]),
        (DataType::Time32(TimeUnit::Millisecond), vec!["ttm"]),
        (DataType::Time64(TimeUnit::Microsecond), vec!["ttu"]),
        (DataType::Time64(TimeUnit::Nanosecond), vec!["ttn"]),
        (DataType::Timestamp(TimeUnit::Second, None), vec!["tss:"]),
        (
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            vec!["tsm:UTC"],
        ),
        (
            DataType::Timestamp(TimeUnit::Microsecond, Some("+02:00".into())),
            vec!["tsu:+02:00"],
        ),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, Some("Asia/Tokyo".into())),
            vec!["tsn:Asia/Tokyo"],
        ),
        (DataType::Duration(TimeUnit::Second), vec!["tDs"]),
        (DataType::Duration(TimeUnit::Millisecond), vec!["tDm"]),
        (DataType::Duration(TimeUnit::Microsecond), vec!["tDu"]),
        (DataType::Duration(TimeUnit::Nanosecond), vec!["tDn"]),
        (DataType::Interval(IntervalUnit::YearMonth), vec!["tiM"]),
        (DataType::Interval(IntervalUnit::DayTime), vec!["tiD"]),
        (DataType::Interval(IntervalUnit::MonthDayNano), vec!["tin"]),
        (DataType::List(item()), vec!["+l", "i"]),
        (DataType::LargeList(item()), vec!["+L", "i"]),
        (DataType::ListView(item()), vec!["+vl", "i"]),
        (DataType::LargeListView(item()), vec!["+vL", "i"]),
        (DataType::FixedSizeList(item(), 3), vec!["+w:3", "i"]),
        (DataType::Struct(members), vec!["+s", "i"]),
        (DataType::Struct(Fields::empty()), vec!["+s"]),
        (
            DataType::Map(
                Arc::new(ArrowField::new("entries", DataType::Struct(entries), false)),
                false,
            ),
            vec!["+m", "+s", "u", "g"],
        ),
        (
            DataType::Union(variants(), UnionMode::Sparse),
            vec!["+us:3,1", "i", "i"],
        ),
        (DataType::Union(variants(), UnionMode::Dense), vec!["+ud:3,1", "i", "i"]),
        (DataType::Union(UnionFields::empty(), UnionMode::Dense), vec!["+ud:"]),
        (
            DataType::RunEndEncoded(
                Arc::new(ArrowField::new("run_ends", DataType::Int16, false)),
                Arc::new(ArrowField::new("values", DataType::Utf8, true)),
            ),
            vec!["+r", "s", "u"],
        ),
        (
            DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::LargeUtf8)),
            vec!["S", "U"],
        ),
    ];
    for (data_type, expected) in table {
        assert_eq!(formats(&round_trip(&one(data_type))), expected);
    }
}

#[test]
fn every_leaf_type_comes_back() {
    for leaf in leaf_types() {
        round_trip(&one(leaf));
    }
}

#[test]
fn names_nullability_and_metadata_come_back_at_every_level() {
    let metadata = HashMap::from([("unit".to_owned(), "EUR".to_owned()), ("a".to_owned(), String::new())]);
    let price = ArrowField::new("price", DataType::Decimal128(10, 2), false).with_metadata(metadata);
    let item = ArrowField::new("element", DataType::Struct(Fields::from(vec![price])), false);
    let orders = ArrowField::new("orders", DataType::List(Arc::new(item)), true);
    let fields = round_trip(&Schema::new(vec![orders, ArrowField::new("", DataType::Int8, false)]));

    let summary: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.nullable, field.children))
        .collect();
    assert_eq!(
        summary,
        [
            ("orders", true, 1),
            ("element", false, 1),
            ("price", false, 0),
            ("", false, 0)
        ]
    );
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(fields[2].metadata, [pair("a", ""), pair("unit", "EUR")]);
}

#[test]
fn the_flag_of_a_map_with_sorted_keys_travels_as_metadata() {
    let members = vec![
        ArrowField::new("key", DataType::Int8, false),
        ArrowField::new("value", DataType::Int8, true),
    ];
    let entries = Arc::new(ArrowField::new("entries", DataType::Struct(members.into()), false));
    let fields = round_trip(&one(DataType::Map(Arc::clone(&entries), true)));
    assert_eq!(fields[0].metadata, [(KEYS_SORTED.to_owned(), "true".to_owned())]);

    let within = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Map(entries, true)));
    round_trip(&one(within));
}

#[test]
fn the_flag_of_an_ordered_dictionary_travels_as_metadata() {
    let data_type = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let field = ArrowField::new("size", data_type, true).with_dict_is_ordered(true);
    let fields = fields_of(&Schema::new(vec![field])).unwrap();
    assert_eq!(fields[0].metadata, [(DICTIONARY_ORDERED.to_owned(), "true".to_owned())]);
    let restored = schema_of(&fields, &Bounds::default()).unwrap();
    assert_eq!(restored.field(0).dict_is_ordered(), Some(true));
    assert!(restored.field(0).metadata().is_empty());
}

#[test]
fn a_dictionary_has_one_child_for_its_values() {
    let values = DataType::List(Arc::new(ArrowField::new("item", DataType::Utf8, true)));
    let fields = round_trip(&one(DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))));
    assert_eq!(formats(&fields), ["i", "+l", "u"]);
    assert_eq!((fields[0].encoding, fields[0].children), (Encoding::Dictionary, 1));
    assert_eq!((fields[1].encoding, fields[1].children), (Encoding::Plain, 1));
}
