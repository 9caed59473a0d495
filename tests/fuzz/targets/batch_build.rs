//! What `batch.build` does with a schema and columns from a guest: refuse them, or make a batch in which everything
//! holds.
//!
//! The input is read as instructions: first a schema, mostly well-formed, then columns that fit it, then damage to
//! both. So the fuzzer spends its time behind the first checks instead of in front of them.

#![no_main]

mod damage;
mod plausible;

use arbitrary::Unstructured;
use arrow_array::Array;
use libfuzzer_sys::fuzz_target;
use tenon_layout::{Bounds, array_of, column_of, fields_of, schema_of};

fuzz_target!(|input: &[u8]| {
    // An input that ends early is an input with zeros behind it.
    let _ = run(&mut Unstructured::new(input));
});

fn run(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut fields = plausible::fields(input)?;
    if input.int_in_range(0..=3)? == 3 {
        damage::fields(&mut fields, input)?;
    }
    let Ok(schema) = schema_of(&fields, &Bounds::default()) else {
        return Ok(());
    };
    let again = fields_of(&schema).expect("an accepted schema can be sent");
    assert_eq!(
        schema_of(&again, &Bounds::default()).expect("what the host sends is accepted"),
        schema
    );

    for field in schema.fields() {
        let mut rows = input.int_in_range(0..=12)?;
        let mut column = plausible::column(field.data_type(), rows, input)?;
        for _ in 0..input.int_in_range(0..=3)? {
            damage::column(&mut column, &mut rows, input)?;
        }
        let Ok(array) = array_of(field, rows, column) else {
            continue;
        };
        assert_eq!(array.len(), rows as usize);
        assert_eq!(array.data_type(), field.data_type());
        array.to_data().validate_full().expect("an accepted array is valid");

        let sent = column_of(field, &array).expect("an accepted array can be sent");
        let again = array_of(field, rows, sent).expect("what the host sends is accepted");
        assert_eq!(&again, &array);
    }
    Ok(())
}
