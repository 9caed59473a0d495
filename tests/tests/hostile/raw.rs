//! Guests written by hand that break the canonical ABI, or use what WebAssembly offers and compilers don't.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use tenon_runtime::{Error, ErrorKind, Limits, Output, Run};
use tenon_tests::arena::{Arena, assert_says, assert_short, limits};
use tenon_tests::core_guest::CoreGuest;

fn no_columns() -> (SchemaRef, RecordBatch) {
    let schema = Arc::new(Schema::empty());
    let options = RecordBatchOptions::new().with_row_count(Some(3));
    (
        Arc::clone(&schema),
        RecordBatch::try_new_with_options(schema, vec![], &options).unwrap(),
    )
}

/// Loads a guest, calls it once, and checks that the host is well afterwards.
async fn call(guest: &CoreGuest<'_>, limits: Limits) -> Result<Output, Error> {
    let arena = Arena::new().await;
    let called = async {
        let plugin = arena.runtime.load_bytes("raw", guest.build()).await?;
        let run = Run::builder("evil", "raw").limits(limits).build();
        let (schema, batch) = no_columns();
        let mut sandbox = plugin.checkout(&run).await?;
        sandbox.open("f", "{}", &schema).await?;
        sandbox.process(batch).await
    };
    let called = called.await;
    if let Err(error) = &called {
        assert_short(error);
    }
    arena.assert_well().await;
    called
}

async fn fails(guest: CoreGuest<'_>) -> Error {
    call(&guest, limits()).await.expect_err("the call fails")
}

#[tokio::test]
async fn the_guest_as_it_is_works() {
    let output = call(&CoreGuest::default(), limits()).await.unwrap();
    assert!(output.batches.is_empty() && output.rejected.is_empty());
}

#[tokio::test]
async fn answers_outside_the_memory_trap() {
    for process in ["(i32.const -4)", "(i32.const 0x7ffffffc)", "(i32.const 131072)"] {
        let error = fails(CoreGuest {
            process,
            ..CoreGuest::default()
        })
        .await;
        assert_says(&error, ErrorKind::BadConfig, &["trapped", "out of bounds"]);
    }
    let error = fails(CoreGuest {
        process: "(i32.const 449)",
        ..CoreGuest::default()
    })
    .await;
    assert_says(&error, ErrorKind::BadConfig, &["trapped", "aligned"]);
}

#[tokio::test]
async fn discriminants_that_are_none_trap() {
    // Neither ok nor error; then an error of no kind.
    for store in [
        "(i32.store8 (i32.const 1024) (i32.const 77))",
        "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store8 (i32.const 1028) (i32.const 77))",
    ] {
        let process = format!("{store} (i32.const 1024)");
        let error = fails(CoreGuest {
            process: &process,
            ..CoreGuest::default()
        })
        .await;
        assert_says(&error, ErrorKind::BadConfig, &["trapped"]);
    }
}

/// An `ok` of batches and rejections: discriminant, then two lists.
fn answer(batches: (u32, u32), rejected: (u32, u32)) -> String {
    let [(b, bn), (r, rn)] = [batches, rejected];
    format!(
        "(i32.store (i32.const 1024) (i32.const 0))
         (i32.store (i32.const 1028) (i32.const {b})) (i32.store (i32.const 1032) (i32.const {bn}))
         (i32.store (i32.const 1036) (i32.const {r})) (i32.store (i32.const 1040) (i32.const {rn}))
         (i32.const 1024)"
    )
}

#[tokio::test]
async fn lists_that_reach_past_the_memory_trap() {
    for process in [
        answer((0, 0), (0, u32::MAX)),
        answer((0, u32::MAX), (0, 0)),
        answer((0, 0), (0xffff_fff0, 12)),
    ] {
        let error = fails(CoreGuest {
            process: &process,
            ..CoreGuest::default()
        })
        .await;
        assert_says(&error, ErrorKind::BadConfig, &["trapped"]);
    }
}

#[tokio::test]
async fn handles_that_are_none_trap() {
    // Address 448 holds zeros; the batch's own handle is another.
    let process = answer((448, 2), (0, 0));
    let error = fails(CoreGuest {
        process: &process,
        ..CoreGuest::default()
    })
    .await;
    assert_says(&error, ErrorKind::BadConfig, &["unknown handle index"]);
}

/// Many rejections whose reasons are all the same memory: small for the guest, huge for a host that copies them.
#[tokio::test]
async fn reasons_that_share_their_memory_are_counted_each() {
    // 4,096 rejections from address 2048, each with the 65,536 bytes from address 0 (zeros are text too).
    let fill = "(local $at i32) (local.set $at (i32.const 2048))
        (loop $next
          (i32.store offset=0 (local.get $at) (i32.const 0))
          (i32.store offset=4 (local.get $at) (i32.const 65536))
          (i32.store offset=8 (local.get $at) (i32.const 65536))
          (local.set $at (i32.add (local.get $at) (i32.const 12)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 51200))))";
    let process = format!("{fill} {}", answer((0, 0), (2048, 4096)));
    let error = fails(CoreGuest {
        process: &process,
        ..CoreGuest::default()
    })
    .await;
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("call_bytes"),
        "{error}"
    );
}

