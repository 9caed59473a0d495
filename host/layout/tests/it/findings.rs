//! What fuzzing found, one test each.

use std::sync::Arc;

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
