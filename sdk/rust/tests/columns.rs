//! Columns of every type that has an accessor, there and back through the host.
#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use tenon::{
    AnyColumn, Batch, Binary, Booleans, Column, ColumnType, DataType, Date, DateMillis, DayMillis, Duration, ErrorKind,
    F16, Field, MonthDayNanos, Months, RawColumn, Schema, Time32, Time64, TimeUnit, Timestamp, Utf8, batch,
};

/// Sends a column to the host and reads it back.
fn there_and_back<T: ColumnType + ?Sized>(column: impl Into<AnyColumn>) -> T::Column {
    let batch = Batch::new([("a", column.into())]).unwrap();
    batch.column::<T>("a").unwrap()
}

#[test]
fn numbers() {
    macro_rules! check {
        ($($type:ty),+) => {$(
            let column: Column<$type> = [Some(<$type>::MIN), None, Some(<$type>::MAX)].into_iter().collect();
            assert_eq!(there_and_back::<$type>(column.clone()), column);
            assert_eq!(there_and_back::<$type>(vec![<$type>::MAX]).values(), [<$type>::MAX]);
            assert!(there_and_back::<$type>(Vec::<$type>::new()).is_empty());
        )+};
    }
    check!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);
    let halves = Column::new(vec![F16::from_f32(0.5), F16::from_f32(-2.0)]);
    assert_eq!(there_and_back::<F16>(halves.clone()), halves);
}

#[test]
fn decimals_keep_precision_and_scale() {
    let price = |bits| DataType::Decimal {
        bits,
        precision: 9,
        scale: 2,
    };
    let wide = Column::new(vec![1234_i128, -5]).with_type(price(128)).unwrap();
    assert_eq!(there_and_back::<i128>(wide.clone()), wide);

    // Narrow ones are widened as they are read.
    for (bits, bytes) in [(32, vec![210_u8, 4, 0, 0]), (64, vec![210, 4, 0, 0, 0, 0, 0, 0])] {
        let nodes = vec![tenon::Node { length: 1, nulls: 0 }];
        let buffers = vec![tenon::Buffer::empty(), tenon::Buffer::from(bytes)];
        let narrow = RawColumn {
            field: Field::new("", price(bits)),
            nodes,
            buffers,
        };
        let read = there_and_back::<i128>(narrow);
        assert_eq!((read.values(), read.data_type()), (&[1234_i128][..], &price(128)));
    }
}

#[test]
fn dates_times_and_spans_keep_unit_and_zone() {
    let column = Column::new(vec![Timestamp(1), Timestamp(-1)]);
    let column = column
        .with_type(DataType::Timestamp(
            TimeUnit::Nanosecond,
            Some("Europe/Paris".to_owned()),
        ))
        .unwrap();
    assert_eq!(there_and_back::<Timestamp>(column.clone()), column);
    let column = Column::new(vec![Duration(7)])
        .with_type(DataType::Duration(TimeUnit::Second))
        .unwrap();
    assert_eq!(there_and_back::<Duration>(column.clone()), column);
    let column = Column::new(vec![Time32(7)])
        .with_type(DataType::Time(TimeUnit::Second))
        .unwrap();
    assert_eq!(there_and_back::<Time32>(column.clone()), column);
    assert_eq!(there_and_back::<Time64>(vec![Time64(1)]).values(), [Time64(1)]);
    assert_eq!(there_and_back::<Date>(vec![Date(-1)]).values(), [Date(-1)]);
    assert_eq!(
        there_and_back::<DateMillis>(vec![DateMillis(86_400_000)]).values(),
        [DateMillis(86_400_000)]
    );
    assert_eq!(there_and_back::<Months>(vec![Months(3)]).values(), [Months(3)]);
    let days = DayMillis {
        days: 1,
        milliseconds: 2,
    };
    assert_eq!(there_and_back::<DayMillis>(vec![days]).values(), [days]);
    let all = MonthDayNanos {
        months: 1,
        days: 2,
        nanoseconds: 3,
    };
    assert_eq!(there_and_back::<MonthDayNanos>(vec![all]).values(), [all]);
    assert!(Column::new(vec![Date(1)]).with_type(DataType::DateMillis).is_err());
}

#[test]
fn booleans() {
    let column: Booleans = (0..19).map(|row| (row % 3 != 0).then_some(row % 2 == 0)).collect();
    assert_eq!(there_and_back::<bool>(column.clone()), column);
    assert_eq!(there_and_back::<bool>(vec![true, false]).null_count(), 0);
}

#[test]
fn text_and_bytes() {
    let text: Utf8 = [Some("über"), None, Some(""), Some("b")].into_iter().collect();
    assert_eq!(there_and_back::<str>(text.clone()), text);
    assert_eq!(text.get(9), None);
    assert_eq!(there_and_back::<str>(vec!["a".to_owned()]).get(0), Some("a"));
    assert_eq!(there_and_back::<str>(Vec::<&str>::new()).len(), 0);

    let bytes: Binary = [Some(&b"\x00\xff"[..]), None, Some(b"ab")].into_iter().collect();
    assert_eq!(there_and_back::<[u8]>(bytes.clone()), bytes);
    let fixed = bytes.clone().into_fixed_size(2).unwrap();
    assert_eq!(there_and_back::<Binary>(fixed), bytes);
    assert_eq!(
        bytes.into_fixed_size(3).unwrap_err().to_string(),
        "row 0 has 2 bytes, not 3"
    );
}

