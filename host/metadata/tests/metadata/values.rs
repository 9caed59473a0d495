//! What goes into the databases comes back.

use serde_json::json;
use tenon_metadata::{Error, Value, row};

use crate::{Place, on_both};

on_both![
    values_come_back,
    what_has_no_value_fits_everywhere,
    sums_are_integers,
    types_are_what_they_were
];

async fn values_come_back(place: Place) {
    let metadata = place.open().await;
    let long = "ä".repeat(100_000);
    let bytes: Vec<u8> = (0..=255).collect();
    let rows: [[Value; 4]; 4] = [
        [Value::Null, Value::Null, Value::Null, Value::Null],
        [
            "".into(),
            i64::MIN.into(),
            f64::MIN_POSITIVE.into(),
            Value::Blob(vec![]),
        ],
        [long.into(), i64::MAX.into(), (-0.5).into(), bytes.into()],
        [
            (&json!({"a": ["?1", "{id}"]})).into(),
            true.into(),
            3.0.into(),
            [0_u8, 1].as_slice().into(),
        ],
    ];
    let expected = rows.clone();
    let numbers: Vec<i64> = metadata
        .write(move |tx| {
            let mut numbers = Vec::new();
            for row in &rows {
                let insert = "insert into things (name, size, share, bytes) values (?1, ?2, ?3, ?4) returning number";
                numbers.push(tx.one(insert, row)?.get(0)?);
            }
            Ok::<_, Error>(numbers)
        })
        .await
        .unwrap();
    assert_eq!(numbers, [1, 2, 3, 4], "counted up");
    let found = metadata
        .read(|tx| tx.query("select name, size, share, bytes from things order by number", row![]))
        .await
        .unwrap();
    for (row, expected) in found.iter().zip(&expected) {
        let (name, size): (Option<String>, Option<i64>) = (row.get(0).unwrap(), row.get(1).unwrap());
        let (share, bytes): (Option<f64>, Option<Vec<u8>>) = (row.get(2).unwrap(), row.get(3).unwrap());
        let row: [Value; 4] = [name.into(), size.into(), share.into(), bytes.into()];
        assert_eq!(&row, expected);
    }
    assert_eq!(found.len(), 4);
}

async fn what_has_no_value_fits_everywhere(place: Place) {
    let metadata = place.open().await;
    metadata
        .write(|tx| {
            tx.execute("insert into things (name, size) values ('a', 1), ('b', 2)", row![])?;
            let filter = "select count(*) from things
                where (?1 is null or name = ?1) and (?2 is null or size > ?2) and coalesce(?3, 0) = 0";
            let mut count = |parameters: &[Value]| tx.one(filter, parameters)?.get::<i64>(0);
            assert_eq!(count(row![None::<&str>, None::<i64>, None::<i64>])?, 2);
            assert_eq!(count(row!["a", None::<i64>, 0])?, 1);
            assert_eq!(count(row![None::<&str>, 1, 0])?, 1);
            assert_eq!(count(row!["a", 1, 1])?, 0);
            tx.execute(
                "update things set size = ?1, name = ?2",
                row![None::<i64>, None::<String>],
            )
        })
        .await
        .unwrap();
}

async fn sums_are_integers(place: Place) {
    let metadata = place.open().await;
    let row = metadata
        .write(|tx| {
            tx.execute(
                "insert into things (size, share) values (?1, 1.5), (?2, 2.5)",
                row![i64::from(i32::MAX), 7],
            )?;
            let sums = "select sum(size), count(*), avg(share), max(size) > 5, sum(size) > ?1, min(name), -sum(size)
                from things where size < ?2 - 1 having sum(size) > ?3";
            tx.one(sums, row![5, i64::MAX, 0])
        })
        .await
        .unwrap();
    let sum = i64::from(i32::MAX) + 7;
    assert_eq!(row.get(0), Ok(sum));
    assert_eq!(row.get(1), Ok(2));
    assert_eq!(row.get(2), Ok(2.0));
    assert_eq!((row.get(3), row.get(4)), (Ok(true), Ok(true)));
    assert_eq!(row.get(5), Ok(None::<String>));
    assert_eq!(row.get(6), Ok(-sum));
}

async fn types_are_what_they_were(place: Place) {
    let metadata = place.open().await;
    let row = metadata
        .read(|tx| {
            tx.one(
                "select ?1, ?2, ?3, ?4, ?5 + ?6, ?1",
                row![7, "a", 1.5, vec![1_u8], 1, 2],
            )
        })
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), (Ok(7), Ok("a".to_owned())));
    assert_eq!((row.get(2), row.get(3)), (Ok(1.5), Ok(vec![1_u8])));
    assert_eq!((row.get(4), row.get(5)), (Ok(3), Ok(7)));
    let expected = "an integer";
    assert_eq!(row.get::<i64>(1), Err(Error::Type { column: 1, expected }));
    assert!(matches!(row.get::<i64>(9), Err(Error::Type { column: 9, .. })));
    assert_eq!(Value::from(u64::MAX), Value::Integer(i64::MAX));
    assert_eq!(row![], &[] as &[Value]);
}
