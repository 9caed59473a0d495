//! Avro, Arrow and ORC files of many blocks, batches and stripes, which partitions share.

use std::ops::Range;
use std::sync::Arc;

use crate::support::{failure, open, rejected, rows, session, write};
use arrow::array::{ArrayRef, AsArray, Int64Array, NullArray, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::ipc::{CompressionType, root_as_message};
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroOcfFormat;
use futures::TryStreamExt;
use tenon_connect::file::ReadConfig;

/// Rows of a block, batch or stripe: more than of a batch that is read, and no multiple of it.
const BLOCK_ROWS: i64 = 10_000;

/// Blocks that make a file large enough for four partitions.
const BLOCKS: i64 = 30;

const MARKER_BYTES: usize = 16;

/// Batches with numbers in order, and text that does not compress well.
fn batches(blocks: i64) -> Vec<RecordBatch> {
    let batch = |block: i64| {
        let numbers = block * BLOCK_ROWS..(block + 1) * BLOCK_ROWS;
        let text = |n: i64| format!("{:016x}", (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.clone()));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(numbers.map(text)));
        RecordBatch::try_from_iter([("id", ids), ("text", texts)]).expect("a batch")
    };
    (0..blocks).map(batch).collect()
}

fn avro(batches: &[RecordBatch], sample: &RecordBatch, codec: Option<CompressionCodec>) -> Vec<u8> {
    let writer = WriterBuilder::new(sample.schema().as_ref().clone()).with_compression(codec);
    let mut writer = writer.build::<_, AvroOcfFormat>(Vec::new()).expect("a writer");
    for batch in batches {
        writer.write(batch).expect("written");
    }
    writer.finish().expect("closed");
    writer.into_inner()
}

fn arrow_file(batches: &[RecordBatch], sample: &RecordBatch) -> Vec<u8> {
    arrow_file_as(batches, sample, IpcWriteOptions::default())
}

fn arrow_file_as(batches: &[RecordBatch], sample: &RecordBatch, options: IpcWriteOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let writer = FileWriter::try_new_with_options(&mut bytes, &sample.schema(), options);
    let mut writer = writer.expect("a writer");
    for batch in batches {
        writer.write(batch).expect("written");
    }
    writer.finish().expect("closed");
    drop(writer);
    bytes
}

fn arrow_stream(batches: &[RecordBatch], sample: &RecordBatch) -> Vec<u8> {
    arrow_stream_as(batches, sample, IpcWriteOptions::default())
}

fn arrow_stream_as(batches: &[RecordBatch], sample: &RecordBatch, options: IpcWriteOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let writer = StreamWriter::try_new_with_options(&mut bytes, &sample.schema(), options);
    let mut writer = writer.expect("a writer");
    for batch in batches {
        writer.write(batch).expect("written");
    }
    writer.finish().expect("closed");
    drop(writer);
    bytes
}

fn orc(batches: &[RecordBatch], sample: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let writer = orc_rust::ArrowWriterBuilder::new(&mut bytes, sample.schema());
    let mut writer = writer.try_build().expect("a writer");
    for batch in batches {
        writer.write(batch).expect("written");
        writer.flush_stripe().expect("written");
    }
    writer.close().expect("closed");
    bytes
}

/// A file of each format with these batches, whose columns are those of the sample.
fn files(batches: &[RecordBatch], sample: &RecordBatch) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("x.avro", avro(batches, sample, None)),
        ("x.arrow", arrow_file(batches, sample)),
        ("x.arrows", arrow_stream(batches, sample)),
        ("x.orc", orc(batches, sample)),
    ]
}

/// A file of each format with this many blocks.
pub fn of_blocks(blocks: i64) -> Vec<(&'static str, Vec<u8>)> {
    let batches = batches(blocks);
    files(&batches, &batches[0])
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_is_shared_by_partitions() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in of_blocks(BLOCKS) {
        let source = open(&ReadConfig::new(write(folder.path(), name, bytes))).await;
        let table = session(4).read_table(source.table()).expect("a table");
        let mut partitions = table.execute_stream_partitioned().await.expect("planned");
        assert_eq!(partitions.len(), 4, "{name}");
        let mut seen = Vec::new();
        let mut firsts = Vec::new();
        // Asked in turn, each partition finds something to do.
        for partition in &mut partitions {
            let batch = partition.try_next().await.expect("readable");
            let ids = ids(&batch.unwrap_or_else(|| panic!("a partition of {name} is left without rows")));
            firsts.push(ids[0]);
            seen.extend(ids);
        }
        if ["x.avro", "x.arrow"].contains(&name) {
            // Each takes a part of the file and not the next rows of one.
            assert!(firsts.iter().all(|id| id % BLOCK_ROWS == 0), "{name}: {firsts:?}");
        }
        for partition in partitions {
            let batches: Vec<RecordBatch> = partition.try_collect().await.expect("readable");
            seen.extend(batches.iter().flat_map(ids));
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..BLOCKS * BLOCK_ROWS), "{name}");
    }
}

