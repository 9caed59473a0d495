//! Columns with children, and those whose values are stored in ways of their own, there and back through the host.
#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use tenon::{
    AnyColumn, Batch, Binary, Column, ColumnType, DataType, Decimal32, Decimal64, Decimal256, ErrorKind, Field, List,
    Map, NullColumn, RawColumn, Struct, Utf8,
};

/// Sends a column to the host and reads it back.
fn there_and_back<T: ColumnType + ?Sized>(column: impl Into<AnyColumn>) -> T::Column {
    let batch = Batch::new([("a", column.into())]).unwrap();
    batch.column::<T>("a").unwrap()
}

fn shown(lists: &List<str>) -> Vec<Option<Vec<Option<&str>>>> {
    lists
        .iter()
        .map(|row| Some(row?.map(|item| lists.items().get(item)).collect()))
        .collect()
}

#[test]
fn lists_of_every_layout() {
    let items = || vec![Some("a"), None, Some("c"), Some("d")];
    let expected = [Some(vec![Some("a"), None]), None, Some(vec![Some("c"), Some("d")])];
    let made = || {
        List::new([2, 0, 2], items())
            .unwrap()
            .with_nulls([true, false, true])
            .unwrap()
    };
    assert_eq!(shown(&there_and_back::<List<str>>(made())), expected);
    let large = there_and_back::<List<str>>(made().into_large());
    assert_eq!(shown(&large), expected);
    // Unchanged, it goes back in its own layout.
    assert_eq!(
        RawColumn::from(large).field.data_type,
        DataType::Nested("+L".to_owned())
    );

    let pairs = List::fixed_size(2, items()).unwrap().with_nulls([true, false]).unwrap();
    let pairs = there_and_back::<List<str>>(pairs);
    assert_eq!(shown(&pairs), [Some(vec![Some("a"), None]), None]);
    assert_eq!((pairs.get(2), pairs.range(1), pairs.null_count()), (None, 2..4, 1));

    let empty = there_and_back::<List<i64>>(List::new([], Vec::<i64>::new()).unwrap());
    assert!(empty.is_empty() && empty.items().is_empty());
}

#[test]
fn lists_of_lists() {
    let inner = List::new([1, 2], vec![1_i64, 2, 3]).unwrap();
    let outer = there_and_back::<List<List<i64>>>(List::new([0, 2], inner).unwrap());
    let sums = outer.iter().flatten().map(|lists| {
        let items = lists.flat_map(|list| outer.items().range(list));
        items.filter_map(|item| outer.items().items().get(item)).sum::<i64>()
    });
    assert_eq!(sums.collect::<Vec<_>>(), [0, 6]);
}

#[test]
fn what_makes_no_list_is_refused() {
    let refusal = |made: tenon::Result<List>| {
        let error = made.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::BadData);
        error.to_string()
    };
    assert_eq!(
        refusal(List::new([1, 1], vec!["a"])),
        "the rows' lengths say 2 items, but there are 1"
    );
    assert_eq!(
        refusal(List::fixed_size(2, vec!["a", "b", "c"])),
        "3 items don't make lists of 2 each"
    );
    assert_eq!(
        refusal(List::new([1], vec!["a"]).unwrap().with_nulls([])),
        "which rows are null was said of 0 rows, but the column has 1"
    );
    let batch = Batch::new([("tags", List::new([1], vec!["a"]).unwrap().into())]).unwrap();
    assert_eq!(
        batch.column::<List<i64>>("tags").err().unwrap().to_string(),
        "the items of column `tags`: column `item` is utf8, not int64; read it with `strings`"
    );
    assert_eq!(
        batch.strings("tags").err().unwrap().to_string(),
        "column `tags` is list, not text; read it with `column::<List>`"
    );
    assert_eq!(
        batch.column::<Struct>("tags").err().unwrap().to_string(),
        "column `tags` is list, not a struct; read it with `column::<List>`"
    );
}

