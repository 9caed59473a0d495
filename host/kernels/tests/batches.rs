//! Batch kernels on every kind of column.

mod common;

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryViewArray, FixedSizeListArray, Float64Array, Int32Array, Int64Array, LargeListViewArray,
        ListViewArray, MapBuilder, NullArray, RecordBatch, RunArray, StringArray, StringBuilder, StringViewArray,
        StructArray, UnionArray,
    },
    buffer::ScalarBuffer,
    datatypes::{DataType, Field, Int32Type, Schema, UnionFields},
};
use common::{batch, compile, texts};
use tenon_kernels::{Kind, Limits, concat, select, slice, take, with_columns};

/// Four rows of the kinds of column that `common::batch` doesn't have.
fn unusual() -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
    let item = Arc::new(Field::new_list_field(DataType::Int64, true));
    let union_fields = UnionFields::try_new(
        [0, 1],
        [
            Field::new("i", DataType::Int64, true),
            Field::new("s", DataType::Utf8, true),
        ],
    )
    .expect("two fields");
    let union_types = ScalarBuffer::from(vec![0_i8, 1, 0, 1]);
    let strings: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
    let children = vec![Arc::clone(&numbers), Arc::clone(&strings)];
    let sparse = UnionArray::try_new(union_fields.clone(), union_types.clone(), None, children.clone());
    let offsets = ScalarBuffer::from(vec![0, 0, 1, 1]);
    let dense = UnionArray::try_new(union_fields, union_types, Some(offsets), children);
    let runs: RunArray<Int32Type> =
        RunArray::try_new(&Int32Array::from(vec![2, 4]), &StringArray::from(vec!["x", "y"])).expect("two runs");
    let list_view = ListViewArray::new(
        Arc::clone(&item),
        ScalarBuffer::from(vec![0, 0, 2, 1]),
        ScalarBuffer::from(vec![2, 2, 2, 3]),
        Arc::clone(&numbers),
        None,
    );
    let large_list_view = LargeListViewArray::new(
        Arc::clone(&item),
        ScalarBuffer::from(vec![0, 0, 2, 1]),
        ScalarBuffer::from(vec![2, 2, 2, 3]),
        Arc::clone(&numbers),
        None,
    );
    let pairs: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5, 6, 7, 8]));
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in 0..4 {
        map.keys().append_value(format!("k{row}"));
        map.values().append_value("v");
        map.append(row != 1).expect("keys and values match");
    }
    RecordBatch::try_from_iter([
        ("sparse", Arc::new(sparse.expect("well formed")) as ArrayRef),
        ("dense", Arc::new(dense.expect("well formed"))),
        ("runs", Arc::new(runs)),
        ("list_view", Arc::new(list_view)),
        ("large_list_view", Arc::new(large_list_view)),
        ("pairs", Arc::new(FixedSizeListArray::new(item, 2, pairs, None))),
        (
            "binary_view",
            Arc::new(BinaryViewArray::from_iter_values([b"a", b"b", b"c", b"d"])),
        ),
        (
            "view",
            Arc::new(StringViewArray::from_iter_values([
                "a",
                "b",
                "longer than twelve bytes",
                "d",
            ])),
        ),
        ("map", Arc::new(map.finish())),
        ("nothing", Arc::new(NullArray::new(4))),
        (
            "struct",
            Arc::new(StructArray::from(vec![(
                Arc::new(Field::new("a", DataType::Int64, true)),
                numbers,
            )])),
        ),
    ])
    .expect("well formed")
}

/// Checks one column at a time, so that a type without a kernel doesn't hide the others.
fn each_column(check: impl Fn(&RecordBatch, &[String])) {
    for batch in [batch(), unusual(), unusual().slice(1, 3)] {
        for index in 0..batch.num_columns() {
            let column = batch.project(&[index]).expect("projects");
            check(&column, &texts(column.column(0)));
        }
    }
}

#[test]
fn take_repeats_and_reorders_rows_of_every_type() {
    each_column(|batch, rows| {
        let field = batch.schema_ref().field(0).clone();
        match take(batch, &[2, 0, 0, 1], &Limits::default()) {
            Ok(taken) => {
                let expected: Vec<&String> = [2, 0, 0, 1].iter().map(|row| &rows[*row]).collect();
                assert_eq!(texts(taken.column(0)).iter().collect::<Vec<_>>(), expected, "{field}");
                assert_eq!(taken.schema(), batch.schema());
            }
            Err(error) => assert_eq!(error.kind(), Kind::Unsupported, "{field}: {error}"),
        }
    });
}

#[test]
fn concat_joins_rows_of_every_type() {
    each_column(|batch, rows| {
        let field = batch.schema_ref().field(0).clone();
        let last = batch.slice(batch.num_rows() - 1, 1);
        match concat(&[batch.clone(), last, batch.slice(0, 0)], &Limits::default()) {
            Ok(joined) => {
                let expected: Vec<&String> = rows.iter().chain(rows.last()).collect();
                assert_eq!(texts(joined.column(0)).iter().collect::<Vec<_>>(), expected, "{field}");
            }
            Err(error) => assert_eq!(error.kind(), Kind::Unsupported, "{field}: {error}"),
        }
    });
}

#[test]
fn select_and_slice_share_memory() {
    let batch = batch();
    let selected = select(&batch, &["name".to_owned(), "id".to_owned()]).expect("selects");
    assert!(Arc::ptr_eq(selected.column(1), batch.column(0)));
    assert_eq!(selected.schema_ref().field(0).name(), "name");
    let sliced = slice(&batch, 1, 2).expect("slices");
    assert_eq!(texts(sliced.column(0)), ["2", "3"]);
    assert_eq!(slice(&batch, 3, 0).expect("an empty slice at the end").num_rows(), 0);
    assert_eq!(select(&batch, &[]).expect("no columns").num_rows(), 3);
}

#[test]
fn with_columns_replaces_and_appends() {
    let fields = Schema::new(vec![
        Field::new("new", DataType::Float64, false),
        Field::new("id", DataType::Float64, true),
    ]);
    let column = |values: [f64; 3]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let batch = batch();
    let changed = with_columns(&batch, &fields, vec![column([1.0, 2.0, 3.0]), column([4.0, 5.0, 6.0])]).expect("fits");
    assert_eq!(texts(changed.column(0)), ["4.0", "5.0", "6.0"]);
    assert_eq!(changed.schema_ref().field(12).name(), "new");
    assert!(Arc::ptr_eq(changed.column(1), batch.column(1)));
}

#[test]
fn programs_keep_fields_of_plain_columns() {
    let batch = unusual();
    let names: Vec<&str> = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let expressions: Vec<String> = names.iter().map(ToString::to_string).collect();
    let program =
        tenon_kernels::Program::compile(batch.schema_ref(), &expressions, &Limits::default()).expect("compiles");
    assert_eq!(program.project(&batch).expect("runs"), batch);
    let kept = compile(&["id > 1"])
        .expect("compiles")
        .filter(&common::batch())
        .expect("filters");
    assert_eq!(kept.schema(), common::batch().schema());
}
