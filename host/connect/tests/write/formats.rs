//! What the files hold.

use std::fs;
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::SessionContext;
use parquet::basic::Compression;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tenon_connect::Error;
use tenon_connect::file::{
    self, ArrowWrite, Codec, Dictionary, Format, Mode, ParquetCompression, ReadConfig, Sink, WriteConfig,
};

use crate::support::{batch, begin, begin_with, names, part, rows, url, write};

#[tokio::test]
async fn text() {
    let parent = tempfile::tempdir().expect("a folder");
    for (name, expected) in [
        ("x.csv", "id,name\n0,\n1,\"n,1\"\n"),
        ("x.tsv", "id\tname\n0\t\n1\tn,1\n"),
        ("x.ndjson", "{\"id\":0}\n{\"id\":1,\"name\":\"n,1\"}\n"),
        ("x.json", "[{\"id\":0},{\"id\":1,\"name\":\"n,1\"}]"),
    ] {
        let config = WriteConfig::new(url(parent.path(), name));
        write(&config, "run", &[(0, 2)]).await;
        let text = fs::read_to_string(parent.path().join(name)).expect("readable");
        assert_eq!(text, expected, "{name}");
    }
    let config = WriteConfig::new(url(parent.path(), "empty.json"));
    write(&config, "run", &[]).await;
    assert_eq!(
        fs::read_to_string(parent.path().join("empty.json")).expect("readable"),
        "[]"
    );
}

#[tokio::test]
async fn compressed_text_can_be_read_again() {
    let parent = tempfile::tempdir().expect("a folder");
    for name in [
        "x.csv.gz",
        "x.csv.zst",
        "x.tsv.bz2",
        "x.ndjson.xz",
        "x.ndjson.gz",
        "x.csv",
    ] {
        let config = WriteConfig::new(url(parent.path(), name));
        let sink = begin(&config, "run").await;
        let mut writer = sink.writer(0, 1);
        for start in 0..5 {
            writer
                .write(&batch(start * 1000..(start + 1) * 1000))
                .await
                .expect("written");
        }
        let part = writer.finish().await.expect("finished");
        let committed = sink.commit(vec![part]).await.expect("committed");
        assert_eq!(rows(&config.url).await, 5000, "{name}");
        assert!(
            name.ends_with("csv") || committed.bytes < 40_000,
            "{name} has {} bytes",
            committed.bytes
        );
    }
    let mut config = WriteConfig::new(url(parent.path(), "folder"));
    (config.format, config.compression) = (Some(Format::Csv), Some(Codec::Gzip));
    write(&config, "run", &[(0, 2), (2, 4)]).await;
    let expected = ["part-00000-run.csv.gz", "part-00001-run.csv.gz"];
    assert_eq!(names(&parent.path().join("folder")), expected);
    assert_eq!(rows(&config.url).await, 4);
}

#[tokio::test]
async fn parquet_settings() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "x.parquet"));
    config.mode = Mode::Overwrite;
    config.parquet.row_group_rows = 400;
    let expectations = [
        (ParquetCompression::Zstd, Some(9), "ZSTD"),
        (ParquetCompression::Snappy, None, "SNAPPY"),
        (ParquetCompression::Gzip, Some(2), "GZIP"),
        (ParquetCompression::Lz4, None, "LZ4_RAW"),
        (ParquetCompression::None, None, "UNCOMPRESSED"),
    ];
    for (compression, level, name) in expectations {
        (config.parquet.compression, config.parquet.level) = (compression, level);
        write(&config, "run", &[(0, 1000)]).await;
        assert_eq!(rows(&config.url).await, 1000, "{compression:?}");
        let file = fs::File::open(&config.url).expect("there");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        assert_eq!(reader.metadata().num_row_groups(), 3);
        let codec: Compression = reader.metadata().row_group(0).column(0).compression();
        assert!(format!("{codec:?}").starts_with(name), "{codec:?}");
    }
    for (dictionary, expected) in [
        (Dictionary::Always, true),
        (Dictionary::Never, false),
        (Dictionary::Auto, false),
    ] {
        config.parquet.dictionary = dictionary;
        write(&config, "run", &[(0, 300)]).await;
        let file = fs::File::open(&config.url).expect("there");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        let ids = reader.metadata().row_group(0).column(0).dictionary_page_offset();
        assert_eq!(ids.is_some(), expected, "{dictionary:?}");
    }
    (config.parquet.compression, config.parquet.level) = (ParquetCompression::Zstd, Some(23));
    let error = Sink::begin(&config, batch(0..1).schema(), "run")
        .await
        .expect_err("refused");
    assert!(
        error.to_string().contains("`parquet.level` must be from 1 to 22"),
        "{error}"
    );
}

