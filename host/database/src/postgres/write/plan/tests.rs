use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use tokio_postgres::types::Type;

use super::*;
use crate::WriteConfig;

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

fn request(mode: Mode, columns: &[(&str, DataType)]) -> LoadRequest {
    LoadRequest {
        table: TableName::new(None, "t"),
        config: WriteConfig {
            mode,
            ..WriteConfig::default()
        },
        schema: schema(columns),
        run: "r".into(),
        sink: "s".into(),
    }
}

fn name() -> TableName {
    TableName::new(Some("s"), "t")
}

fn table(columns: &[(&str, &str, Type)]) -> Table {
    Table {
        name: name(),
        kind: "r".into(),
        columns: columns
            .iter()
            .map(|(name, declared, base)| TableColumn::of(name, declared, base, -1))
            .collect(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        referenced: None,
        is_replaceable: true,
        is_owned: true,
        rights: Vec::new(),
    }
}

fn planned(request: &LoadRequest, table: Option<&Table>) -> Result<Plan, Error> {
    plan(request, &name(), table, &Given::new())
}

#[test]
fn a_new_table_is_its_staging_table() -> Result<(), Error> {
    let mut request = request(Mode::Overwrite, &[("a\"b", DataType::Int32), ("t", DataType::Utf8)]);
    let plan = planned(&request, None)?;
    assert_eq!(plan.definitions, [r#""a""b" integer"#, r#""t" text"#]);
    assert_eq!((plan.replaced, plan.alterations.len()), (Replaced::Table, 0));
    // Rows that a key refuses are found while they are moved.
    request.config.keys = vec!["t".into()];
    request.config.on_error = OnError::Reject;
    let plan = planned(&request, None)?;
    assert_eq!(plan.replaced, Replaced::Rows);
    assert_eq!(
        plan.alterations,
        [r#"create table if not exists "s"."t" ("a""b" integer, "t" text not null, primary key ("t"))"#]
    );
    Ok(())
}

#[test]
fn columns_are_found_by_name() -> Result<(), Error> {
    let there = table(&[
        ("ID", "bigint", Type::INT8),
        ("x", "integer", Type::INT4),
        ("X", "integer", Type::INT4),
    ]);
    let plan = planned(
        &request(Mode::Append, &[("X", DataType::Int32), ("id", DataType::Int64)]),
        Some(&there),
    )?;
    assert_eq!(plan.columns, ["ID", "X"]);
    assert_eq!(plan.sent.iter().map(|sent| sent.index).collect::<Vec<_>>(), [1, 0]);
    let mut request = request(Mode::Append, &[("new", DataType::Float64), ("x", DataType::Int64)]);
    let error = planned(&request, Some(&there)).expect_err("it is not there");
    assert!(error.to_string().contains("`new`"), "{error}");
    request.config.evolution = Evolution::Widen;
    let plan = planned(&request, Some(&there))?;
    assert_eq!(
        plan.alterations,
        [
            r#"alter table "s"."t" alter column "x" type bigint"#,
            r#"alter table "s"."t" add column if not exists "new" double precision"#,
        ]
    );
    Ok(())
}

#[test]
fn a_table_is_replaced_by_its_like_only() -> Result<(), Error> {
    let replaced = |there: &Table, columns: &[(&str, DataType)]| {
        planned(&request(Mode::Overwrite, columns), Some(there)).map(|plan| plan.replaced)
    };
    let mut there = table(&[("a", "bigint", Type::INT8)]);
    assert_eq!(replaced(&there, &[("a", DataType::Int64)])?, Replaced::Table);
    assert_eq!(replaced(&there, &[("a", DataType::UInt64)])?, Replaced::Rows);
    there.is_replaceable = false;
    assert_eq!(replaced(&there, &[("a", DataType::Int64)])?, Replaced::Rows);
    Ok(())
}

#[test]
fn marks_are_staged_and_not_written() -> Result<(), Error> {
    let columns = [
        ("_op", DataType::Utf8),
        ("_position", DataType::Utf8),
        ("_committed_at", DataType::Int64),
        ("_sequence", DataType::Int64),
        ("id", DataType::Int64),
    ];
    let mut request = request(Mode::Upsert, &columns);
    request.config.keys = vec!["id".into()];
    request.config.delete_when = Some("_op".into());
    let plan = planned(&request, None)?;
    assert_eq!(plan.columns, ["id"]);
    let staged: Vec<&str> = plan.sent.iter().map(|sent| sent.name.as_str()).collect();
    assert_eq!(staged, ["id", "_op", "_position", "_sequence"]);
    request.config.mode = Mode::Append;
    assert!(planned(&request, None).is_err());
    Ok(())
}
