//! What fuzzing found, one test each.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{Field, UnionFields};
use tenon_layout::{array_of, column_of};

/// The one value in use of the outer dictionary refers, in a child that its union doesn't select, to a null. That null
/// was allowed only as long as another row of the same child, which compaction drops, was null itself.
#[test]
fn an_unselected_reference_to_a_null_survives_compaction() {
    let words: ArrayRef = Arc::new(StringArray::from(vec![None, Some("x")]));
    let words = DictionaryArray::new(Int8Array::from(vec![None, Some(0), Some(1)]), words);
    let numbers = Int8Array::from(vec![7, 8, 9]);
    let variants = [
        Field::new("number", numbers.data_type().clone(), false),
        Field::new("word", words.data_type().clone(), false),
    ];
    let variants = UnionFields::try_new([0, 5], variants).unwrap();
    let children: Vec<ArrayRef> = vec![Arc::new(numbers), Arc::new(words)];
    let union: ArrayRef = Arc::new(UnionArray::try_new(variants, vec![0_i8, 0, 5].into(), None, children).unwrap());
    let array: ArrayRef = Arc::new(DictionaryArray::new(Int8Array::from(vec![1]), union));

    let field = Arc::new(Field::new("column", array.data_type().clone(), true));
    let restored = array_of(&field, 1, column_of(&field, &array).unwrap()).unwrap();
    assert_eq!(&restored, &array);
}

/// Run-end encoding doesn't count as nested where its values don't, and values without bytes lost their number in it.
#[test]
fn runs_of_values_without_bytes_survive_compaction() {
    let nothing = FixedSizeBinaryArray::try_new_with_len(0, Vec::<u8>::new().into(), None, 2).unwrap();
    let runs: ArrayRef = Arc::new(RunArray::<Int32Type>::try_new(&Int32Array::from(vec![1, 3]), &nothing).unwrap());
    let array: ArrayRef = Arc::new(DictionaryArray::new(Int8Array::from(vec![2]), runs));
    let field = Arc::new(Field::new("column", array.data_type().clone(), true));
    let column = column_of(&field, &array).unwrap();
    assert_eq!(
        column.nodes.iter().map(|node| node.length).collect::<Vec<_>>(),
        [1, 1, 1, 1]
    );
    assert_eq!(array_of(&field, 1, column).unwrap().len(), 1);
}
