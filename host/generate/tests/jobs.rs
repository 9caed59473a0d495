//! Job files, as a person sees them and as the engine reads them.

mod odd;

use std::collections::{BTreeMap, HashSet};

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use odd::{ODD, assert_golden};
use tenon_database::{Driver, Mode, TableName};
use tenon_generate::{
    Column, Copy, CopyTarget, Endpoint, Error, Files, Flow, Format, Job, Reference, Source, Table, Target, TargetFiles,
    TargetTable,
};

fn warehouse() -> Endpoint {
    Endpoint::new(Driver::Postgres, Reference::Connection("warehouse".to_owned()))
}

fn mysql() -> Endpoint {
    Endpoint::new(Driver::Mysql, Reference::Url("${env:TARGET_URL}".to_owned()))
}

fn column(name: &str, data_type: DataType, database_type: &str) -> Column {
    Column {
        database_type: Some(database_type.to_owned()),
        ..Column::new(name, data_type)
    }
}

fn orders() -> Table {
    Table {
        columns: vec![
            column("id", DataType::Int64, "bigint").required(),
            column("Amount", DataType::Decimal128(12, 2), "numeric(12,2)"),
            Column {
                note: Some("numeric without precision: read as text".to_owned()),
                comment: Some("what it\ncost us".to_owned()),
                ..column("cost", DataType::Utf8, "numeric")
            },
            column("kept_for", DataType::Interval(IntervalUnit::MonthDayNano), "interval"),
            column(
                "updated_at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                "timestamptz",
            ),
        ],
        primary_key: vec!["id".to_owned()],
        rows: Some(1_234_567),
        comment: Some("Orders of the shop".to_owned()),
        ..Table::new(TableName::new(Some("sales"), "orders"))
    }
}

/// Every variable and secret has a value.
struct Known;

impl tenon_job::Lookup for Known {
    fn env(&self, _: &str) -> Option<String> {
        Some("a value".to_owned())
    }

    fn secret(&self, _: &str) -> Option<String> {
        Some("a secret".to_owned())
    }
}

fn text_of<'n>(config: &'n tenon_job::Node, key: &str) -> Option<&'n str> {
    config.get(key)?.as_str()
}

fn parsed(text: &str) -> tenon_job::Job {
    let options = tenon_job::Options::default().lookup(Known);
    match tenon_job::Job::parse("job.toml", text, tenon_job::Format::Toml, &options) {
        Ok(loaded) => {
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
            loaded.job
        }
        Err(error) => panic!("{error:#}\n{text}"),
    }
}

#[test]
fn a_table_becomes_a_folder() {
    let job = Copy::new("shop-to-lake", warehouse(), CopyTarget::folder("./lake")).job(vec![orders()]);
    let text = job.expect("a job").text().expect("a text");
    assert_golden("folder.toml", &text);
}

#[test]
fn a_table_becomes_a_new_table() {
    let mut copy = Copy::new("shop", warehouse(), CopyTarget::database(warehouse()));
    if let CopyTarget::Database { schema, .. } = &mut copy.target {
        *schema = Some("copy".to_owned());
    }
    let text = copy.job(vec![orders()]).expect("a job").text().expect("a text");
    assert_golden("new_table.toml", &text);
}

#[test]
fn what_is_commented_out_can_be_taken_in() {
    for target in [CopyTarget::folder("./lake"), CopyTarget::database(warehouse())] {
        let job = Copy::new("c", warehouse(), target).job(vec![orders()]).expect("a job");
        let text = job.text().expect("a text");
        let text = text
            .replace("# bookmark", "bookmark")
            .replace("mode = \"overwrite\"\n# mode", "mode");
        let job = parsed(&text);
        assert_eq!(job.sources["orders"].bookmark, Some(true), "{text}");
        let mode = text_of(&job.sinks["orders"].config, "mode");
        assert!(matches!(mode, Some("append" | "upsert")), "{text}");
    }
}

#[test]
fn files_become_a_table_that_is_there() {
    let source = Source::Files(Files {
        url: "data/orders.csv".to_owned(),
        columns: vec![
            Column::new("OrderID", DataType::Int64),
            Column::new("amount", DataType::Float64),
            Column::new("day", DataType::Utf8),
            Column::new("extra", DataType::Boolean),
        ],
    });
    let target = Target::Table(TargetTable {
        at: mysql(),
        name: TableName::new(None, "orders"),
        mode: Mode::Upsert,
        keys: vec!["order_id".to_owned()],
        columns: Some(vec![
            column("order_id", DataType::Int32, "int").required(),
            column("amount", DataType::Decimal128(10, 2), "decimal(10,2)"),
            column("Day", DataType::Date32, "date"),
            column("created_by", DataType::Utf8, "varchar(40)").required(),
        ]),
    });
    let text = Job::new("load", vec![Flow { source, target }]).text().expect("a text");
    assert_golden("there.toml", &text);
}

