//! What leaves: the slice and nothing but the slice, shared where that is possible.

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::*;
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, UnionFields};
use tenon_layout::{Column, Error, Node, column_of};

fn field_of(array: &dyn Array) -> Field {
    Field::new("column", array.data_type().clone(), true)
}

fn out(array: impl Array + 'static) -> Column {
    let array: ArrayRef = Arc::new(array);
    column_of(&field_of(&array), &array).unwrap()
}

fn node(length: u32, nulls: u32) -> Node {
    Node { length, nulls }
}

fn shares(part: &Buffer, whole: &Buffer) -> bool {
    part.data_ptr() == whole.data_ptr()
}

fn i32s(buffer: &Buffer) -> Vec<i32> {
    buffer.typed_data::<i32>().to_vec()
}

#[test]
fn a_sliced_primitive_column_shares_its_memory() {
    let array = Int64Array::from_iter_values(0..1_000);
    let column = out(array.slice(10, 5));
    assert_eq!(column.nodes, [node(5, 0)]);
    assert_eq!(column.buffers[1].typed_data::<i64>(), [10, 11, 12, 13, 14]);
    assert!(column.buffers[0].is_empty() && shares(&column.buffers[1], array.values().inner()));
    assert_eq!(column.bytes(), 40);
}

#[test]
fn validity_is_shared_from_a_byte_on_and_shifted_otherwise() {
    let array: Int8Array = (0..64).map(|row| (row % 3 != 0).then_some(row)).collect();
    let whole = array.nulls().unwrap().buffer().clone();

    let aligned = out(array.slice(8, 20));
    assert_eq!(aligned.nodes, [node(20, 7)]);
    assert_eq!(aligned.buffers[0].len(), 3);
    assert!(shares(&aligned.buffers[0], &whole));

    let shifted = out(array.slice(9, 3));
    assert_eq!(shifted.nodes, [node(3, 1)]);
    assert_eq!(shifted.buffers[0].as_slice(), [0b110]);
    assert!(!shares(&shifted.buffers[0], &whole));
}

#[test]
fn validity_is_absent_where_the_slice_has_no_nulls() {
    let array = Int32Array::from(vec![None, Some(1), Some(2)]);
    let column = out(array.slice(1, 2));
    assert_eq!(column.nodes, [node(2, 0)]);
    assert!(column.buffers[0].is_empty());
}

#[test]
fn booleans_start_at_the_first_bit() {
    let array = BooleanArray::from(vec![false, true, true, false, true]);
    assert_eq!(out(array.slice(1, 3)).buffers[1].as_slice(), [0b011]);
}

#[test]
fn strings_keep_only_their_own_text() {
    let array = StringArray::from(vec!["zero", "one", "two", "three"]);
    let column = out(array.slice(1, 2));
    assert_eq!(i32s(&column.buffers[1]), [0, 3, 6]);
    assert_eq!(column.buffers[2].as_slice(), b"onetwo");
    assert!(shares(&column.buffers[2], array.values()));

    let first = out(array.slice(0, 2));
    assert!(shares(&first.buffers[1], array.offsets().inner().inner()));
    assert_eq!(i32s(&first.buffers[1]), [0, 4, 7]);
}

#[test]
fn an_empty_slice_has_one_offset_and_no_text() {
    let array = StringArray::from(vec!["zero", "one"]);
    let column = out(array.slice(1, 0));
    assert_eq!(column.nodes, [node(0, 0)]);
    assert_eq!(i32s(&column.buffers[1]), [0]);
    assert!(column.buffers[2].is_empty());
}

#[test]
fn views_become_offsets_and_bytes() {
    let long = "a text that is too long to be kept within its view";
    let array = StringViewArray::from(vec![Some("first"), Some(long), None, Some("short")]);
    let column = out(array.slice(1, 3));
    assert_eq!(column.nodes, [node(3, 1)]);
    assert_eq!(i32s(&column.buffers[1]), [0, 50, 50, 55]);
    assert_eq!(column.buffers[2].as_slice(), format!("{long}short").as_bytes());
}

#[test]
fn what_null_views_point_at_stays_behind() {
    let array = StringViewArray::from(vec!["first", "a secret that is longer than its view", "last"]);
    let nulls = NullBuffer::from(vec![true, false, true]);
    let array = StringViewArray::new(array.views().clone(), array.data_buffers().to_vec(), Some(nulls));
    let column = out(array);
    assert_eq!(i32s(&column.buffers[1]), [0, 5, 5, 9]);
    assert_eq!(column.buffers[2].as_slice(), b"firstlast");
}

#[test]
fn views_of_more_than_two_gibibytes_are_refused() {
    let megabyte = StringViewArray::from(vec!["x".repeat(1 << 20)]);
    let views = ScalarBuffer::from(vec![megabyte.views()[0]; 2_049]);
    let array: ArrayRef = Arc::new(StringViewArray::new(views, megabyte.data_buffers().to_vec(), None));
    let error = column_of(&field_of(&array), &array).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Limit {
                value: 2_148_532_224,
                limit: 2_147_483_647,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn lists_keep_only_their_own_items() {
    let array = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), Some(2)]),
        Some(vec![Some(3)]),
        None,
        Some(vec![Some(4), None]),
    ]);
    let column = out(array.slice(1, 3));
    assert_eq!(column.nodes, [node(3, 1), node(3, 1)]);
    assert_eq!(i32s(&column.buffers[1]), [0, 1, 1, 3]);
    assert_eq!(i32s(&column.buffers[3])[..2], [3, 4]);
}

