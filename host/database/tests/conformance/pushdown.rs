//! A database that says it filters exactly as Arrow would does so.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use tenon_database::{Comparison, Mode, Predicate, Pushdown, Value};

use crate::data::batch;
use crate::evaluate::evaluate;
use crate::subject::Subject;
use crate::support::{Read, block_on, describe, mode, read, table, write};

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

/// Texts whose order and equality differ between collations, trailing spaces and normal forms among them.
const TEXTS: [&str; 14] = [
    "",
    "a",
    "A",
    "b",
    "B",
    "ab",
    "a ",
    "ä",
    "a\u{308}",
    "z",
    "ß",
    "ss",
    "😀",
    "it's 100% _\\",
];

fn rows() -> RecordBatch {
    let count = TEXTS.len() + 1;
    let some = |index: usize| index < TEXTS.len();
    let texts: StringArray = (0..count).map(|index| TEXTS.get(index).copied()).collect();
    let ids: Int64Array = (0..count as i64).map(Some).collect();
    let whole: Int64Array = (0..count)
        .map(|index| some(index).then_some(index as i64 % 5 - 2))
        .collect();
    let floats = [0.0, 0.1, -0.1, 1e300, -1e-300, 0.3, 2.5, 123_456_789.123_456_78];
    let floats: Float64Array = (0..count)
        .map(|index| some(index).then_some(floats[index % 8]))
        .collect();
    let decimals: Decimal128Array = (0..count)
        .map(|index| some(index).then_some(index as i128 * 37 - 200))
        .collect();
    let large: Decimal128Array = (0..count)
        .map(|index| some(index).then_some((index as i128 - 5) * 1_234_567_890_123_456_789_012))
        .collect();
    let truths: BooleanArray = (0..count).map(|index| some(index).then_some(index % 2 == 0)).collect();
    let days: Date32Array = (0..count)
        .map(|index| some(index).then_some(index as i32 * 1000 - 3000))
        .collect();
    let moments: TimestampMicrosecondArray = (0..count)
        .map(|index| some(index).then_some(index as i64 * 999_999_999_999 - 1))
        .collect();
    // MySQL's begin with the first second of 1970.
    let instants: TimestampMicrosecondArray = (0..count)
        .map(|index| some(index).then_some((index as i64 + 1) * 999_999_999_999))
        .collect();
    let bytes: BinaryArray = (0..count)
        .map(|index| some(index).then_some([index as u8, 0xff]))
        .collect();
    batch(vec![
        ("id", Arc::new(ids) as ArrayRef),
        ("whole", Arc::new(whole)),
        ("float", Arc::new(floats)),
        ("decimal", Arc::new(decimals.with_precision_and_scale(10, 2).unwrap())),
        ("large", Arc::new(large.with_precision_and_scale(30, 3).unwrap())),
        ("truth", Arc::new(truths)),
        ("text", Arc::new(texts)),
        ("bytes", Arc::new(bytes)),
        ("day", Arc::new(days)),
        ("moment", Arc::new(moments)),
        ("instant", Arc::new(instants.with_timezone("UTC"))),
    ])
}

/// Values of a column, and one that is not among them.
fn literals(array: &ArrayRef) -> Vec<Value> {
    let shown = |row: usize| arrow::util::display::array_value_to_string(array, row).unwrap();
    let number = |row: usize| {
        cast(array, &DataType::Int64)
            .unwrap()
            .as_primitive::<Int64Type>()
            .value(row)
    };
    let present = (0..array.len()).filter(|row| array.is_valid(*row));
    let mut literals: Vec<Value> = present
        .filter_map(|row| {
            Some(match array.data_type() {
                DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
                DataType::Int64 => Value::Integer(number(row)),
                DataType::Float64 => Value::Float(shown(row).parse().unwrap()),
                DataType::Decimal128(..) => Value::Decimal(shown(row)),
                DataType::Utf8 => Value::Text(shown(row)),
                DataType::Binary => Value::Binary(array.as_binary::<i32>().value(row).to_vec()),
                DataType::Date32 => Value::Date(shown_days(array, row)),
                DataType::Timestamp(_, None) => Value::Timestamp(i128::from(number(row)) * 1000),
                DataType::Timestamp(_, Some(_)) => Value::Instant(i128::from(number(row)) * 1000),
                _ => return None,
            })
        })
        .collect();
    match array.data_type() {
        DataType::Utf8 => literals.extend([Value::Text("aa".to_owned()), Value::Text("Ä".to_owned())]),
        DataType::Float64 => literals.push(Value::Float(0.15)),
        DataType::Decimal128(..) => literals.push(Value::Decimal("0.05".to_owned())),
        DataType::Int64 => literals.extend([Value::Integer(i64::MIN), Value::Integer(i64::MAX)]),
        _ => {}
    }
    literals
}

