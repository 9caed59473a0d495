use tokio_postgres::types::Type;

use super::*;
use crate::TableName;

fn table(name: &str, columns: &[(&str, &str, Type)]) -> Table {
    Table {
        name: TableName::new(Some("s"), name),
        kind: "r".into(),
        columns: columns
            .iter()
            .map(|(name, declared, base)| TableColumn::of(name, declared, base, -1))
            .collect(),
        primary_key: vec!["id".into()],
        unique: vec![vec!["id".into()]],
        referenced: None,
        is_replaceable: false,
        is_owned: true,
        rights: Vec::new(),
    }
}

fn prepared(replaced: Replaced, delete_when: Option<&str>) -> Prepared {
    Prepared {
        run: "r".into(),
        sink: "s".into(),
        table: TableName::new(Some("s"), "t"),
        staging: TableName::new(Some("s"), "x"),
        columns: vec!["id".into(), "n".into()],
        keys: vec!["id".into()],
        delete_when: delete_when.map(str::to_owned),
        replaced,
        alterations: Vec::new(),
        rows: 0,
        bytes: 0,
    }
}

fn tables() -> (Table, Table) {
    let target = table(
        "t",
        &[
            ("id", "bigint", Type::INT8),
            ("n", "integer", Type::INT4),
            ("kept", "text", Type::TEXT),
        ],
    );
    let staging = table(
        "x",
        &[
            ("id", "bigint", Type::INT8),
            ("n", "text", Type::TEXT),
            ("gone", "boolean", Type::BOOL),
        ],
    );
    (target, staging)
}

fn moving(target: &Table, replaced: Replaced, delete_when: Option<&str>) -> Moving {
    let (_, staging) = tables();
    Moving::new(target, &staging, &prepared(replaced, delete_when)).expect("the columns are there")
}

#[test]
fn rows_are_inserted() {
    let (target, _) = tables();
    let moving = moving(&target, Replaced::Added, None);
    assert_eq!(moving.clearing(), None);
    assert_eq!(
        moving.statements(Some("s.ctid < 'x'")),
        [r#"insert into "s"."t" ("id", "n") select s."id", s."n"::integer from "s"."x" s where true and s.ctid < 'x'"#]
    );
}

#[test]
fn rows_are_merged_by_an_index() {
    let (target, _) = tables();
    let moving = moving(&target, Replaced::Merged, Some("gone"));
    assert!(
        !moving.finds_duplicates(),
        "a deleted row and a written one are no conflict of an index"
    );
    assert_eq!(moving.lock(), None);
    assert_eq!(
        moving.statements(None),
        [
            r#"delete from "s"."t" t using "s"."x" s where t."id" = s."id" and coalesce(s."gone", false)"#,
            r#"insert into "s"."t" ("id", "n") select s."id", s."n"::integer from "s"."x" s where true and not coalesce(s."gone", false) on conflict ("id") do update set "n" = excluded."n""#,
        ]
    );
}

#[test]
fn rows_are_merged_without_an_index() {
    let (mut target, _) = tables();
    target.unique.clear();
    let moving = moving(&target, Replaced::Merged, None);
    assert!(moving.lock().is_some() && !moving.finds_duplicates());
    assert_eq!(
        moving.statements(None),
        [
            r#"update "s"."t" t set "n" = s."n"::integer from "s"."x" s where t."id" = s."id""#,
            r#"insert into "s"."t" ("id", "n") select s."id", s."n"::integer from "s"."x" s where true and not exists (select from "s"."t" t where t."id" = s."id")"#,
        ]
    );
}

#[test]
fn rows_that_are_referred_to_stay() {
    let (mut target, _) = tables();
    target.referenced = Some(vec!["id".into()]);
    let moving = moving(&target, Replaced::Rows, None);
    let clearing = r#"delete from "s"."t" t where not exists (select from "s"."x" s where t."id" = s."id")"#;
    assert_eq!(moving.clearing().as_deref(), Some(clearing));
    assert!(
        moving.statements(None)[0]
            .ends_with(r#"on conflict ("id") do update set "n" = excluded."n", "kept" = default"#)
    );
}

#[test]
fn a_column_that_is_gone_is_named() {
    let (mut target, staging) = tables();
    target.columns.remove(1);
    let error = Moving::new(&target, &staging, &prepared(Replaced::Added, None)).expect_err("it is gone");
    assert!(error.to_string().contains("`n`"), "{error}");
}

#[test]
fn conversions_lose_nothing() {
    let converted = |from: (&str, Type), to: (&str, Type)| {
        super::converted(
            "s.c",
            &TableColumn::of("c", from.0, &from.1, -1),
            &TableColumn::of("c", to.0, &to.1, -1),
        )
    };
    assert_eq!(converted(("text", Type::TEXT), ("character(4)", Type::BPCHAR)), "s.c");
    assert_eq!(
        converted(("integer", Type::INT4), ("character varying(4)", Type::VARCHAR)),
        "s.c::text"
    );
    assert_eq!(
        converted(("double precision", Type::FLOAT8), ("numeric(9,2)", Type::NUMERIC)),
        "s.c::text::numeric"
    );
    assert_eq!(
        converted(("numeric", Type::NUMERIC), ("numeric(9,2)", Type::NUMERIC)),
        "s.c"
    );
    assert_eq!(converted(("text", Type::TEXT), ("bit", Type::BIT)), "s.c::bit varying");
}