#[tokio::test]
async fn avro_and_arrow() {
    let parent = tempfile::tempdir().expect("a folder");
    let read = |name: &str| fs::File::open(parent.path().join(name)).expect("there");
    for codec in [Codec::None, Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz] {
        let mut config = WriteConfig::new(url(parent.path(), "x.avro"));
        (config.mode, config.compression) = (Mode::Overwrite, Some(codec));
        write(&config, "run", &[(0, 1000)]).await;
        let file = std::io::BufReader::new(read("x.avro"));
        let reader = arrow_avro::reader::ReaderBuilder::new().build(file).expect("Avro");
        let count: usize = reader.map(|batch| batch.expect("rows").num_rows()).sum();
        assert_eq!(count, 1000, "{codec:?}");
    }
    for codec in [Codec::None, Codec::Zstd] {
        let mut config = WriteConfig::new(url(parent.path(), "x.arrow"));
        (config.mode, config.compression) = (Mode::Overwrite, Some(codec));
        write(&config, "run", &[(0, 1000)]).await;
        let reader = arrow::ipc::reader::FileReader::try_new(read("x.arrow"), None).expect("Arrow");
        let count: usize = reader.map(|batch| batch.expect("rows").num_rows()).sum();
        assert_eq!(count, 1000, "{codec:?}");
    }
    for (name, stream) in [("x.arrows", None), ("y.arrow", Some(true))] {
        let mut config = WriteConfig::new(url(parent.path(), name));
        config.arrow = ArrowWrite { stream };
        write(&config, "run", &[(0, 1000)]).await;
        let reader = arrow::ipc::reader::StreamReader::try_new(read(name), None).expect("a stream");
        let count: usize = reader.map(|batch| batch.expect("rows").num_rows()).sum();
        assert_eq!(count, 1000, "{name}");
    }
}

#[tokio::test]
async fn no_rows_still_tell_the_columns() {
    let parent = tempfile::tempdir().expect("a folder");
    let session = SessionContext::new();
    for name in ["out/", "empty.parquet", "empty.csv", "empty.csv.gz"] {
        let config = WriteConfig::new(url(parent.path(), name));
        let sink = begin(&config, "run").await;
        let part = sink.writer(0, 1).finish().await.expect("finished");
        let committed = sink.commit(vec![part]).await.expect("committed");
        assert_eq!((committed.rows, committed.files.len()), (0, 1), "{name}");
        let source = file::open(&ReadConfig::new(config.url), &file::ReadOptions::default(), &session)
            .await
            .expect("opened");
        let schema = source.schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(columns, ["id", "name"], "{name}");
    }
}

