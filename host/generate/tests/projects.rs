//! Plugins in every language.

mod odd;

use arrow::datatypes::{DataType, IntervalUnit};
use odd::{ODD, assert_golden};
use tenon_database::{Driver, Mode, TableName};
use tenon_generate::{
    Column, Endpoint, Error, Files, Flow, Language, Project, Reference, Source, Table, Target, TargetFiles, TargetTable,
};

fn flow(columns: Vec<Column>) -> Flow {
    Flow {
        source: Source::Table {
            at: Endpoint::new(Driver::Postgres, Reference::Connection("shop".to_owned())),
            table: Table {
                columns,
                ..Table::new(TableName::new(Some("sales"), "orders"))
            },
        },
        target: Target::Files(TargetFiles {
            url: "lake/orders/".to_owned(),
            format: None,
            partition_by: Vec::new(),
            mode: Mode::Overwrite,
        }),
    }
}

fn text<'p>(project: &'p Project, file: &str) -> &'p str {
    let (_, text) = project.files.iter().find(|(path, _)| path == file).expect(file);
    text
}

#[test]
fn every_language_writes_the_columns_out() {
    let columns = || {
        vec![
            Column::new("id", DataType::Int64).required(),
            Column {
                comment: Some("with tax".to_owned()),
                ..Column::new("Amount", DataType::Decimal128(12, 2))
            },
            Column::new("kept_for", DataType::Interval(IntervalUnit::MonthDayNano)),
        ]
    };
    for (language, file, golden) in [
        (Language::Rust, "src/lib.rs", "map.rs.txt"),
        (Language::Python, "plugin.py", "map.py.txt"),
        (Language::Js, "src/index.js", "map.js.txt"),
        (Language::Ts, "src/index.ts", "map.js.txt"),
        (Language::Go, "main.go", "map.go.txt"),
        (Language::C, "src/map_columns.c", "map.c.txt"),
        (Language::Cpp, "src/map_columns.cpp", "map.cpp.txt"),
        (Language::Zig, "src/main.zig", "map.zig.txt"),
    ] {
        let project = Project::of("orders", language, &flow(columns())).expect("a project");
        assert_golden(golden, text(&project, file));
        let job = text(&project, "job.toml");
        assert!(
            job.contains("plugin = \".\"") && job.contains("function = \"map_columns\""),
            "{job}"
        );
        assert!(project.removed.contains(&"data/orders.csv".to_owned()));
    }
}

#[test]
fn odd_names_end_neither_texts_nor_comments() {
    for language in Language::ALL {
        let columns = ODD.iter().map(|name| Column {
            comment: Some((*name).to_owned()),
            note: Some((*name).to_owned()),
            database_type: Some((*name).to_owned()),
            ..Column::new(*name, DataType::Int32)
        });
        let mut odd = flow(columns.collect());
        if let Source::Table { table, .. } = &mut odd.source {
            table.name = TableName::new(Some("*/ exit(1) //\u{2028}\n"), "*/ exit(1) // \\");
        }
        let plain = flow(
            ODD.iter()
                .enumerate()
                .map(|(at, _)| Column::new(format!("c{at}"), DataType::Int32))
                .collect(),
        );
        let odd = Project::of("odd", language, &odd).expect("a project");
        let plain = Project::of("odd", language, &plain).expect("a project");
        let (file, _) = &odd.files[0];
        let (odd, plain) = (text(&odd, file), text(&plain, file));
        let is_foreign = |c: char| c != '\n' && c != '\t' && c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
        assert!(!odd.contains(is_foreign), "{language}: {odd}");
        assert_eq!(odd.lines().count(), plain.lines().count(), "{language}: {odd}");
        // What is no text and no comment is the same.
        let marker = if language == Language::Python { "#" } else { "//" };
        let code = |line: &str| !line.trim_start().starts_with(marker) && !line.trim_start().starts_with(['"', '\'']);
        for (odd, plain) in odd.lines().zip(plain.lines()) {
            assert_eq!(code(odd), code(plain), "{language}: {odd}");
            if code(plain) {
                assert_eq!(odd, plain, "{language}");
            }
            assert!(!odd.ends_with('\\'), "{language}: {odd}");
        }
    }
}

#[test]
fn columns_that_are_left_out_are_not_read() {
    let target = TargetTable {
        at: Endpoint::new(Driver::Mysql, Reference::Url("${env:TARGET_URL}".to_owned())),
        name: TableName::new(None, "orders"),
        mode: Mode::Append,
        keys: Vec::new(),
        columns: Some(vec![Column::new("ID", DataType::Int32)]),
    };
    let flow = Flow {
        source: Source::Files(Files {
            url: "orders.csv".to_owned(),
            columns: vec![Column::new("id", DataType::Int64), Column::new("x", DataType::Utf8)],
        }),
        target: Target::Table(target),
    };
    let project = Project::of("orders", Language::Python, &flow).expect("a project");
    assert!(
        text(&project, "job.toml").contains("reads = [\"id\"]"),
        "{}",
        text(&project, "job.toml")
    );
    assert!(
        text(&project, "plugin.py").contains("'cast(id as integer) as \"ID\"',"),
        "{}",
        text(&project, "plugin.py")
    );
}

#[test]
fn what_a_function_may_not_compute_is_refused() {
    let wide = (0..2_000).map(|number| Column::new(format!("c{number}"), DataType::Int32));
    let error = Project::of("wide", Language::Rust, &flow(wide.collect())).expect_err("too wide");
    assert!(
        matches!(error, Error::TooWide { .. }) && error.to_string().contains("2000 columns"),
        "{error}"
    );
    let long = (0..100).map(|number| Column::new(format!("{number}{}", "x".repeat(1_000)), DataType::Int32));
    let error = Project::of("long", Language::Rust, &flow(long.collect())).expect_err("too long");
    assert!(
        matches!(error, Error::TooWide { .. }) && error.to_string().contains("bytes"),
        "{error}"
    );
}

#[test]
fn languages_are_called_as_on_the_command_line() {
    for language in Language::ALL {
        assert_eq!(language.name().parse(), Ok(language));
    }
    assert!("cobol".parse::<Language>().is_err());
}
