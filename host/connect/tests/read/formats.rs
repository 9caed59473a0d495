//! Every format, with every compression it may have.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::support::{failure, open, query, rows, write};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::json::{ArrayWriter, LineDelimitedWriter};
use bytes::Bytes;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use futures::{StreamExt, TryStreamExt};
use tenon_connect::file::{Codec, Encoding, Format, ReadConfig};

const CODECS: [(&str, FileCompressionType); 5] = [
    ("", FileCompressionType::UNCOMPRESSED),
    (".gz", FileCompressionType::GZIP),
    (".zst", FileCompressionType::ZSTD),
    (".bz2", FileCompressionType::BZIP2),
    (".xz", FileCompressionType::XZ),
];

fn batch() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
    let names: ArrayRef = Arc::new(StringArray::from_iter(
        (0..50_000).map(|n| (n % 7 != 0).then(|| format!("n{n}, \"q\""))),
    ));
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(
        (0..50_000).map(|n| n * 1_000_000),
    ));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("name", names, true), ("at", times, true)])
        .expect("a batch")
}

const SUMS: &str = "select count(*), count(name), sum(id), max(name), min(at) from t";
const EXPECTED: &str = "50000 42857 1249975000 n9999, \"q\" 1970-01-01T00:00:00";

async fn compressed(text: Vec<u8>, codec: FileCompressionType) -> Vec<u8> {
    let text = futures::stream::once(async { Ok(Bytes::from(text)) }).boxed();
    let stream = codec.convert_to_compress_stream(text).expect("a compressor");
    let parts: Vec<Bytes> = stream.try_collect().await.expect("compressed");
    parts.concat()
}

fn texts(batch: &RecordBatch) -> Vec<(&'static str, Vec<u8>)> {
    let mut csv = Vec::new();
    arrow::csv::Writer::new(&mut csv).write(batch).expect("written");
    let mut tsv = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_delimiter(b'\t').build(&mut tsv);
    writer.write(batch).expect("written");
    drop(writer);
    let mut ndjson = LineDelimitedWriter::new(Vec::new());
    ndjson.write(batch).expect("written");
    ndjson.finish().expect("written");
    let mut json = ArrayWriter::new(Vec::new());
    json.write(batch).expect("written");
    json.finish().expect("written");
    vec![
        ("csv", csv),
        ("tsv", tsv),
        ("ndjson", ndjson.into_inner()),
        ("json", json.into_inner()),
    ]
}

#[tokio::test]
async fn text_with_every_compression() {
    let folder = tempfile::tempdir().expect("a folder");
    for (format, text) in texts(&batch()) {
        for (extension, codec) in CODECS {
            let bytes = compressed(text.clone(), codec).await;
            let url = write(folder.path(), &format!("x.{format}{extension}"), &bytes);
            let mut config = ReadConfig::new(url);
            config
                .schema
                .insert("at".to_owned(), "timestamp".parse().expect("a type"));
            assert_eq!(rows(&config, SUMS).await, EXPECTED, "{format}{extension}");

            // The same under a name that says nothing about the compression.
            config.url = write(folder.path(), &format!("plain{extension}.{format}"), &bytes);
            assert_eq!(rows(&config, SUMS).await, EXPECTED, "{format} in disguise");
        }
    }
}

#[tokio::test]
async fn gzip_of_several_members() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = compressed(b"id\n1\n".to_vec(), FileCompressionType::GZIP).await;
    bytes.extend(compressed(b"2\n3\n".to_vec(), FileCompressionType::GZIP).await);
    let config = ReadConfig::new(write(folder.path(), "x.csv.gz", bytes));
    assert_eq!(rows(&config, "select sum(id) from t").await, "6");
}

fn containers(folder: &Path, batch: &RecordBatch) -> Vec<(Format, String)> {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let create = |name: &str| File::create(folder.join(name)).expect("created");
    let schema = batch.schema();

    let mut parquet =
        parquet::arrow::ArrowWriter::try_new(create("x.parquet"), batch.schema(), None).expect("a writer");
    parquet.write(batch).expect("written");
    parquet.close().expect("closed");
    let mut avro = arrow_avro::writer::AvroWriter::new(create("x.avro"), schema.as_ref().clone()).expect("a writer");
    avro.write(batch).expect("written");
    avro.finish().expect("closed");
    let mut file = arrow::ipc::writer::FileWriter::try_new(create("x.arrow"), &schema).expect("a writer");
    file.write(batch).expect("written");
    file.finish().expect("closed");
    let mut stream = arrow::ipc::writer::StreamWriter::try_new(create("x.arrows"), &schema).expect("a writer");
    stream.write(batch).expect("written");
    stream.finish().expect("closed");
    vec![
        (Format::Parquet, path("x.parquet")),
        (Format::Avro, path("x.avro")),
        (Format::Arrow, path("x.arrow")),
        (Format::Arrow, path("x.arrows")),
    ]
}