#[test]
fn every_layout_of_text_is_read_and_kept() {
    let text: Utf8 = [Some("a"), None, Some("bc")].into_iter().collect();
    for data_type in [DataType::LargeUtf8, DataType::Utf8View] {
        let mut raw = RawColumn::from(text.clone());
        if data_type == DataType::LargeUtf8 {
            raw.buffers[1] = tenon::Buffer::from(vec![0_i64, 1, 1, 3]);
        }
        raw.field.data_type = data_type.clone();
        let batch = Batch::new([("a", raw.into())]).unwrap();
        let read = batch.strings("a").unwrap();
        assert_eq!(read, text);
        // Unchanged, it goes back in its own layout.
        assert_eq!(
            batch
                .with_column("b", read)
                .unwrap()
                .schema()
                .field("b")
                .unwrap()
                .data_type,
            data_type
        );
    }
}

#[test]
fn dictionaries_are_read_as_their_values() {
    let mut field = Field::new("", DataType::Dictionary(Box::new(DataType::Int8)));
    field.children.push(Field::new("", DataType::Utf8));
    let values = RawColumn::from(["x", "yz"].into_iter().collect::<Utf8>());
    let mut nodes = vec![tenon::Node { length: 4, nulls: 1 }];
    nodes.extend(&values.nodes);
    let mut buffers = vec![
        tenon::Buffer::from(vec![0b1011_u8]),
        tenon::Buffer::from(vec![1_i8, 0, -7, 1]),
    ];
    buffers.extend(values.buffers);
    let batch = Batch::new([("a", RawColumn { field, nodes, buffers }.into())]).unwrap();
    let read = batch.strings("a").unwrap();
    assert_eq!(
        read.iter().collect::<Vec<_>>(),
        [Some("yz"), Some("x"), None, Some("yz")]
    );
    // Given back, it is plain text.
    assert_eq!(there_and_back::<str>(read.clone()), read);
    let error = batch.column::<i64>("a").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("column `a` is dictionary of utf8, not int64; read it with `strings`")
    );
}

#[test]
fn a_wrong_accessor_is_told_the_right_one() {
    let batch = batch! { "n" => [1_i32], "t" => ["a"], "d" => [Date(1)] };
    let error = |result: Result<_, tenon::Error>| {
        let error: tenon::Error = result.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::BadConfig);
        error.to_string()
    };
    assert_eq!(
        error(batch.column::<i64>("n").map(drop)),
        "column `n` is int32, not int64; read it with `column::<i32>`"
    );
    assert_eq!(
        error(batch.strings("n").map(drop)),
        "column `n` is int32, not text; read it with `column::<i32>`"
    );
    assert_eq!(
        error(batch.column::<bool>("t").map(drop)),
        "column `t` is utf8, not boolean; read it with `strings`"
    );
    assert_eq!(
        error(batch.column::<[u8]>("d").map(drop)),
        "column `d` is date, not binary; read it with `column::<Date>`"
    );
    assert_eq!(
        error(batch.column::<i64>("x").map(drop)),
        "there is no column `x`; the columns are n, t, d"
    );
}

#[test]
fn nested_columns_pass_raw() {
    let mut list = Field::new("list", DataType::Nested("+l".to_owned()));
    list.children.push(Field::new("item", DataType::Int32));
    let mut record = Field::new("record", DataType::Nested("+s".to_owned()));
    record.children.push(Field::new("text", DataType::Utf8));
    let schema = Schema::new([list, record]);
    let node = |length| tenon::Node { length, nulls: 0 };
    let absent = tenon::Buffer::empty;
    let columns = vec![
        RawColumn {
            field: schema.fields[0].clone(),
            nodes: vec![node(2), node(3)],
            buffers: vec![absent(), vec![0_i32, 1, 3].into(), absent(), vec![7_i32, 8, 9].into()],
        },
        RawColumn {
            field: schema.fields[1].clone(),
            nodes: vec![node(2), node(2)],
            buffers: vec![absent(), absent(), vec![0_i32, 1, 2].into(), b"ab".to_vec().into()],
        },
    ];
    let batch = Batch::build(&schema, 2, columns).unwrap();
    assert_eq!(batch.schema(), &schema);
    let list = batch.raw("list").unwrap();
    assert_eq!((list.len(), list.buffers[3].as_slice().len()), (2, 12));
    let copy = Batch::build(&schema, 2, batch.raw_columns().unwrap()).unwrap();
    assert_eq!(
        copy.slice(1, 1).unwrap().raw("list").unwrap().buffers[3]
            .as_slice()
            .len(),
        8
    );
    assert_eq!(Batch::empty(&schema).unwrap().rows(), 0);
}

#[test]
fn a_lie_is_found() {
    let mut raw = RawColumn::from(["a"].into_iter().collect::<Utf8>());
    raw.buffers[2] = tenon::Buffer::from(vec![0xff_u8]);
    let error = Batch::new([("a", raw.into())]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::BadData);
    assert!(error.to_string().contains("column `a`"), "{error}");
}