/// The host asks the guest for memory to put arguments in.
#[tokio::test]
async fn memory_for_arguments_that_is_none_traps() {
    for (realloc, word) in [
        ("(i32.const -16)", "end of memory"),
        ("(i32.const 3)", "aligned"),
        ("(unreachable)", "unreachable"),
    ] {
        let error = fails(CoreGuest {
            realloc,
            ..CoreGuest::default()
        })
        .await;
        assert_says(&error, ErrorKind::BadConfig, &["trapped", word]);
    }
    let error = fails(CoreGuest {
        realloc: "(loop $l (br $l)) (i32.const 0)",
        ..CoreGuest::default()
    })
    .await;
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("cpu_per_call_ms"),
        "{error}"
    );
}

#[tokio::test]
async fn endless_recursion_meets_the_end_of_the_stack() {
    let declarations = "(func $deeper (result i32) (i32.add (call $deeper) (i32.const 1)))";
    let error = fails(CoreGuest {
        declarations,
        process: "(call $deeper)",
        ..CoreGuest::default()
    })
    .await;
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((reached.limit, reached.figure.as_str()), ("stack", "1 MiB"));
}

/// The host's own functions need stack below the guest's: however deep a guest calls them from, there is enough.
#[tokio::test]
async fn host_functions_have_stack_enough_wherever_they_are_called() {
    // Compiles an expression of 110 calls from a depth that is added up from ever smaller steps, so that the last depth
    // that works is close to the end of the stack.
    let expression = format!("{}1{} as x", "abs(".repeat(110), ")".repeat(110));
    let length = expression.len();
    let declarations = format!(
        r#"(data (i32.const 1024) "{expression}")
        (func $at (param $depth i32) (result i32)
          (if (result i32) (i32.eqz (local.get $depth))
            (then
              (i32.store (i32.const 8192) (i32.const 1024)) (i32.store (i32.const 8196) (i32.const {length}))
              (call $compile (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 1) (i32.const 8200))
              (i32.load8_u (i32.const 8200)))
            (else (i32.add (call $at (i32.sub (local.get $depth) (i32.const 1))) (i32.const 0)))))"#
    );
    let import_declarations = r#"(import "tenon:etl/batches@0.1.0" "[static]program.compile"
        (func $compile (param i32 i32 i32 i32 i32)))"#;
    let (mut deepest, mut step) = (0, 32_768);
    while step > 0 {
        // Traps if the expression was refused.
        let process = format!(
            "(if (call $at (i32.const {})) (then (unreachable))) (i32.const 448)",
            deepest + step
        );
        let guest = CoreGuest {
            declarations: &declarations,
            import_declarations,
            process: &process,
            ..CoreGuest::default()
        };
        match call(&guest, limits()).await {
            Ok(_) => deepest += step,
            Err(error) => {
                assert_eq!(error.limit().map(|reached| reached.limit), Some("stack"), "{error}");
                step /= 2;
            }
        }
    }
    assert!(deepest > 1_000, "{deepest}");
}

/// Cleaning up after a call is the guest's code too.
#[tokio::test]
async fn cleaning_up_ends_at_its_cpu_time() {
    let declarations = r#"(func (export "cabi_post_tenon:etl/transform@0.1.0#process") (param i32) (loop $l (br $l)))"#;
    let error = fails(CoreGuest {
        declarations,
        ..CoreGuest::default()
    })
    .await;
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("cpu_per_call_ms"),
        "{error}"
    );
}

#[tokio::test]
async fn tables_end_at_their_limit() {
    let grow = "(loop $more (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) (unreachable)";
    let guest = CoreGuest {
        declarations: "(table $t 0 funcref)",
        process: grow,
        ..CoreGuest::default()
    };
    let error = fails(guest).await;
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!(
        (reached.limit, reached.figure.as_str()),
        ("table_elements", "10000 elements")
    );
}

/// The limit is on the sum: no memory is too large by itself.
#[tokio::test]
async fn memories_together_end_at_one_limit() {
    let declarations = "(memory $two 0) (memory $three 0)";
    let grow = "(loop $more
          (drop (memory.grow $two (i32.const 16)))
          (br_if $more (i32.ne (memory.grow $three (i32.const 16)) (i32.const -1))))
        (unreachable)";
    let guest = CoreGuest {
        declarations,
        process: grow,
        ..CoreGuest::default()
    };
    let error = fails(guest).await;
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((reached.limit, reached.figure.as_str()), ("memory", "32 MiB"));
}

#[tokio::test]
async fn more_memories_and_tables_than_there_are_slots_are_refused() {
    for (what, declaration) in [("memories", "(memory 0)"), ("tables", "(table 0 funcref)")] {
        let declarations = declaration.repeat(40);
        let error = fails(CoreGuest {
            declarations: &declarations,
            ..CoreGuest::default()
        })
        .await;
        assert_says(&error, ErrorKind::BadConfig, &["`raw`", what]);
    }
}

/// A sandbox that is larger than the run allows is refused before it does anything.
#[tokio::test]
async fn a_guest_that_starts_large_is_refused() {
    let guest = CoreGuest {
        declarations: "(memory 800)",
        ..CoreGuest::default()
    };
    let error = call(&guest, limits()).await.unwrap_err();
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((reached.limit, reached.figure.as_str()), ("memory", "32 MiB"));
    let guest = CoreGuest {
        declarations: "(memory 8000)",
        ..CoreGuest::default()
    };
    let error = call(
        &guest,
        Limits {
            memory: 1 << 30,
            ..limits()
        },
    )
    .await
    .unwrap_err();
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((reached.limit, reached.figure.as_str()), ("memory", "256 MiB"));
}
