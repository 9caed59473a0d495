use std::fmt::Write as _;

use super::*;

const MOST: usize = 1 << 20;

/// A program of which bytes 16 to 19 of the code are of line 42 of a file, bytes 20 and 21 of none, and 22 of line 50.
fn program(version: u8, tables: &[u8]) -> Vec<u8> {
    let mut header = vec![1];
    if version >= 4 {
        header.push(1);
    }
    // Whether it is a statement, the lowest step of lines, which is -5, and how many there are.
    header.extend([1, 0xfb, 14, 13]);
    header.extend([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
    header.extend(tables);
    let code = [
        // The address is 16, the line 42.
        &[0, 5, 2, 16, 0, 0, 0, 3, 41, 1][..],
        // 4 bytes on, the line is 0, whatever the column.
        &[5, 9, 3, 0x56, 2, 4, 1],
        // 2 bytes and 50 lines on; and the end, another byte on.
        &[3, 50, 2, 2, 1, 2, 1, 0, 1, 1],
    ]
    .concat();
    let mut program = vec![version, 0];
    if version >= 5 {
        program.extend([4, 0]);
    }
    program.extend((header.len() as u32).to_le_bytes());
    program.extend([header, code].concat());
    [(program.len() as u32).to_le_bytes().to_vec(), program].concat()
}

/// The tables of files as version 4 writes them, with `src/lib.rs` as the first file.
const TABLES: &[u8] = b"src\0\0lib.rs\0\x01\0\0\0";

/// Of version 5, with the folder of the compilation, and names in the other section.
fn tables_5() -> (Vec<u8>, &'static [u8]) {
    let strings = b"/home/u/shop\0src\0other.c\0plugin.c\0";
    let (folders, files) = (
        [1, 1, 0x1f, 2, 0, 0, 0, 0, 13, 0, 0, 0],
        [2, 1, 0x1f, 2, 0x0b, 2, 17, 0, 0, 0, 0, 25, 0, 0, 0, 1],
    );
    ([&folders[..], &files].concat(), strings)
}

fn bytes(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

fn module(lines: &[u8], strings: &[u8]) -> String {
    let (lines, strings) = (bytes(lines), bytes(strings));
    let nops = "(nop)".repeat(32);
    format!(
        r#"(core module (func {nops})
            (@custom ".debug_line" "{lines}") (@custom ".debug_line_str" "{strings}"))"#
    )
}

/// A component with one module that has these sections, and where its code begins.
fn component(lines: &[u8], strings: &[u8]) -> (Vec<u8>, usize) {
    let text = format!("(component (core module) {})", module(lines, strings));
    let component = wat::parse_str(text).unwrap();
    let code = Parser::new(0).parse_all(&component).find_map(|payload| match payload {
        Ok(Payload::CodeSectionStart { range, .. }) => Some(range.start),
        _ => None,
    });
    (component, code.unwrap())
}

fn shown(tables: &LineTables, offsets: &[usize]) -> Vec<Option<String>> {
    let places = tables.places(offsets);
    places.into_iter().map(|place| Some(place?.to_string())).collect()
}

#[test]
fn instructions_have_files_and_lines() {
    let (tables_5, strings) = tables_5();
    for (version, tables, strings, file) in [
        (2, TABLES, &b""[..], "src/lib.rs"),
        (4, TABLES, b"", "src/lib.rs"),
        (5, &tables_5, strings, "src/plugin.c"),
    ] {
        // Another program before it, of a version to come, is passed over.
        let lines = [program(6, b"?"), program(version, tables)].concat();
        let (component, code) = component(&lines, strings);
        let tables = LineTables::of(&component, MOST);
        let offsets = [15, 16, 19, 20, 22, 23, 10_000].map(|offset| code + offset);
        let [first, last] = [42, 50].map(|line| Some(format!("{file}:{line}")));
        assert_eq!(
            shown(&tables, &offsets),
            [None, first.clone(), first, None, last, None, None],
            "version {version}"
        );
        assert_eq!(shown(&tables, &[0, usize::MAX]), [None, None]);
    }
}

#[test]
fn what_a_linker_left_out_is_nowhere() {
    // As above, at the address 0.
    let mut lines = program(4, TABLES);
    let at = lines.windows(3).position(|bytes| bytes == [0, 5, 2]).unwrap() + 3;
    lines[at] = 0;
    let (component, code) = component(&lines, b"");
    assert_eq!(
        shown(&LineTables::of(&component, MOST), &[code + 1, code + 5]),
        [None, None]
    );
}

#[test]
fn a_core_module_is_looked_up_in_the_component_that_is_made_of_it() {
    let script = r#"(memory (export "memory") 1) (func (export "tenon:etl/job@0.1.0#run") (result i32) (i32.const 0))"#;
    let text = module(&program(4, TABLES), b"").replacen("(core module", "(module", 1);
    let text = format!("{} {script})", text.strip_suffix(')').unwrap());
    let module = wat::parse_str(text).unwrap();
    let component = componentize(&module).unwrap();
    let code = Parser::new(0).parse_all(&component).find_map(|payload| match payload {
        Ok(Payload::CodeSectionStart { range, .. }) => Some(range.start),
        _ => None,
    });
    let expected = [Some("src/lib.rs:42".to_owned())];
    assert_eq!(shown(&LineTables::of(&module, MOST), &[code.unwrap() + 16]), expected);
}

#[test]
fn tables_that_are_too_large_are_left_alone() {
    let lines = program(4, TABLES);
    let (component, code) = component(&lines, b"strings");
    let bytes = lines.len() + 7;
    assert!(LineTables::of(&component, bytes - 1).is_empty());
    assert_eq!(LineTables::of(&component, bytes - 1).places(&[code + 16]), [None]);
    assert!(!LineTables::of(&component, bytes).is_empty());
    assert!(LineTables::of(b"\0asm", MOST).is_empty());
}

/// No more work than there are bytes, and no panic: in a debug build, sums that overflow are panics.
#[test]
fn damaged_tables_are_harmless() {
    let (tables, strings) = tables_5();
    let offsets: Vec<usize> = (0..40).collect();
    let look_up = |lines: Vec<u8>| {
        let module = Module {
            code: 0..40,
            lines,
            strings: strings.to_vec(),
        };
        let tables = LineTables { modules: vec![module] };
        assert_eq!(tables.places(&offsets).len(), offsets.len());
    };
    for whole in [program(4, TABLES), program(5, &tables)] {
        for end in 0..whole.len() {
            look_up(whole[..end].to_vec());
        }
        for at in 0..whole.len() {
            for value in [0, 1, 2, 3, 0x0a, 0x7f, 0x80, 0xff] {
                let mut lines = whole.clone();
                lines[at] = value;
                look_up(lines);
            }
        }
    }
}

#[test]
fn tables_that_announce_more_than_they_have_are_not_believed() {
    const MANY: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let without_a_form = [&[0][..], &MANY, &[0], &MANY].concat();
    let without_a_byte = [&[1, 1, 8][..], &MANY].concat();
    // Each of many entries refers to the same text.
    let shared = [&[1, 1, 0x1f, 0xa0, 0x8d, 0x06][..], &vec![0; 400_000], &[1, 1, 8, 0]].concat();
    for tables in [without_a_form, without_a_byte, shared] {
        let (component, code) = component(&program(5, &tables), &vec![b'x'; 100_000]);
        let tables = LineTables::of(&component, MOST);
        assert_eq!(tables.places(&[code + 16]), [None]);
    }
}