#[test]
fn structs_are_taken_apart_by_name() {
    let tags = List::new([1, 0], vec!["x"]).unwrap();
    let made = Struct::new([("age", vec![36_i64, 41].into()), ("tags", tags.into())]).unwrap();
    let mut read = there_and_back::<Struct>(made.with_nulls([true, false]).unwrap());
    assert_eq!(read.names().collect::<Vec<_>>(), ["age", "tags"]);
    assert_eq!((read.len(), read.null_count(), read.is_null(1)), (2, 1, true));
    assert_eq!(read.take::<List<str>>("tags").unwrap().get(0), Some(0..1));
    assert_eq!(
        read.take::<i64>("tags").err().unwrap().to_string(),
        "the struct has no member `tags`; the members are age"
    );
    assert_eq!(read.take::<i64>("age").unwrap().values(), [36, 41]);
    let uneven = Struct::new([("a", vec![1_i64].into()), ("b", vec![1_i64, 2].into())]);
    assert_eq!(
        uneven.err().unwrap().to_string(),
        "the member `b` has 2 rows, but the first one has 1"
    );
}

#[test]
fn maps_have_keys_and_values() {
    let made = Map::new([2, 0, 1], vec!["x", "y", "x"], vec![Some(1_i64), None, Some(3)]).unwrap();
    let read = there_and_back::<Map<str, i64>>(made.with_nulls([true, false, true]).unwrap());
    let rows: Vec<_> = read.iter().collect();
    assert_eq!(rows, [Some(0..2), None, Some(2..3)]);
    assert_eq!(
        (read.keys().get(2), read.values().get(1), read.values().get(2)),
        (Some("x"), None, Some(3))
    );
    let uneven = Map::new([1], vec!["x"], Vec::<i64>::new());
    assert_eq!(uneven.err().unwrap().to_string(), "a map has 1 keys, but 0 values");
}

#[test]
fn dictionaries_hold_each_value_once() {
    let colours: Utf8 = [Some("red"), None, Some("green"), Some("red")].into_iter().collect();
    let encoded = colours.to_dictionary(DataType::Int8).unwrap();
    assert_eq!(encoded.nodes.iter().map(|node| node.length).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(there_and_back::<str>(encoded), colours);
    let bytes: Binary = [Some(b"\xff"), None].into_iter().collect();
    assert_eq!(
        there_and_back::<[u8]>(bytes.to_dictionary(DataType::UInt32).unwrap()),
        bytes
    );

    let many: Utf8 = (0..129).map(|row| row.to_string()).collect();
    let error = many.to_dictionary(DataType::Int8).err().unwrap().to_string();
    assert!(error.contains("more different values than indices of int8"), "{error}");
    assert!(many.to_dictionary(DataType::UInt8).is_ok());
    assert!(many.to_dictionary(DataType::Utf8).is_err());
}

#[test]
fn decimals_of_every_width_and_nulls() {
    let price = |bits| DataType::Decimal {
        bits,
        precision: 9,
        scale: 2,
    };
    let narrow: Column<Decimal32> = [Some(Decimal32(-1234)), None].into_iter().collect();
    let narrow = narrow.with_type(price(32)).unwrap();
    assert_eq!(there_and_back::<Decimal32>(narrow.clone()), narrow);
    let middle = Column::new(vec![Decimal64(5)]).with_type(price(64)).unwrap();
    assert_eq!(there_and_back::<Decimal64>(middle.clone()), middle);
    // All of them are read as `i128` too, but for those of 256 bits.
    assert_eq!(there_and_back::<i128>(middle).values(), [5]);
    let wide: Column<Decimal256> = [Some(Decimal256::from(-7)), None].into_iter().collect();
    let read = there_and_back::<Decimal256>(wide.clone());
    assert_eq!(read, wide);
    assert_eq!(read.get(0).and_then(Decimal256::to_i128), Some(-7));
    assert!(wide.with_type(price(128)).is_err());
    let batch = Batch::new([("a", read.into())]).unwrap();
    assert_eq!(
        batch.column::<i128>("a").err().unwrap().to_string(),
        "column `a` is decimal256(76, 0), not decimal; read it with `column::<Decimal256>`"
    );
    assert_eq!(there_and_back::<NullColumn>(NullColumn(3)).len(), 3);
}

#[test]
fn a_column_stands_in_for_another() {
    let mut field = Field::new("tags", DataType::Nested("+vl".to_owned())).with_nullable(false);
    field.children.push(Field::new("tag", DataType::Utf8View));
    field.metadata.push(("origin".to_owned(), "shop".to_owned()));
    let made = RawColumn::from(List::new([1], vec!["a"]).unwrap());
    assert_eq!(made.like(&field).unwrap().field, field);
    let other = RawColumn::from(Column::new(vec![1_i64]));
    assert_eq!(
        other.like(&field).err().unwrap().to_string(),
        "a column of int64 can't take the place of `tags`, which is list"
    );
}
