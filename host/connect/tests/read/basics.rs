//! Reading files through DataFusion.

use std::fs;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};
use tenon_connect::Error;
use tenon_connect::file::{self, Codec, Format, ReadConfig, ReadOptions};

fn flights() -> String {
    format!("{}/../../examples/flights/flights.csv.gz", env!("CARGO_MANIFEST_DIR"))
}

fn session(partitions: usize) -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(partitions))
}

async fn table(config: &ReadConfig, partitions: usize) -> String {
    let session = session(partitions);
    let source = file::open(config, &ReadOptions::default(), &session)
        .await
        .expect("opened");
    let batches = session
        .read_table(source.table())
        .expect("a table")
        .collect()
        .await
        .expect("read");
    pretty_format_batches(&batches).expect("printable").to_string()
}

async fn failure(config: &ReadConfig) -> String {
    let session = session(2);
    match file::open(config, &ReadOptions::default(), &session).await {
        Err(error) => error.to_string(),
        Ok(source) => {
            let error = session
                .read_table(source.table())
                .expect("a table")
                .collect()
                .await
                .expect_err("unreadable");
            error.find_root().to_string()
        }
    }
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    path.to_string_lossy().into_owned()
}

#[tokio::test]
async fn the_flights_are_read_with_their_types() {
    let mut config = ReadConfig::new(flights());
    config.csv.null = vec!["NA".to_owned()];
    let session = session(3);
    let source = file::open(&config, &ReadOptions::default(), &session)
        .await
        .expect("opened");
    assert_eq!(source.format(), Format::Csv);
    let types: Vec<_> = source
        .schema()
        .fields()
        .iter()
        .map(|f| (f.name().clone(), f.data_type().clone()))
        .collect();
    for (name, data_type) in &types {
        let expected = match name.as_str() {
            "carrier" | "tailnum" | "origin" | "dest" => DataType::Utf8,
            "time_hour" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            _ => DataType::Int64,
        };
        assert_eq!(*data_type, expected, "{name}");
    }
    assert_eq!(types.len(), 19);

    session.register_table("flights", source.table()).expect("registered");
    let sums = session
        .sql("select count(*), count(dep_time), sum(distance), count(distinct carrier), max(flight) from flights")
        .await
        .expect("planned")
        .collect()
        .await
        .expect("read");
    let figures: Vec<i64> = sums[0]
        .columns()
        .iter()
        .map(|column| column.as_primitive::<Int64Type>().value(0))
        .collect();
    assert_eq!(figures, [336_776, 328_521, 350_217_607, 16, 8_500]);
}

#[tokio::test]
async fn one_partition_keeps_the_order_of_the_file() {
    let mut config = ReadConfig::new(flights());
    config.csv.null = vec!["NA".to_owned()];
    let session = session(1);
    let source = file::open(&config, &ReadOptions::default(), &session)
        .await
        .expect("opened");
    let batches = session
        .read_table(source.table())
        .expect("a table")
        .collect()
        .await
        .expect("read");
    let months: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch.column(1).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    // The file begins with January and its last month is September.
    assert_eq!(
        (months.len(), months.first(), months.last()),
        (336_776, Some(&1), Some(&9))
    );
}

#[tokio::test]
async fn values_are_parsed_by_type() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "id,name,score,day,at,ok\n\
                1,\"a, \"\"b\"\"\",1.5,2013-01-31,2013-01-31T10:00:00Z,true\n\
                2,\"\",NA,NA,NA,NA\n\
                3,,-2,1999-12-31,2013-01-31T10:00:00+01:00,FALSE\n";
    let mut config = ReadConfig::new(write(folder.path(), "x.csv", text));
    config.csv.null = vec!["NA".to_owned()];
    let expected = "\
+----+--------+-------+------------+----------------------+-------+
| id | name   | score | day        | at                   | ok    |
+----+--------+-------+------------+----------------------+-------+
| 1  | a, \"b\" | 1.5   | 2013-01-31 | 2013-01-31T10:00:00Z | true  |
| 2  |        |       |            |                      |       |
| 3  |        | -2.0  | 1999-12-31 | 2013-01-31T09:00:00Z | false |
+----+--------+-------+------------+----------------------+-------+";
    assert_eq!(table(&config, 1).await, expected);

    let session = session(1);
    let source = file::open(&config, &ReadOptions::default(), &session)
        .await
        .expect("opened");
    let batches = session
        .read_table(source.table())
        .expect("a table")
        .collect()
        .await
        .expect("read");
    let names = batches[0].column(1);
    assert_eq!(
        (names.is_null(1), names.is_null(2)),
        (false, true),
        "a quoted empty text is a text"
    );
}

