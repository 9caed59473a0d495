//! Line tables, which a plugin brings along and which a trap of it is looked up in.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use tenon_runtime::{Error, ErrorKind, Run};
use tenon_tests::arena::{Arena, assert_says, assert_short, limits};
use tenon_tests::core_guest::CoreGuest;

/// What `categorise` does before it traps, as text, and how that ends as bytes. Something it must do: a function that does
/// nothing else than trap traps as it is entered.
const MARK: (&str, &[u8]) = (
    "(i64.store (i32.const 1032) (i64.const 0x5eed))",
    &[0x42, 0xed, 0xbd, 0x01, 0x37, 0x03, 0x00],
);

/// A guest that traps in `categorise`, which `process` calls, with this section `.debug_line`.
fn guest(lines: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for byte in lines {
        let _ = write!(text, "\\{byte:02x}");
    }
    let declarations = format!(
        r#"(func $categorise {} (unreachable)) (func $process (call $categorise)) (@custom ".debug_line" "{text}")"#,
        MARK.0
    );
    CoreGuest {
        process: "(call $process) (i32.const 448)",
        declarations: &declarations,
        ..CoreGuest::default()
    }
    .build()
}

/// A table of one file, in which the byte N of the code is of line N.
fn every_byte_is_a_line(file: &str) -> Vec<u8> {
    const BYTE_AND_LINE: u8 = 0x21;
    let header = [
        &[1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0][..],
        file.as_bytes(),
        &[0, 0, 0, 0, 0],
    ]
    .concat();
    let code = [&[0, 5, 2, 1, 0, 0, 0, 1][..], &[BYTE_AND_LINE; 4_000], &[0, 1, 1]].concat();
    let program = [&[4, 0][..], &(header.len() as u32).to_le_bytes(), &header, &code].concat();
    [&(program.len() as u32).to_le_bytes()[..], &program].concat()
}

/// The byte of a module's code at which `categorise` traps.
fn trapping_byte(module: &[u8]) -> usize {
    const CODE: u8 = 10;
    let mut at = 8;
    loop {
        let (id, mut size, mut shift) = (module[at], 0, 0);
        at += 1;
        loop {
            let byte = module[at];
            at += 1;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        if id == CODE {
            let code = &module[at..at + size];
            let mark = code.windows(MARK.1.len()).position(|bytes| bytes == MARK.1);
            return mark.unwrap() + MARK.1.len();
        }
        at += size;
    }
}

async fn trap_of(module: Vec<u8>) -> Error {
    let arena = Arena::new().await;
    let plugin = arena.runtime.load_bytes("lines", module).await.unwrap();
    let run = Run::builder("evil", "lines").limits(limits()).build();
    let schema = Arc::new(Schema::empty());
    let options = RecordBatchOptions::new().with_row_count(Some(3));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), vec![], &options).unwrap();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    sandbox.open("f", "{}", &schema).await.unwrap();
    let error = sandbox.process(batch).await.expect_err("the call traps");
    assert_short(&error);
    drop(sandbox);
    arena.assert_well().await;
    error
}

#[tokio::test]
async fn a_trap_says_where_in_its_sources_it_was() {
    let module = guest(&every_byte_is_a_line("lib.rs"));
    let frames = format!("in categorise (lib.rs:{}) < process (lib.rs:", trapping_byte(&module));
    // The second time, its code is in the cache.
    for _ in 0..2 {
        let error = trap_of(module.clone()).await;
        assert_says(&error, ErrorKind::BadConfig, &["trapped", "unreachable", &frames]);
    }
}

#[tokio::test]
async fn tables_that_make_no_sense_leave_the_names() {
    let table = every_byte_is_a_line("lib.rs");
    let garbage: Vec<u8> = (0..4_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let huge = table.repeat(5_000_000 / table.len());
    for lines in [&[][..], &table[..table.len() / 100], &garbage, &huge] {
        let error = trap_of(guest(lines)).await;
        assert_says(&error, ErrorKind::BadConfig, &["trapped", "in categorise < process"]);
    }
}

#[tokio::test]
async fn names_of_files_are_a_guests_words() {
    let long = "x".repeat(900);
    for file in ["\u{1b}[31m\nnothing failed", long.as_str()] {
        let message = trap_of(guest(&every_byte_is_a_line(file))).await.to_string();
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(
            message.contains("in categorise (") && message.len() < 2_000,
            "{message}"
        );
    }
}