#[tokio::test]
async fn one_partition_keeps_the_order_of_blocks() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in of_blocks(BLOCKS) {
        let source = open(&ReadConfig::new(write(folder.path(), name, bytes))).await;
        let table = session(1).read_table(source.table()).expect("a table");
        let read = table.collect().await.expect("readable");
        assert!(read.iter().flat_map(ids).eq(0..BLOCKS * BLOCK_ROWS), "{name}");
    }
}

#[tokio::test]
async fn blocks_of_every_compression() {
    let folder = tempfile::tempdir().expect("a folder");
    // Blocks of less than a batch, which are put together, and one of more, which is taken apart.
    let whole = &batches(1)[0];
    let mut batches: Vec<RecordBatch> = (0..100).map(|block| whole.slice(block * 50, 50)).collect();
    batches.push(whole.slice(5_000, 0));
    batches.push(whole.clone());
    for codec in [
        None,
        Some(CompressionCodec::Deflate),
        Some(CompressionCodec::Snappy),
        Some(CompressionCodec::ZStandard),
        Some(CompressionCodec::Bzip2),
        Some(CompressionCodec::Xz),
    ] {
        let url = write(folder.path(), "x.avro", avro(&batches, whole, codec));
        let source = open(&ReadConfig::new(url)).await;
        let table = session(1).read_table(source.table()).expect("a table");
        let read = table.collect().await.expect("readable");
        let expected = (0..5_000).chain(0..BLOCK_ROWS);
        assert!(read.iter().flat_map(ids).eq(expected), "{codec:?}");
        let sizes: Vec<usize> = read.iter().map(RecordBatch::num_rows).collect();
        assert!(sizes.len() < 10 && sizes.iter().all(|rows| *rows <= 8192), "{sizes:?}");
    }
}

#[tokio::test]
async fn files_of_no_rows_and_of_one_block() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = &batches(1)[0];
    for (name, bytes) in files(&[], sample) {
        let config = ReadConfig::new(write(folder.path(), name, bytes));
        assert_eq!(
            rows(&config, "select count(*), count(id) from t").await,
            "0 0",
            "{name}"
        );
    }
    for (name, bytes) in of_blocks(1) {
        let config = ReadConfig::new(write(folder.path(), name, bytes));
        let read = rows(&config, "select count(*), sum(id), max(text) from t").await;
        assert!(read.starts_with("10000 49995000 "), "{name}: {read}");
    }
    for name in ["x.avro", "x.arrow", "x.orc"] {
        let error = failure(&ReadConfig::new(write(folder.path(), name, ""))).await;
        assert!(error.contains(&format!("{name} is damaged ")), "{error}");
    }
}

#[tokio::test]
async fn rejected_rows_have_their_numbers_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let batch = |block: i64| {
        let text = |n: i64| if n == 12_345 { "x".to_owned() } else { n.to_string() };
        let values = StringArray::from_iter_values((block * 5_000..(block + 1) * 5_000).map(text));
        RecordBatch::try_from_iter([("n", Arc::new(values) as ArrayRef)]).expect("a batch")
    };
    let batches: Vec<RecordBatch> = (0..4).map(batch).collect();
    for (name, bytes) in files(&batches, &batches[0]) {
        let mut config = ReadConfig::new(write(folder.path(), name, bytes));
        config.schema.insert("n".to_owned(), "bigint".parse().expect("a type"));
        let (read, rejects) = rejected(config, "select count(n), sum(n) from t").await;
        let sum: i64 = (0..20_000).filter(|n| *n != 12_345).sum();
        assert_eq!(read, format!("19999 {sum}"), "{name}");
        assert_eq!(rejects.len(), 1, "{rejects:?}");
        assert!(rejects[0].starts_with(&format!("{name}:12346: ")), "{rejects:?}");
    }
}

/// Where something is, in the second half of a file.
fn position(bytes: &[u8], length: usize, is_it: impl Fn(&[u8]) -> bool) -> usize {
    let half = bytes.len() / 2;
    let found = bytes[half..].windows(length).position(is_it);
    half + found.expect("it is there")
}

async fn damage(name: &str, bytes: Vec<u8>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let error = failure(&ReadConfig::new(write(folder.path(), name, bytes))).await;
    assert!(error.contains(&format!("{name} is damaged ")), "{error}");
    error
}

#[tokio::test]
async fn damage_in_the_middle_is_no_end() {
    for (name, whole) in of_blocks(4) {
        let error = damage(name, whole[..whole.len() / 2].to_vec()).await;
        if ["x.avro", "x.arrows"].contains(&name) {
            assert!(
                error.contains("behind row ") && error.contains("ends too early"),
                "{error}"
            );
        }
        if name != "x.avro" {
            let mut bytes = whole;
            let text = position(&bytes, 32, |bytes| bytes.iter().all(u8::is_ascii_hexdigit));
            bytes[text + 16] = 0xff;
            damage(name, bytes).await;
        }
    }
}