#[tokio::test]
async fn other_dialects() {
    let folder = tempfile::tempdir().expect("a folder");
    let expected = "\
+----------+----------+
| column_1 | column_2 |
+----------+----------+
| 1        | x        |
| 2        | y, z     |
+----------+----------+";
    let mut config = ReadConfig::new(write(folder.path(), "x.csv", "1;x\r\n2;'y, z'\r\n"));
    config.csv.delimiter = Some(';');
    config.csv.quote = '\'';
    config.csv.header = false;
    assert_eq!(table(&config, 2).await, expected);
    let mut config = ReadConfig::new(write(folder.path(), "x.tsv", "1\tx\n2\ty, z"));
    config.csv.header = false;
    assert_eq!(table(&config, 2).await, expected);
}

#[tokio::test]
async fn folders_patterns_and_hidden_files() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.csv", "id\n1\n");
    write(folder.path(), "b.csv", "id\n2\n");
    write(folder.path(), ".c.csv", "id\n3\n");
    write(folder.path(), "_d.csv", "id\n4\n");
    let expected = "+----+\n| id |\n+----+\n| 1  |\n| 2  |\n+----+";
    for url in [
        format!("{}/", folder.path().display()),
        format!("{}/*.csv", folder.path().display()),
    ] {
        assert_eq!(table(&ReadConfig::new(url), 1).await, expected);
    }
}

#[tokio::test]
async fn ndjson_and_parquet() {
    let folder = tempfile::tempdir().expect("a folder");
    let expected = "+----+------+\n| id | name |\n+----+------+\n| 1  |      |\n| 2  | x    |\n+----+------+";
    let ndjson = write(folder.path(), "x.ndjson", "{\"id\":1}\n{\"id\":2,\"name\":\"x\"}\n");
    assert_eq!(table(&ReadConfig::new(ndjson.clone()), 1).await, expected);

    let session = session(1);
    let source = file::open(&ReadConfig::new(ndjson), &ReadOptions::default(), &session)
        .await
        .expect("opened");
    let batches = session
        .read_table(source.table())
        .expect("a table")
        .collect()
        .await
        .expect("read");
    let parquet = folder.path().join("x.parquet");
    let file = fs::File::create(&parquet).expect("created");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, source.schema(), None).expect("a writer");
    for batch in &batches {
        writer.write(batch).expect("written");
    }
    writer.close().expect("closed");
    assert_eq!(table(&ReadConfig::new(parquet.to_string_lossy()), 1).await, expected);
}

#[tokio::test]
async fn names_may_have_any_characters() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd = folder.path().join("2013 [new] #1 100% *?");
    fs::create_dir(&odd).expect("created");
    let expected = "+----+\n| id |\n+----+\n| 1  |\n+----+";
    let csv = write(&odd, "a b%20c#[d].csv", "id\n1\n");
    let ndjson = write(&odd, "a b%20c#[d].ndjson", "{\"id\":1}\n");
    for name in [&csv, &ndjson] {
        assert_eq!(table(&ReadConfig::new(name.clone()), 1).await, expected, "{name}");
    }
    fs::remove_file(&ndjson).expect("removed");
    assert_eq!(table(&ReadConfig::new(odd.to_string_lossy()), 1).await, expected);
    let dotted = format!(
        "{}/../{}",
        odd.display(),
        csv.strip_prefix(&*folder.path().to_string_lossy()).expect("below")
    );
    assert_eq!(table(&ReadConfig::new(dotted), 1).await, expected);
}

#[tokio::test]
async fn compressed_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = write(folder.path(), "x.csv", "id\n1\n2\n");
    let expected = "+----+\n| id |\n+----+\n| 1  |\n| 2  |\n+----+";
    for (program, extension) in [("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")] {
        let compressed = std::process::Command::new(program).arg("-c").arg(&plain).output();
        let Ok(compressed) = compressed else {
            eprintln!("{program} is not on this machine; its files are not tried");
            continue;
        };
        assert!(compressed.status.success());
        let path = format!("{plain}.{extension}");
        fs::write(&path, compressed.stdout).expect("written");
        assert_eq!(table(&ReadConfig::new(path), 2).await, expected, "{program}");
    }
}