/// Tables whose names, columns, types and comments are everything that may break a quote.
fn odd_tables() -> Vec<Table> {
    let table = |(at, name): (usize, &&str)| Table {
        columns: ODD
            .iter()
            .map(|name| Column {
                comment: Some((*name).to_owned()),
                note: Some((*name).to_owned()),
                ..column(name, DataType::Int32, name)
            })
            .collect(),
        primary_key: vec![ODD[at].to_owned()],
        rows: None,
        comment: Some((*name).to_owned()),
        ..Table::new(TableName::new(Some(ODD[ODD.len() - 1 - at]), name))
    };
    ODD.iter().enumerate().map(table).collect()
}

#[test]
fn many_types_are_a_table_of_their_own() {
    let table = Table {
        columns: ["id", "doc", "net", "Key Name", "mood"]
            .into_iter()
            .zip(["uuid", "jsonb", "inet", "character varying(40)", "mood"])
            .map(|(name, database_type)| column(name, DataType::Utf8, database_type))
            .collect(),
        ..Table::new(TableName::new(None, "t"))
    };
    let copy = Copy::new("c", warehouse(), CopyTarget::database(warehouse()));
    let text = copy.job(vec![table]).expect("a job").text().expect("a text");
    let job = parsed(&text);
    let types = job.sinks["t"].config.get("types").expect(&text);
    assert_eq!(text_of(types, "Key Name"), Some("character varying(40)"), "{text}");
    assert!(types.get("mood").is_none(), "{text}");
}

#[test]
fn odd_names_are_names_and_nothing_else() {
    let folder = CopyTarget::folder("lake/");
    let database = CopyTarget::database(warehouse());
    for target in [folder, database] {
        let tables = odd_tables();
        let copy = Copy::new(ODD.join(" "), warehouse(), target);
        let text = copy.job(tables.clone()).expect("a job").text().expect("a text");
        let job = parsed(&text);
        assert_eq!(job.sources.len(), tables.len());
        let mut names: HashSet<String> = HashSet::new();
        for name in job.sources.keys().chain(job.steps.keys()) {
            assert!(names.insert(name.to_lowercase()), "{name} is there twice");
        }
        let tables_of = job
            .sources
            .values()
            .filter_map(|source| text_of(&source.config, "table"));
        let written: HashSet<TableName> = tables_of.map(|name| name.parse().expect("a name")).collect();
        assert_eq!(written, tables.iter().map(|table| table.name.clone()).collect());
        let urls: Vec<&str> = job
            .sinks
            .values()
            .filter_map(|sink| text_of(&sink.config, "url"))
            .collect();
        assert!(
            urls.iter()
                .all(|url| url.starts_with("lake/") && !url.split('/').any(|part| part == "..")),
            "{urls:?}"
        );
        assert_eq!(
            urls.iter().map(|url| url.to_lowercase()).collect::<HashSet<_>>().len(),
            urls.len()
        );
        for step in job.steps.values() {
            let tenon_job::Step::Select(step) = step else {
                panic!("{step:?} lists no columns");
            };
            let columns: Vec<String> = step.select.iter().map(|item| odd::column_of(item)).collect();
            assert_eq!(columns, ODD);
        }
    }
}

#[test]
fn odd_names_of_a_table_that_is_there_are_names_too() {
    let from: Vec<Column> = ODD.iter().map(|name| Column::new(*name, DataType::Int32)).collect();
    let to = ODD.iter().map(|name| column(name, DataType::Int64, name)).collect();
    let flow = Flow {
        source: Source::Files(Files {
            url: "x.csv".to_owned(),
            columns: from,
        }),
        target: Target::Table(TargetTable {
            at: warehouse(),
            name: TableName::new(None, "x"),
            mode: Mode::Append,
            keys: ODD.iter().map(|&name| name.to_owned()).collect(),
            columns: Some(to),
        }),
    };
    let text = Job::new("x", vec![flow]).text().expect("a text");
    let job = parsed(&text);
    let Some(tenon_job::Step::Select(step)) = job.steps.values().next() else {
        panic!("{text}");
    };
    let columns: Vec<String> = step.select.iter().map(|item| odd::cast_column_of(item)).collect();
    assert_eq!(columns, ODD);
}

