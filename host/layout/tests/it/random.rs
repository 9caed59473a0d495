//! Random nested arrays and slices survive the round trip; randomly damaged columns never do harm.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::Buffer;
use arrow_schema::{FieldRef, Schema};
use tenon_layout::{Bounds, Column, array_of, column_of, fields_of, schema_of};

use crate::random_arrays::{Random, random_array, random_field};

const SEEDS: u64 = 3_000;

fn random_slice(random: &mut Random) -> (FieldRef, ArrayRef) {
    let field = Arc::new(random_field(random, "column", 4));
    let rows = random.below(40);
    let array = random_array(random, field.data_type(), field.is_nullable(), rows);
    let offset = random.below(rows + 1);
    let length = random.below(rows - offset + 1);
    (field, array.slice(offset, length))
}

#[test]
fn slices_of_random_types_come_back_the_same() {
    for seed in 0..SEEDS {
        let (field, slice) = random_slice(&mut Random(seed));
        let column = column_of(&field, &slice).unwrap_or_else(|error| panic!("seed {seed}: {field}: {error}"));
        let restored = array_of(&field, slice.len() as u32, column.clone())
            .unwrap_or_else(|error| panic!("seed {seed}: {field}: {error}"));
        restored.to_data().validate_full().unwrap();
        assert_eq!(&restored, &slice, "seed {seed}: {field}");
        let again = column_of(&field, &restored).unwrap();
        assert_eq!(again.nodes, column.nodes, "seed {seed}: {field}");
    }
}

#[test]
fn random_schemas_come_back_the_same() {
    let mut random = Random(1);
    for _ in 0..SEEDS {
        let fields: Vec<_> = (0..random.below(4))
            .map(|at| random_field(&mut random, &format!("c{at}"), 4))
            .collect();
        let schema = Schema::new(fields);
        let flat = fields_of(&schema).unwrap();
        assert_eq!(*schema_of(&flat, &Bounds::default()).unwrap(), schema);
    }
}

#[test]
fn damaged_columns_are_refused_or_valid() {
    let mut accepted = 0;
    for seed in 0..SEEDS {
        let random = &mut Random(seed);
        let (field, slice) = random_slice(random);
        let column = column_of(&field, &slice).unwrap();
        for _ in 0..20 {
            let mut damaged = column.clone();
            let mut rows = slice.len() as u32;
            for _ in 0..=random.below(3) {
                damage(random, &mut damaged, &mut rows);
            }
            if let Ok(array) = array_of(&field, rows, damaged) {
                accepted += 1;
                assert_eq!(array.len(), rows as usize);
                array
                    .to_data()
                    .validate_full()
                    .unwrap_or_else(|error| panic!("seed {seed}: {field}: {error}"));
                if let Ok(column) = column_of(&field, &array) {
                    let again = array_of(&field, rows, column).unwrap_or_else(|e| panic!("seed {seed}: {field}: {e}"));
                    assert_eq!(&again, &array, "seed {seed}: {field}");
                }
            }
        }
    }
    assert!(
        accepted > 1_000,
        "the damage is too great to be interesting: {accepted}"
    );
}

fn damage(random: &mut Random, column: &mut Column, rows: &mut u32) {
    let lies = [0, 1, 7, 8, 255, 1 << 16, (1 << 24) - 1, i32::MAX as u32, u32::MAX];
    match random.below(10) {
        0 => *rows = *random.pick(&lies),
        1 => {
            let at = random.below(column.nodes.len());
            column.nodes[at].length = *random.pick(&lies);
        }
        2 => {
            let at = random.below(column.nodes.len());
            column.nodes[at].nulls = *random.pick(&lies);
        }
        3 => drop(column.nodes.pop()),
        4 => drop(column.buffers.pop()),
        5 if !column.buffers.is_empty() => {
            let at = random.below(column.buffers.len());
            let keep = random.below(column.buffers[at].len() + 1);
            column.buffers[at] = column.buffers[at].slice_with_length(0, keep);
        }
        _ if !column.buffers.is_empty() => {
            let at = random.below(column.buffers.len());
            let mut bytes = column.buffers[at].to_vec();
            if let Some(last) = bytes.len().checked_sub(1) {
                bytes[random.below(last + 1)] = random.next() as u8;
            }
            column.buffers[at] = Buffer::from_vec(bytes);
        }
        _ => {}
    }
    if column.nodes.is_empty() {
        column.nodes.push(tenon_layout::Node { length: 1, nulls: 0 });
    }
}