#[test]
fn list_views_become_lists() {
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let items: ArrayRef = Arc::new(Int32Array::from_iter_values(0..10));
    let views = |offsets: Vec<i32>, sizes: Vec<i32>| -> ArrayRef {
        Arc::new(ListViewArray::new(
            Arc::clone(&item),
            offsets.into(),
            sizes.into(),
            Arc::clone(&items),
            None,
        ))
    };
    let in_order = out(views(vec![2, 4, 0, 5], vec![2, 1, 0, 3]));
    assert_eq!(i32s(&in_order.buffers[1]), [0, 2, 3, 3, 6]);
    assert_eq!(i32s(&in_order.buffers[3]), [2, 3, 4, 5, 6, 7]);

    let scattered = out(views(vec![8, 0, 8], vec![2, 1, 1]));
    assert_eq!(i32s(&scattered.buffers[1]), [0, 2, 3, 4]);
    assert_eq!(i32s(&scattered.buffers[3]), [8, 9, 0, 8]);
}

#[test]
fn dense_union_children_keep_only_what_is_used() {
    let fields = UnionFields::try_new(
        [0, 1],
        [
            Field::new("number", DataType::Int32, false),
            Field::new("text", DataType::Utf8, false),
        ],
    );
    let children: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![10, 11, 12])),
        Arc::new(StringArray::from(vec!["a", "b"])),
    ];
    let offsets = ScalarBuffer::from(vec![0, 0, 1, 2, 1]);
    let array = UnionArray::try_new(fields.unwrap(), vec![0_i8, 1, 0, 0, 1].into(), Some(offsets), children).unwrap();
    let column = out(array.slice(2, 2));
    assert_eq!(column.nodes, [node(2, 0), node(2, 0), node(0, 0)]);
    assert_eq!(column.buffers[0].as_slice(), [0, 0]);
    assert_eq!(i32s(&column.buffers[1]), [0, 1]);
    assert_eq!(i32s(&column.buffers[3]), [11, 12]);
}

#[test]
fn a_large_dictionary_is_compacted_in_its_order() {
    let words: Vec<String> = (0..1_000).map(|at| format!("word {at}")).collect();
    let keys = Int32Array::from(vec![Some(900), None, Some(7), Some(900), Some(8)]);
    let array: ArrayRef = Arc::new(DictionaryArray::new(
        keys,
        Arc::new(StringArray::from(words)) as ArrayRef,
    ));
    let column = out(array.slice(1, 4));
    assert_eq!(column.nodes, [node(4, 1), node(3, 0)]);
    assert_eq!(i32s(&column.buffers[1]), [0, 0, 2, 1]);
    assert_eq!(column.buffers[4].as_slice(), b"word 7word 8word 900");
}

#[test]
fn a_small_dictionary_passes_as_it_is() {
    let values = StringArray::from(vec!["a", "b", "unused"]);
    let array = DictionaryArray::new(Int8Array::from(vec![1, 1, 0]), Arc::new(values.clone()) as ArrayRef);
    let column = out(array);
    assert_eq!(column.nodes, [node(3, 0), node(3, 0)]);
    assert!(shares(&column.buffers[4], values.values()));
}

#[test]
fn run_ends_are_trimmed_to_the_slice() {
    let ends = Int32Array::from(vec![3, 5, 9]);
    let array = RunArray::<Int32Type>::try_new(&ends, &StringArray::from(vec!["a", "b", "c"])).unwrap();
    let column = out(array.slice(1, 3));
    assert_eq!(column.nodes, [node(3, 0), node(2, 0), node(2, 0)]);
    assert_eq!(i32s(&column.buffers[1]), [2, 3]);
    assert_eq!(column.buffers[4].as_slice(), b"ab");

    let whole = out(array.clone());
    assert!(shares(&whole.buffers[1], array.run_ends().inner().inner()));
}

#[test]
fn a_fixed_size_list_of_nothing_keeps_its_length() {
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let none: ArrayRef = Arc::new(Int32Array::from(Vec::<i32>::new()));
    let array = FixedSizeListArray::try_new_with_length(item, 0, none, None, 7).unwrap();
    assert_eq!(out(array).nodes, [node(7, 0), node(0, 0)]);
}

#[test]
fn arrays_that_do_not_fit_their_field_are_refused() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let error = column_of(&Field::new("price", DataType::Utf8, true), &array).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `price`: expected data of format `u`, but got Int32"
    );
    let error = column_of(&Field::new("price", DataType::Int32, false), &array).unwrap_err();
    let text = "column `price`: expected no nulls, as the field is not nullable, but got 1 nulls";
    assert_eq!(error.to_string(), text);
}

#[test]
fn nested_slices_are_trimmed_at_every_level() {
    let inner = StringArray::from_iter_values((0..100).map(|at| format!("{at:03}")));
    let item = Arc::new(Field::new("item", DataType::Utf8, false));
    let lists = ListArray::new(item, OffsetBuffer::from_lengths([10; 10]), Arc::new(inner), None);
    let member = Field::new("lists", lists.data_type().clone(), false);
    let outer: ArrayRef = Arc::new(StructArray::from(vec![(Arc::new(member), Arc::new(lists) as ArrayRef)]));
    let column = out(outer.slice(3, 1));
    assert_eq!(column.nodes, [node(1, 0), node(1, 0), node(10, 0)]);
    assert_eq!(
        column.buffers.last().unwrap().as_slice(),
        b"030031032033034035036037038039"
    );
    let keys: DictionaryArray<Int8Type> = vec!["a", "b"].into_iter().collect();
    assert_eq!(out(keys).nodes.len(), 2);
}