fn shown_days(array: &ArrayRef, row: usize) -> i32 {
    array.as_primitive::<arrow::datatypes::Date32Type>().value(row)
}

fn predicates(rows: &RecordBatch) -> Vec<Predicate> {
    let mut predicates = Vec::new();
    for (field, array) in rows.schema().fields().iter().zip(rows.columns()) {
        let column = field.name().clone();
        let literals = literals(array);
        predicates.push(Predicate::IsNull(column.clone()));
        for value in &literals {
            predicates.extend(COMPARISONS.map(|comparison| Predicate::Compare {
                column: column.clone(),
                comparison,
                value: value.clone(),
            }));
        }
        predicates.push(Predicate::In {
            column: column.clone(),
            values: literals.iter().step_by(2).cloned().collect(),
        });
        if array.data_type() == &DataType::Utf8 {
            for prefix in TEXTS {
                predicates.push(Predicate::StartsWith {
                    column: column.clone(),
                    prefix: prefix.to_owned(),
                });
            }
        }
    }
    let pairs: Vec<Predicate> = predicates
        .iter()
        .zip(predicates.iter().skip(11))
        .step_by(7)
        .flat_map(|(one, two)| {
            let both = vec![one.clone(), two.clone()];
            [
                Predicate::All(both.clone()),
                Predicate::Any(both),
                Predicate::Not(Box::new(one.clone())),
            ]
        })
        .collect();
    predicates.extend(pairs);
    predicates
}

/// Every predicate on the same rows, by the database and by Arrow's kernels.
pub(crate) fn exact(subject: &Subject) {
    block_on(async {
        let (database, relation) = (subject.database(), table("filtered"));
        write(database.as_ref(), "filtered", mode(Mode::Error), &[rows()])
            .await
            .unwrap();
        let all = read(database.as_ref(), &relation, &Read::default()).await;
        let description = describe(database.as_ref(), &relation).await;
        let (mut pushed, mut exactly) = (BTreeSet::new(), 0);
        let predicates = predicates(&all);
        for predicate in &predicates {
            let pushdown = database.pushdown(predicate, &description);
            if pushdown == Pushdown::No {
                continue;
            }
            predicate.columns(&mut |column| {
                pushed.insert(column.to_owned());
            });
            let wanted = Read {
                columns: Some(vec!["id".to_owned()]),
                predicate: Some(predicate.clone()),
                ..Read::default()
            };
            let found = ids(&read(database.as_ref(), &relation, &wanted).await);
            let truth = evaluate(predicate, &all);
            let every = all.column(0).as_primitive::<Int64Type>().values().iter();
            let expected: BTreeSet<i64> = every
                .enumerate()
                .filter(|(row, _)| truth.is_valid(*row) && truth.value(*row))
                .map(|(_, id)| *id)
                .collect();
            if pushdown == Pushdown::Exact {
                exactly += 1;
                assert_eq!(found, expected, "{predicate:?}");
            } else {
                assert!(
                    found.is_superset(&expected),
                    "{predicate:?}: {found:?} and {expected:?}"
                );
            }
        }
        println!(
            "{}: {exactly} of {} predicates exact, on {pushed:?}",
            subject.name,
            predicates.len()
        );
        for column in ["id", "whole", "text", "day", "moment", "decimal"] {
            assert!(pushed.contains(column), "nothing is filtered by {column}");
        }
    });
}

fn ids(rows: &RecordBatch) -> BTreeSet<i64> {
    rows.column(0)
        .as_primitive::<Int64Type>()
        .values()
        .iter()
        .copied()
        .collect()
}
