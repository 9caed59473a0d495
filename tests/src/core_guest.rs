//! Guests written by hand in WebAssembly's text format: what no compiler would make of an honest program.
#![allow(clippy::missing_panics_doc, reason = "panicking is how a test fails")]

use std::path::Path;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A core module that exports `tenon:etl/transform`, in parts that a test may replace. As it is, it describes one
/// function `f`, which takes a batch without columns and answers with none.
///
/// The function bodies are in the text format. Below address 1024 are the module's own data, from there to 65536 is
/// room for the test.
pub struct CoreGuest<'a> {
    /// Packages that it imports from, in WIT.
    pub packages: &'a [&'a str],
    /// Items of its world, in WIT.
    pub imports: &'a str,
    /// Import declarations of the module.
    pub import_declarations: &'a str,
    /// Anything else: memories, tables, data, a start function, exports.
    pub declarations: &'a str,
    /// `describe`; answers with an address.
    pub describe: &'a str,
    /// `open`, with the parameters 0 to 5; answers with an address.
    pub open: &'a str,
    /// `process`, with the batch's handle as `$batch`; answers with an address.
    pub process: &'a str,
    /// `cabi_realloc`, with `$size` as a parameter; answers with an address.
    pub realloc: &'a str,
}

/// Address of what `describe` answers with: one function.
const DESCRIBED: &str = "(i32.const 256)";
/// Address of 64 zeros, which stand for a good but empty answer.
const EMPTY: &str = "(i32.const 448)";
/// Memory that is only ever taken.
const BUMP: &str = "
    (local $address i32)
    (local.set $address (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
    (global.set $heap (i32.add (local.get $address) (local.get $size)))
    (block $done
      (loop $more
        (br_if $done (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        (unreachable)))
    (local.get $address)";

impl Default for CoreGuest<'_> {
    fn default() -> Self {
        CoreGuest {
            packages: &[],
            imports: "",
            import_declarations: "",
            declarations: "",
            describe: DESCRIBED,
            open: EMPTY,
            process: EMPTY,
            realloc: BUMP,
        }
    }
}

impl CoreGuest<'_> {
    /// The module, with the section that says which contract it keeps.
    pub fn build(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).unwrap_or_else(|error| panic!("{error}\n{}", self.text()));
        let mut resolve = Resolve::default();
        for package in self.packages {
            resolve.push_str("package.wit", package).expect("the package is valid");
        }
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        resolve.push_dir(contract).expect("the contract is valid");
        let world = format!(
            "package tenon:evil; world guest {{ include tenon:etl/transformer@0.1.0; {} }}",
            self.imports
        );
        let package = resolve.push_str("world.wit", &world).expect("the world is valid");
        let world = resolve
            .select_world(&[package], Some("guest"))
            .expect("the world is there");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the section is written");
        module
    }

    fn text(&self) -> String {
        let CoreGuest {
            import_declarations,
            declarations,
            describe,
            open,
            process,
            realloc,
            ..
        } = self;
        format!(
            r#"(module
  {import_declarations}
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  ;; A list of one function, the function, its name and its schema.
  (data (i32.const 256) "\10\01\00\00\01\00\00\00")
  (data (i32.const 272) "\00\02\00\00\01\00\00\00")
  (data (i32.const 292) "\04\02\00\00\02\00\00\00")
  (data (i32.const 512) "f")
  (data (i32.const 516) "{{}}")
  (func (export "tenon:etl/transform@0.1.0#describe") (result i32) {describe})
  (func (export "tenon:etl/transform@0.1.0#open") (param i32 i32 i32 i32 i32 i32) (result i32) {open})
  (func (export "tenon:etl/transform@0.1.0#process") (param $batch i32) (result i32) {process})
  (func (export "tenon:etl/transform@0.1.0#finish") (result i32) {EMPTY})
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32) {realloc})
  {declarations}
)"#
        )
    }
}