#[tokio::test]
async fn columns_that_a_format_cannot_hold_are_named_before_anything_is_written() {
    let parent = tempfile::tempdir().expect("a folder");
    let item = || Arc::new(Field::new("item", DataType::Int32, true));
    let cases = [
        ("x.csv", DataType::List(item()), "array_to_string(\"odd\", ';')"),
        ("x.csv", DataType::Struct(vec![item()].into()), "\"odd\"['item']"),
        (
            "x.parquet",
            DataType::Struct(Vec::<Field>::new().into()),
            "leave it out",
        ),
    ];
    for (name, data_type, help) in cases {
        let schema = Schema::new(vec![
            Field::new("fine", DataType::Int64, false),
            Field::new("odd", data_type.clone(), true),
        ]);
        let config = WriteConfig::new(url(parent.path(), name));
        let error = Sink::begin(&config, Arc::new(schema), "run")
            .await
            .expect_err("refused");
        assert!(
            matches!(&error, Error::Unsupported { column, .. } if column == "odd"),
            "{error}"
        );
        let text = error.to_string();
        assert!(text.contains(help) && text.contains(&data_type.to_string()), "{text}");
    }
    assert_eq!(names(parent.path()), [""; 0]);
}

/// Whatever the check lets through can be written.
#[tokio::test]
async fn every_type_is_refused_at_the_beginning_or_written() {
    let parent = tempfile::tempdir().expect("a folder");
    let item = || Arc::new(Field::new("item", DataType::Int32, true));
    let types = [
        DataType::UInt8,
        DataType::UInt64,
        DataType::Float16,
        DataType::Binary,
        DataType::FixedSizeBinary(3),
        DataType::Utf8View,
        DataType::Date64,
        DataType::Time32(arrow::datatypes::TimeUnit::Second),
        DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, Some("UTC".into())),
        DataType::Duration(arrow::datatypes::TimeUnit::Second),
        DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano),
        DataType::Decimal128(20, 3),
        DataType::Decimal256(60, 3),
        DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
        DataType::List(item()),
        DataType::Struct(vec![item()].into()),
        DataType::Null,
    ];
    let mut refused = 0;
    for data_type in types {
        for extension in ["csv", "ndjson", "json", "parquet", "avro", "arrow"] {
            let schema = Arc::new(Schema::new(vec![Field::new("x", data_type.clone(), true)]));
            let rows = RecordBatch::try_new(Arc::clone(&schema), vec![new_null_array(&data_type, 3)]).expect("rows");
            let mut config = WriteConfig::new(url(parent.path(), &format!("x.{extension}")));
            config.mode = Mode::Overwrite;
            match Sink::begin(&config, schema, "run").await {
                Err(Error::Unsupported { .. }) => refused += 1,
                Err(error) => panic!("{data_type} as {extension}: {error}"),
                Ok(begun) => {
                    drop(begun);
                    let sink = begin_with(&config, &rows, "run").await;
                    let part = part(&sink, 0, &rows).await;
                    sink.commit(vec![part]).await.expect("committed");
                }
            }
        }
    }
    assert!(refused < 20, "{refused} were refused");
}

#[tokio::test]
async fn files_are_rolled_at_their_target_size() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut config = WriteConfig::new(url(parent.path(), "out/"));
    (config.format, config.target_file_size) = (Some(Format::Csv), 100_000);
    let sink = begin(&config, "run").await;
    let mut writer = sink.writer(0, 1);
    for start in 0..30 {
        writer
            .write(&batch(start * 1000..(start + 1) * 1000))
            .await
            .expect("written");
    }
    let part = writer.finish().await.expect("finished");
    let committed = sink.commit(vec![part]).await.expect("committed");
    let files = names(&parent.path().join("out"));
    assert_eq!(files[..2], ["part-00000-run.csv", "part-00000_001-run.csv"]);
    assert_eq!(committed.files.len(), files.len());
    for file in &files[..files.len() - 1] {
        let size = fs::metadata(parent.path().join("out").join(file)).expect("there").len();
        assert!((100_000..130_000).contains(&size), "{file} has {size} bytes");
    }
    assert_eq!(rows(&config.url).await, 30_000);

    // A single file is whole, however large.
    let mut config = WriteConfig::new(url(parent.path(), "x.csv"));
    config.target_file_size = 10;
    write(&config, "run", &[(0, 100)]).await;
    assert_eq!(rows(&config.url).await, 100);
}
