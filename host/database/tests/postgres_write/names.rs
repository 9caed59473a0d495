//! Names that are hard to quote, and many columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use tenon_database::{Error, Evolution, LoadRequest, Mode, OnError, TableName, WriteConfig};

use super::support::{Fixture, Kept, NoneRejected, batch, ready, to, write_parts};

const ODD: [&str; 8] = [
    "plain",
    "With Space",
    "a\"b",
    "a'b",
    "x\"; drop table victim; --",
    "'); drop table victim; --",
    "😀 $1 %s \\",
    "select",
];

#[tokio::test]
async fn odd_names_are_only_names() {
    let Some(on) = Fixture::new("odd") else { return };
    on.psql("create table victim (id int)");
    for (at, odd) in ODD.iter().enumerate() {
        let schema = format!("s {odd}");
        on.psql(&format!("create schema \"{}\"", schema.replace('"', "\"\"")));
        let rows = |text: &str| {
            batch(vec![
                (odd, Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
                ("t", Arc::new(StringArray::from(vec![text, odd]))),
                ("_op", Arc::new(StringArray::from(vec!["insert", "delete"]))),
            ])
        };
        for (mode, step) in [
            (Mode::Error, 0),
            (Mode::Append, 1),
            (Mode::Overwrite, 2),
            (Mode::Upsert, 3),
            (Mode::Upsert, 4),
        ] {
            let mut config = to("ignored", mode);
            let mut rows = rows("x'; drop table victim; --");
            if mode == Mode::Upsert {
                config.keys = vec![(*odd).to_owned()];
                config.delete_when = Some("_op".into());
            } else {
                rows = rows.project(&[0, 1]).expect("two columns");
            }
            config.evolution = Evolution::Widen;
            config.on_error = if step == 4 { OnError::Reject } else { OnError::Fail };
            let request = LoadRequest {
                table: TableName::new(Some(&schema), odd),
                config,
                schema: rows.schema(),
                run: format!("run-{at}-{step}"),
                sink: format!("sink {odd}"),
            };
            let mut load = ready(on.database().begin(request).await.expect(odd));
            let parts = write_parts(&*load, &[rows]).await.expect(odd);
            let prepared = load.prepare(parts, &Kept::default()).await.expect(odd);
            // Half of them as if the process had ended.
            if step % 2 == 0 {
                load.commit().await.expect(odd);
            } else {
                drop(load);
            }
            on.database().commit(&prepared).await.expect(odd);
        }
        let refused = LoadRequest {
            table: TableName::new(Some(&schema), "n"),
            config: WriteConfig::default(),
            schema: rows("").schema(),
            run: format!("run'; drop table victim; -- {odd}"),
            sink: (*odd).to_owned(),
        };
        let mut load = ready(on.database().begin(refused).await.expect(odd));
        let prepared = load.prepare(Vec::new(), &NoneRejected).await.expect(odd);
        drop(load);
        on.database().abort(&prepared).await.expect(odd);
    }
    assert_eq!(on.psql("select count(*) from victim"), "0");
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn names_that_postgres_would_cut_off_are_refused() {
    let Some(on) = Fixture::new("long_names") else { return };
    let long = "n".repeat(64);
    let rows = batch(vec![(long.as_str(), Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let error = on
        .write("r1", to("t", Mode::Error), std::slice::from_ref(&rows))
        .await
        .expect_err("too long");
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("63 bytes")),
        "{error}"
    );
    let error = on
        .write("r2", to(&long, Mode::Error), std::slice::from_ref(&rows))
        .await
        .expect_err("too long");
    assert!(error.to_string().contains("63 bytes"), "{error}");
    let error = on
        .write("r3", to("_tenon_mine", Mode::Error), &[rows])
        .await
        .expect_err("reserved");
    assert!(error.to_string().contains("Tenon's own"), "{error}");
}

#[tokio::test]
async fn tables_of_1600_columns() {
    let Some(on) = Fixture::new("wide") else { return };
    let names: Vec<String> = (0..1601).map(|column| format!("c{column}")).collect();
    let array: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1, 2]));
    let wide = |columns: usize| {
        batch(
            names[..columns]
                .iter()
                .map(|name| (name.as_str(), Arc::clone(&array)))
                .collect(),
        )
    };
    on.write("r1", to("t", Mode::Error), &[wide(1600)])
        .await
        .expect("written");
    on.write("r2", to("t", Mode::Append), &[wide(1600)])
        .await
        .expect("written");
    assert_eq!(on.psql("select sum(c0 + c1599) from t"), "12");
    let error = on
        .write("r3", to("u", Mode::Error), &[wide(1601)])
        .await
        .expect_err("too many");
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("1601 columns")),
        "{error}"
    );
}