#[tokio::test]
async fn types_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = ReadConfig::new(write(folder.path(), "x.csv", "code,n\n1,1\nA,2\n"));
    config.infer_rows = 1;
    config.schema.insert("code".to_owned(), "text".parse().expect("a type"));
    assert!(table(&config, 1).await.contains("| A    | 2 |"));
    config.schema.insert("cod".to_owned(), "text".parse().expect("a type"));
    assert!(
        failure(&config)
            .await
            .ends_with("`schema` names the column `cod`; there are code, n")
    );
}

#[tokio::test]
async fn errors_name_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let many: String = (0..200_000)
        .flat_map(|row| [row.to_string(), ",x\n".to_owned()])
        .collect();
    let wrong_at_the_end = write(folder.path(), "late.csv", &format!("id,name\n{many}oops,x\n"));
    let error = failure(&ReadConfig::new(wrong_at_the_end.clone())).await;
    let expected = format!("{wrong_at_the_end}, line 200002: column `id` holds `oops`, but its type is bigint");
    assert!(error.contains(&expected), "{error}");

    let ragged = write(folder.path(), "ragged.csv", "a,b\n1,2\n3\n");
    let error = failure(&ReadConfig::new(ragged)).await;
    assert!(
        error.ends_with("ragged.csv, line 3: there are 1 values where 2 were expected"),
        "{error}"
    );

    let wide = write(folder.path(), "wide.csv", "a,b\n1,2\n3,4,5\n");
    let error = failure(&ReadConfig::new(wide)).await;
    assert!(
        error.ends_with("wide.csv, line 3: there are more than the 2 values expected"),
        "{error}"
    );

    let open_quote = write(folder.path(), "open.csv", "a,b\n1,2\n\"3,4\n");
    let error = failure(&ReadConfig::new(open_quote)).await;
    assert!(
        error.ends_with("open.csv, line 3: a quoted value is never closed"),
        "{error}"
    );

    let not_utf8 = folder.path().join("latin.csv");
    fs::write(&not_utf8, b"name\nM\xfcller\n").expect("written");
    let error = failure(&ReadConfig::new(not_utf8.to_string_lossy())).await;
    assert!(
        error.contains("latin.csv, line 2: column `name` holds `M\u{fffd}ller`, which is not UTF-8"),
        "{error}"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = session(1);
    let open = async |config: ReadConfig| {
        file::open(&config, &ReadOptions::default(), &session)
            .await
            .expect_err("not readable")
    };

    let missing = open(ReadConfig::new(folder.path().join("no.csv").to_string_lossy())).await;
    assert!(
        matches!(&missing, Error::NotFound { url } if url.ends_with("no.csv")),
        "{missing}"
    );
    let nothing = open(ReadConfig::new(format!("{}/*.csv", folder.path().display()))).await;
    assert!(matches!(nothing, Error::NoFiles { .. }), "{nothing}");
    let empty = open(ReadConfig::new(write(folder.path(), "empty.csv", ""))).await;
    assert!(matches!(empty, Error::Empty { .. }), "{empty}");
    let unknown = open(ReadConfig::new(write(folder.path(), "x.xlsx", "x"))).await;
    assert!(matches!(unknown, Error::UnknownFormat { .. }), "{unknown}");
    let remote = open(ReadConfig::new("ftp://bucket/x.csv")).await;
    assert!(matches!(remote, Error::Config { .. }), "{remote}");

    let mut lying = ReadConfig::new(write(folder.path(), "lying.csv.gz", "id\n1\n"));
    assert!(failure(&lying).await.contains("is damaged"));
    lying.compression = Some(Codec::None);
    assert!(table(&lying, 1).await.contains("| 1  |"));
}

#[test]
fn configurations_refuse_unknown_keys() {
    let wrong = serde_json::from_str::<ReadConfig>(r#"{"url": "x.csv", "csv": {"nul": ["NA"]}}"#).expect_err("refused");
    assert!(wrong.to_string().contains("unknown field `nul`"), "{wrong}");
    let right: ReadConfig = serde_json::from_str(r#"{"url": "x.csv", "csv": {"null": ["NA"]}}"#).expect("understood");
    assert_eq!(right.infer_rows, 10_000);
}