#[tokio::test]
async fn damaged_blocks_of_avro() {
    let batches = batches(4);
    let whole = avro(&batches, &batches[0], None);
    let marker = whole[whole.len() - MARKER_BYTES..].to_vec();
    let block = position(&whole, MARKER_BYTES, |bytes| bytes == marker);

    let mut bytes = whole.clone();
    bytes[block] ^= 1;
    let error = damage("x.avro", bytes).await;
    assert!(
        error.contains("behind row 20000") && error.contains("marker"),
        "{error}"
    );

    // A row less than there are, and one more.
    for change in [-2_i16, 2] {
        let mut bytes = whole.clone();
        let rows = &mut bytes[block + MARKER_BYTES];
        *rows = u8::try_from(i16::from(*rows) + change).expect("a byte");
        damage("x.avro", bytes).await;
    }

    // A text that is said to be a byte shorter than it is.
    let mut bytes = whole;
    let text = position(&bytes, 17, |bytes| {
        bytes[0] == 32 && bytes[1..].iter().all(u8::is_ascii_hexdigit)
    });
    bytes[text] -= 2;
    damage("x.avro", bytes).await;
}

#[tokio::test]
async fn damaged_messages_of_arrow() {
    let batches = batches(4);
    let mut bytes = arrow_file(&batches, &batches[0]);
    let message = position(&bytes, 4, |bytes| bytes == [0xff; 4]);
    bytes[message + 8..message + 40].fill(0xff);
    let error = damage("x.arrow", bytes).await;
    assert!(error.contains("behind row "), "{error}");
}

/// Where in an Arrow file or stream its first batch is described; its content follows.
fn first_batch(bytes: &[u8]) -> Range<usize> {
    let behind = |marker: usize| {
        let length = bytes[marker + 4..].first_chunk().expect("a length");
        marker + 8..marker + 8 + i32::from_le_bytes(*length) as usize
    };
    let schema = bytes.windows(4).position(|bytes| bytes == [0xff; 4]);
    // A schema has no content.
    behind(behind(schema.expect("a message")).end)
}

#[tokio::test]
async fn no_room_is_made_for_more_than_a_stream_has() {
    let batches = batches(2);
    let mut bytes = arrow_stream(&batches, &batches[0]);
    let described = first_batch(&bytes);
    let message = root_as_message(&bytes[described.clone()]).expect("a message");
    let length = message.bodyLength().to_le_bytes();
    let at = bytes[described.clone()].windows(8).position(|bytes| bytes == length);
    let at = described.start + at.expect("its length");
    bytes[at..at + 8].copy_from_slice(&(1_i64 << 50).to_le_bytes());
    let error = damage("x.arrows", bytes.clone()).await;
    assert!(error.contains("ends too early"), "{error}");

    // What describes it is longer than the stream.
    let at = described.start - 4;
    bytes[at..at + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    let error = damage("x.arrows", bytes).await;
    assert!(error.contains("ends too early"), "{error}");
}

#[tokio::test]
async fn no_room_is_made_for_more_than_compressed_bytes_can_hold() {
    let batches = batches(2);
    let sample = &batches[0];
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let options = IpcWriteOptions::default().try_with_compression(Some(compression));
        let options = options.expect("a compression");
        for (name, mut bytes) in [
            ("x.arrow", arrow_file_as(&batches, sample, options.clone())),
            ("x.arrows", arrow_stream_as(&batches, sample, options.clone())),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let config = ReadConfig::new(write(folder.path(), name, &bytes));
            assert_eq!(rows(&config, "select sum(id) from t").await, "199990000", "{name}");

            let described = first_batch(&bytes);
            let message = root_as_message(&bytes[described.clone()]).expect("a message");
            let batch = message.header_as_record_batch().expect("a batch");
            let buffer = batch
                .buffers()
                .expect("buffers")
                .iter()
                .find(|buffer| buffer.length() > 8);
            let at = described.end + buffer.expect("one with bytes").offset() as usize;
            bytes[at..at + 8].copy_from_slice(&(1_i64 << 50).to_le_bytes());
            let error = damage(name, bytes).await;
            assert!(
                error.contains("which they cannot be"),
                "{name}, {compression:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn rows_that_take_no_bytes_are_read_in_pieces() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = |rows: usize| {
        let nothing: ArrayRef = Arc::new(NullArray::new(rows));
        let batch = RecordBatch::try_from_iter_with_nullable([("nothing", nothing, true)]);
        let batches = [batch.expect("a batch")];
        [
            ("x.arrow", arrow_file(&batches, &batches[0])),
            ("x.arrows", arrow_stream(&batches, &batches[0])),
        ]
    };
    for (name, bytes) in nothing(3_000_000) {
        let config = ReadConfig::new(write(folder.path(), name, bytes));
        let counts = rows(&config, "select count(*), count(nothing) from t").await;
        assert_eq!(counts, "3000000 0", "{name}");
    }
    // More than there is memory.
    for (name, bytes) in nothing(1 << 45) {
        let config = ReadConfig::new(write(folder.path(), name, bytes));
        let counts = rows(
            &config,
            "select count(*), count(nothing) from (select nothing from t limit 10)",
        )
        .await;
        assert_eq!(counts, "10 0", "{name}");
    }
}
