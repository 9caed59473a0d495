//! What is written is what is read.

use std::slice::from_ref;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int16Array, Int64Array, ListArray, RecordBatch, StructArray, UnionArray};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{cast, sort_to_indices, take};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, UnionFields, UnionMode};
use tenon_database::{Error, Mode};

use crate::data::{batch, every_type};
use crate::subject::Subject;
use crate::support::{Read, begin, block_on, describe, mode, read, request, table, write};

/// Every type, read back in the type it came in or in one that holds all its values.
pub(crate) fn types(subject: &Subject) {
    block_on(async {
        let (database, mut written) = (subject.database(), every_type());
        if !subject.exact_bytes {
            let name = "some_bytes";
            let refused = write(database.as_ref(), "bytes", mode(Mode::Error), from_ref(&written)).await;
            let error = refused.expect_err("refused");
            assert!(
                matches!(&error, Error::Value { column, .. } if column == name),
                "{error}"
            );
            written.remove_column(written.schema().index_of(name).unwrap());
            subject.lacks("bytes have one length");
        }
        let committed = write(database.as_ref(), "types", mode(Mode::Error), from_ref(&written))
            .await
            .unwrap();
        assert_eq!(committed.rows, 4);
        assert!(committed.bytes > 0);
        let back = read(database.as_ref(), &table("types"), &Read::default()).await;
        assert_eq!(back.num_columns(), written.num_columns());
        let order = sort_to_indices(back.column(0), None, None).unwrap();
        for (index, field) in written.schema().fields().iter().enumerate() {
            let (wrote, read) = (written.column(index), take(back.column(index), &order, None).unwrap());
            assert_eq!(back.schema().field(index).name(), field.name());
            let same = if !subject.exact_floats && wrote.data_type().is_floating() {
                are_near(wrote, &read)
            } else if subject.tells_types {
                cast(wrote, read.data_type()).unwrap().as_ref() == read.as_ref()
            } else {
                // Without its zone, which is UTC: a text has none.
                let plain = match wrote.data_type() {
                    DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, None),
                    other => other.clone(),
                };
                cast(&read, &plain).unwrap().as_ref() == cast(wrote, &plain).unwrap().as_ref()
            };
            assert!(
                same,
                "{} came back as {}: {wrote:?}, {read:?}",
                field.name(),
                read.data_type()
            );
        }
        write(database.as_ref(), "types", mode(Mode::Append), from_ref(&written))
            .await
            .expect("a table that has the types already takes the rows as well");
        assert_eq!(read_rows(subject, "types").await, 8);
        if !subject.tells_types {
            return subject.lacks("types are those of the values that are found first");
        }
        let expect = |name: &str, expected: DataType| {
            let schema = back.schema();
            assert_eq!(schema.field_with_name(name).unwrap().data_type(), &expected, "{name}");
        };
        expect("an_int64", DataType::Int64);
        expect("a_float64", DataType::Float64);
        expect("a_boolean", DataType::Boolean);
        if subject.has_types {
            expect("small_decimal", DataType::Decimal128(12, 2));
            expect("large_decimal", DataType::Decimal128(38, 10));
        } else {
            subject.lacks("decimals are texts");
        }
        expect("some_text", DataType::Utf8);
        if subject.exact_bytes {
            expect("some_bytes", DataType::Binary);
        }
        expect("a_date", DataType::Date32);
    });
}

/// Whether numbers have the first 14 digits in common.
fn are_near(wrote: &ArrayRef, read: &ArrayRef) -> bool {
    let numbers = |array| cast(array, &DataType::Float64).unwrap();
    let (wrote, read) = (numbers(wrote), numbers(read));
    let (wrote, read) = (wrote.as_primitive::<Float64Type>(), read.as_primitive::<Float64Type>());
    wrote.iter().zip(read).all(|pair| match pair {
        (Some(wrote), Some(read)) => (wrote - read).abs() <= wrote.abs() * 1e-14,
        (wrote, read) => wrote == read,
    })
}

