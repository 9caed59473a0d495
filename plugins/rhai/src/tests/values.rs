//! Values of every type, from columns to scripts and back.

use tenon::{AnyColumn, Batch, Column, DataType, ErrorKind, TimeUnit, batch};

use super::{fails, made, texts};

/// A script that reads and assigns every column.
const COPY: &str = "fn row(row) { for name in row.keys() { row[name] = row[name]; } row }";

#[test]
fn every_type_survives_a_round_trip() {
    let instants: Column<tenon::Timestamp> = [Some(-1), None, Some(1_700_000_000_123_456)]
        .map(|value| value.map(tenon::Timestamp))
        .into_iter()
        .collect();
    let nanos = instants
        .clone()
        .with_type(DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".to_owned())))
        .unwrap();
    let decimals: Column<i128> = [Some(-12_345), None, Some(0)].into_iter().collect();
    let decimals = decimals
        .with_type(DataType::Decimal {
            bits: 128,
            precision: 12,
            scale: 3,
        })
        .unwrap();
    let columns: Vec<(&str, AnyColumn)> = vec![
        ("bool", vec![Some(true), None, Some(false)].into()),
        ("int8", vec![Some(-128_i8), None, Some(127)].into()),
        ("int16", vec![Some(i16::MIN), None, Some(i16::MAX)].into()),
        ("int32", vec![Some(i32::MIN), None, Some(i32::MAX)].into()),
        ("int64", vec![Some(i64::MIN), None, Some(i64::MAX)].into()),
        ("uint8", vec![Some(255_u8), None, Some(0)].into()),
        ("uint16", vec![Some(u16::MAX), None, Some(0)].into()),
        ("uint32", vec![Some(u32::MAX), None, Some(0)].into()),
        ("uint64", vec![Some(i64::MAX as u64), None, Some(0)].into()),
        ("float32", vec![Some(1.5_f32), None, Some(f32::MIN)].into()),
        ("float64", vec![Some(0.1), None, Some(f64::MAX)].into()),
        ("utf8", vec![Some("a"), None, Some("größer")].into()),
        (
            "date",
            vec![Some(tenon::Date(-1)), None, Some(tenon::Date(19_782))].into(),
        ),
        ("timestamp", instants.into()),
        ("zoned", nanos.into()),
        (
            "time",
            vec![Some(tenon::Time64(1)), None, Some(tenon::Time64(86_399_999_999))].into(),
        ),
        (
            "duration",
            vec![Some(tenon::Duration(-5)), None, Some(tenon::Duration(5))].into(),
        ),
        ("decimal", decimals.into()),
    ];
    let input = Batch::new(columns).unwrap();
    let output = made(COPY, input.clone());
    assert_eq!(output.schema(), input.schema());
    for (before, after) in input.raw_columns().unwrap().iter().zip(output.raw_columns().unwrap()) {
        assert_eq!(before.nodes, after.nodes, "{}", before.field.name);
        let is_null = |row: usize| row == 1;
        let name = &before.field.name;
        assert_eq!(before.buffers[0].as_slice(), after.buffers[0].as_slice(), "{name}");
        let (old, new) = (before.buffers[1].as_slice(), after.buffers[1].as_slice());
        assert_eq!(old.len(), new.len(), "{name}");
        let width = old.len() / 3;
        if width > 0 && before.field.data_type != DataType::Utf8 {
            for row in (0..3).filter(|row| !is_null(*row)) {
                assert_eq!(old[row * width..][..width], new[row * width..][..width], "{name} {row}");
            }
        }
    }
    assert_eq!(texts(&output, "utf8"), texts(&input, "utf8"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let input = || batch! { "small" => [1_i8], "huge" => [u64::MAX], "day" => [tenon::Date(0)] };
    let fails = |body: &str, part: &str| {
        fails(
            &format!("fn row(row) {{ {body}; row }}"),
            input(),
            ErrorKind::BadData,
            &["row 0", part],
        );
    };
    fails(
        "row.small = 128",
        "column `small` is int8: 128 is out of the column's range",
    );
    fails(
        "row.small = 1.0",
        "column `small` is int8 and takes an integer, not 1.0 (a float)",
    );
    fails(
        "row.huge += 1",
        "column `huge` holds 18446744073709551615, but integers of a script end at",
    );
    fails("row.huge = -1", "-1 is out of the column's range");
    fails(
        "row.day = \"2024-02-30\"",
        "column `day` is date: \"2024-02-30\" isn't a date",
    );
    fails(
        "row.day = 3",
        "takes a date, or a string like \"2024-12-31\", not 3 (an integer)",
    );
    fails("date(\"soon\")", "\"soon\" isn't a date like");
    fails("date(2023, 2, 29)", "there is no day 2023-2-29");
}

#[test]
fn decimals_are_exact() {
    let amounts: Column<i128> = [1999_i128].into_iter().map(Some).collect();
    let amounts = amounts
        .with_type(DataType::Decimal {
            bits: 128,
            precision: 10,
            scale: 2,
        })
        .unwrap();
    let input = || Batch::new([("amount", AnyColumn::from(amounts.clone()))]).unwrap();
    let made = made(
        "fn row(row) { row.amount = row.amount * 3 + parse_decimal(\"0.03\"); row }",
        input(),
    );
    assert_eq!(made.column::<i128>("amount").unwrap().values(), [6000]);
    let parts = ["has more than 2 digits after the point; round it first: `x.round(2)`"];
    fails(
        "fn row(row) { row.amount = row.amount / 7; row }",
        input(),
        ErrorKind::BadData,
        &parts,
    );
    fails(
        "fn row(row) { row.amount = 0.5; row }",
        input(),
        ErrorKind::BadData,
        &["takes a decimal or an integer, not 0.5 (a float)"],
    );
}

#[test]
fn dates_and_timestamps_are_calculated_with() {
    let input = batch! { "day" => [tenon::Date(19_782)], "at" => [tenon::Timestamp(1_709_209_845_250_000)] };
    let script = r#"
        const COLUMNS = #{ told: "utf8", later: "date", gap: "float64" };
        fn row(row) {
            let day = row.day;
            row.told = `${day} ${day.year} ${day.month} ${day.day} ${day.weekday} ${row.at} ${row.at.hour}:${row.at.minute}:${row.at.second}`;
            if day + 1 <= day || date("2024-02-29") != day || row.at.date != day || row.at < timestamp(day) { throw "no" }
            row.later = day + 366;
            row.gap = row.at - timestamp("2024-02-29T12:00:00");
            row.at += 0.75;
            row.told += " " + (row.later - day) + " " + row.at;
            row
        }
    "#;
    let output = made(script, input);
    let told = "2024-02-29 2024 2 29 4 2024-02-29T12:30:45.25 12:30:45 366 2024-02-29T12:30:46";
    assert_eq!(texts(&output, "told")[0].as_deref(), Some(told));
    assert_eq!(output.column::<f64>("gap").unwrap().values(), [1845.25]);
    assert_eq!(
        output.column::<tenon::Date>("later").unwrap().values(),
        [tenon::Date(20_148)]
    );
}