#[tokio::test]
async fn files_that_declare_their_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    for (format, url) in containers(folder.path(), &batch()) {
        let config = ReadConfig::new(url.clone());
        let source = open(&config).await;
        assert_eq!(source.format(), format);
        assert_eq!(rows(&config, SUMS).await, EXPECTED, "{url}");
        assert_eq!(rows(&config, "select count(*) from t").await, "50000", "{url}");
        assert_eq!(
            rows(&config, "select name, id from t where id = 9").await,
            "n9, \"q\" 9",
            "{url}"
        );
        assert_eq!(open(&config).await.schema_report().columns[0].sql_type, "bigint");

        // Under a name that says nothing.
        let nameless = folder.path().join("nameless");
        std::fs::copy(&url, &nameless).expect("copied");
        let config = ReadConfig::new(nameless.to_string_lossy());
        assert_eq!(rows(&config, SUMS).await, EXPECTED, "{url}");

        let mut config = ReadConfig::new(url.clone());
        config.schema.insert("id".to_owned(), "double".parse().expect("a type"));
        config.schema.insert("at".to_owned(), "text".parse().expect("a type"));
        let cast = rows(&config, "select id, at from t where id = 3").await;
        assert_eq!(cast, "3.0 1970-01-01T00:00:03", "{url}");
    }
}

#[tokio::test]
async fn orc() {
    let folder = tempfile::tempdir().expect("a folder");
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..50_000).map(|n| format!("n{n}"))));
    let batch = RecordBatch::try_from_iter([("id", ids), ("name", names)]).expect("a batch");
    let path = folder.path().join("x.orc");
    let writer = orc_rust::ArrowWriterBuilder::new(File::create(&path).expect("created"), batch.schema());
    let mut writer = writer.try_build().expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let config = ReadConfig::new(path.to_string_lossy());
    assert_eq!(open(&config).await.format(), Format::Orc);
    let sums = rows(&config, "select count(*), sum(id), max(name) from t").await;
    assert_eq!(sums, "50000 1249975000 n9999");
    assert_eq!(rows(&config, "select name from t where id = 9").await, "n9");
    assert_eq!(rows(&config, "select count(*) from t").await, "50000");
}

#[tokio::test]
async fn objects_across_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = ReadConfig::new(write(
        folder.path(),
        "x.json",
        "[\n {\"id\": 1,\n  \"tags\": [\"a\", \"]\"]},\n {\"id\": 2.5, \"by\": {\"name\": \"x\"}}\n]\n",
    ));
    let expected = "\
+-----+--------+-----------+
| id  | tags   | by        |
+-----+--------+-----------+
| 1.0 | [a, ]] |           |
| 2.5 |        | {name: x} |
+-----+--------+-----------+";
    assert_eq!(query(&config, "select * from t").await, expected);
    let config = ReadConfig::new(write(folder.path(), "y.json", "{\"id\":1}{\"id\":2}\n{\"id\":3}"));
    assert_eq!(rows(&config, "select sum(id) from t").await, "6");
    assert_eq!(rows(&config, "select count(*) from t").await, "3");
}

#[tokio::test]
async fn encodings_escapes_comments_and_skipped_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "exported by hand\n# comment, \"\nname,n\n# another\n\"Müller \\\"x\\\"\",1\nÅ,2\n";
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).expect("Latin-1"))
        .collect();
    let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
    let cases = [
        (Encoding::Utf8, text.as_bytes().to_vec()),
        (Encoding::Utf8, marked),
        (Encoding::Utf8, utf16.clone()),
        (Encoding::Utf16Le, utf16),
        (Encoding::Windows1252, latin),
    ];
    for (encoding, bytes) in cases {
        let mut config = ReadConfig::new(write(folder.path(), "x.csv", bytes));
        config.encoding = encoding;
        config.csv.escape = Some('\\');
        config.csv.comment = Some('#');
        config.csv.skip_rows = 1;
        let read = rows(&config, "select * from t order by n").await;
        assert_eq!(read, "Müller \"x\" 1 / Å 2", "{encoding:?}");
    }
}

#[tokio::test]
async fn compression_can_be_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = ReadConfig::new(write(folder.path(), "x.csv", "id\n1\n"));
    config.compression = Some(Codec::Gzip);
    let error = failure(&config).await;
    assert!(error.contains("x.csv is damaged behind line 0"), "{error}");
}