/// Lists and structs, whose text or list is what was written.
pub(crate) fn nested(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let lists =
            ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None, Some(vec![])]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let structs = StructArray::from(vec![(
            Arc::new(Field::new("it's", DataType::Int64, true)),
            Arc::clone(&numbers),
        )]);
        let rows = batch(vec![
            ("id", numbers),
            ("list", Arc::new(lists)),
            ("struct", Arc::new(structs)),
        ]);
        write(database.as_ref(), "nested", mode(Mode::Error), &[rows])
            .await
            .unwrap();
        let back = read(database.as_ref(), &table("nested"), &Read::default()).await;
        let structs = cast(back.column(2), &DataType::Utf8).unwrap();
        assert_eq!(structs.as_string::<i32>().value(0).replace(' ', ""), "{\"it's\":1}");
        match back.column(1).data_type() {
            DataType::Utf8 => assert_eq!(back.column(1).as_string::<i32>().value(0).replace(' ', ""), "[1,null]"),
            _ => assert_eq!(back.column(1).as_list::<i32>().value(0).len(), 2),
        }
        assert!(back.column(1).is_null(1));
    });
}

/// What no column holds is refused before anything is written.
pub(crate) fn unions_are_refused(subject: &Subject) {
    block_on(async {
        let fields = UnionFields::try_new([0], [Field::new("a", DataType::Int64, true)]).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let union = UnionArray::try_new(fields.clone(), ScalarBuffer::from(vec![0_i8]), None, vec![numbers]).unwrap();
        assert_eq!(union.data_type(), &DataType::Union(fields, UnionMode::Sparse));
        let rows = batch(vec![("odd_union", Arc::new(union))]);
        let begun = begin(
            subject.database().as_ref(),
            request("unions", mode(Mode::Error), rows.schema()),
        )
        .await;
        let error = begun.expect_err("refused");
        assert!(
            matches!(error, Error::Mismatch { .. }) && error.to_string().contains("odd_union"),
            "{error}"
        );
    });
}

/// No rows make a table all the same.
pub(crate) fn empty(subject: &Subject) {
    block_on(async {
        let (database, rows) = (subject.database(), every_type().slice(0, 0));
        write(database.as_ref(), "no_rows", mode(Mode::Error), from_ref(&rows))
            .await
            .unwrap();
        assert_eq!(read_rows(subject, "no_rows").await, 0);
        assert_eq!(
            describe(database.as_ref(), &table("no_rows")).await.columns.len(),
            rows.num_columns()
        );
        write(database.as_ref(), "no_rows", mode(Mode::Overwrite), &[rows])
            .await
            .unwrap();
        assert_eq!(read_rows(subject, "no_rows").await, 0);
    });
}

/// As many columns as a table may have.
pub(crate) fn wide(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let column = |index: usize| format!("column_{index}");
        let names: Vec<String> = (0..subject.most_columns).map(column).collect();
        let arrays = names.iter().enumerate().map(|(index, name)| {
            let values: ArrayRef = Arc::new(Int16Array::from(vec![index as i16, -(index as i16)]));
            (name.as_str(), values)
        });
        let rows = batch(arrays.collect());
        write(database.as_ref(), "wide", mode(Mode::Error), from_ref(&rows))
            .await
            .unwrap();
        let back = read(database.as_ref(), &table("wide"), &Read::default()).await;
        assert_eq!(back.num_columns(), subject.most_columns);
        for (wrote, read) in rows.columns().iter().zip(back.columns()) {
            assert_eq!(&cast(wrote, read.data_type()).unwrap(), read);
        }
    });
}

async fn read_rows(subject: &Subject, name: &str) -> usize {
    let rows: RecordBatch = read(subject.database().as_ref(), &table(name), &Read::default()).await;
    rows.num_rows()
}