#[test]
fn tables_of_one_name_in_several_schemas_are_told_apart() {
    let table = |schema: &str, name: &str| Table {
        columns: vec![Column::new("id", DataType::Int32)],
        ..Table::new(TableName::new(Some(schema), name))
    };
    let tables = vec![table("sales", "orders"), table("hr", "Orders"), table("hr", "people")];
    let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
    let copy = Copy::new("c", warehouse(), CopyTarget::database(mysql()));
    let targets: Vec<String> = copy.targets(&names).iter().map(ToString::to_string).collect();
    assert_eq!(targets, ["sales_orders", "hr_Orders", "people"]);
    let job = parsed(
        &Copy::new("c", warehouse(), CopyTarget::folder("l"))
            .job(tables)
            .expect("a job")
            .text()
            .expect("a text"),
    );
    assert_eq!(
        job.sources.keys().collect::<Vec<_>>(),
        ["hr_Orders", "hr_people", "sales_orders"]
    );
}

#[test]
fn an_existing_table_of_a_copy_gets_its_own_types() {
    let existing = BTreeMap::from([(
        TableName::new(None, "orders"),
        vec![
            column("id", DataType::Int32, "int"),
            column("cost", DataType::Decimal128(10, 2), "decimal(10,2)"),
        ],
    )]);
    let mut copy = Copy::new("c", warehouse(), CopyTarget::database(mysql()));
    if let CopyTarget::Database { existing: there, .. } = &mut copy.target {
        *there = existing;
    }
    let text = copy.job(vec![orders()]).expect("a job").text().expect("a text");
    assert!(text.contains("\"cast(id as integer) as id\""), "{text}");
    assert!(text.contains("\"cast(cost as decimal(10, 2)) as cost\""), "{text}");
    assert!(text.contains("# '\"Amount\"',"), "{text}");
    assert!(
        !text.contains("keys = [\"id\"]\n") || text.contains("# bookmark_keys"),
        "{text}"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let url = |url: &str| Endpoint::new(Driver::Postgres, Reference::Url(url.to_owned()));
    let to = |at: Endpoint| {
        Copy::new("c", at, CopyTarget::folder("lake/"))
            .job(vec![orders()])
            .and_then(|job| job.text())
    };
    let error = to(url("postgres://etl:hunter2@h/db")).expect_err("a password");
    assert!(matches!(error, Error::Password) && !error.to_string().contains("hunter2"));
    assert!(to(url("postgres://etl:${secret:pw}@h/db")).is_ok_and(|text| text.contains("${secret:pw}")));

    let none =
        Copy::new("c", warehouse(), CopyTarget::folder("lake/")).job(vec![Table::new(TableName::new(None, "t"))]);
    assert!(matches!(none, Err(Error::NoTables)));
    let flow = |target| Flow {
        source: Source::Table {
            at: warehouse(),
            table: orders(),
        },
        target,
    };
    let files = |mode, partition_by: &[&str]| {
        Target::Files(TargetFiles {
            url: "lake/".to_owned(),
            format: Some(Format::Parquet),
            partition_by: partition_by.iter().map(|&column| column.to_owned()).collect(),
            mode,
        })
    };
    let text = |target| Job::new("j", vec![flow(target)]).text();
    assert!(matches!(text(files(Mode::Upsert, &[])), Err(Error::UpsertOfFiles)));
    assert!(matches!(
        text(files(Mode::Append, &["day"])),
        Err(Error::NoSuchColumn { .. })
    ));
    let table = |keys: &[&str], columns: Option<Vec<Column>>| {
        Target::Table(TargetTable {
            at: warehouse(),
            name: TableName::new(None, "t"),
            mode: Mode::Upsert,
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            columns,
        })
    };
    assert!(matches!(text(table(&["nope"], None)), Err(Error::NoSuchColumn { .. })));
    assert!(matches!(
        text(table(&[], Some(vec![Column::new("zzz", DataType::Int8)]))),
        Err(Error::NothingInCommon { .. })
    ));
    assert!(text(table(&[], None)).is_ok_and(|text| text.contains("keys = [\"id\"]")));

    let many = (0..1_001).map(|number| Table {
        columns: vec![Column::new("id", DataType::Int32)],
        ..Table::new(TableName::new(None, &format!("t{number}")))
    });
    let many = Copy::new("c", warehouse(), CopyTarget::folder("l"))
        .job(many.collect())
        .expect("a job");
    assert!(matches!(many.text(), Err(Error::TooManyTables { tables: 1_001, .. })));
}

#[test]
fn two_thousand_columns_are_one_job() {
    let wide = Table {
        columns: (0..2_000)
            .map(|number| Column::new(format!("Column {number}"), DataType::Int32))
            .collect(),
        ..Table::new(TableName::new(None, "wide"))
    };
    let text = Copy::new("c", warehouse(), CopyTarget::folder("l"))
        .job(vec![wide])
        .expect("a job")
        .text();
    let job = parsed(&text.expect("a text"));
    assert!(matches!(job.steps.values().next(), Some(tenon_job::Step::Select(step)) if step.select.len() == 2_000));
}
