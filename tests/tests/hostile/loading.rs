//! Plugin files that are hostile before they run.

use std::io::Write;
use std::time::{Duration, Instant};

use tenon_runtime::{Error, ErrorKind, PluginConfig, RuntimeConfig};
use tenon_tests::arena::{Arena, assert_says, assert_short, config};
use tenon_tests::core_guest::CoreGuest;

/// Little time to start, so that tests don't take long.
fn impatient() -> RuntimeConfig {
    RuntimeConfig {
        plugins: PluginConfig {
            start_ms: 300,
            ..PluginConfig::default()
        },
        ..config()
    }
}

/// Refuses to load, and leaves the host well.
pub(crate) async fn refused(arena: &Arena, bytes: Vec<u8>) -> Error {
    let started = Instant::now();
    let error = arena.runtime.load_bytes("bad", bytes).await.expect_err("it is refused");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "it took {:?}",
        started.elapsed()
    );
    assert_short(&error);
    assert!(error.to_string().contains("`bad`"), "{error}");
    arena.assert_well().await;
    error
}

pub(crate) fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn imports_that_nobody_serves_are_named() {
    let arena = Arena::new().await;
    let imports = [
        "evil:thing/door@1.0.0",
        "tenon:etl/pipeline@0.1.0",
        "wasi:nn/tensor@0.2.0",
        "wasi:clocks/wall-clock@0.3.0",
        "wasi:keyvalue/store@0.2.0",
    ];
    for import in imports {
        let error = refused(
            &arena,
            component(&format!(r#"(component (import "{import}" (instance)))"#)),
        )
        .await;
        assert_says(&error, ErrorKind::BadConfig, &[import, "does not have"]);
    }
    let function = component(r#"(component (import "exec" (func (param "command" string))))"#);
    assert_says(&refused(&arena, function).await, ErrorKind::BadConfig, &["`exec`"]);
}

#[tokio::test]
async fn an_import_of_a_function_that_is_not_there_is_refused() {
    let arena = Arena::new().await;
    let text = r#"(component
        (import "tenon:etl/host@0.1.0" (instance (export "open-door" (func))))
        (instance $nothing) (export "tenon:etl/transform@0.1.0" (instance $nothing)))"#;
    assert_says(
        &refused(&arena, component(text)).await,
        ErrorKind::BadConfig,
        &["open-door"],
    );
}

#[tokio::test]
async fn another_version_is_refused_naming_both() {
    let arena = Arena::new().await;
    for (clause, version) in [("import", "0.2.0"), ("import", "1.0.0"), ("export", "0.9.0")] {
        let text = match clause {
            "import" => format!(r#"(component (import "tenon:etl/batches@{version}" (instance)))"#),
            _ => format!(r#"(component (instance $i) (export "tenon:etl/transform@{version}" (instance $i)))"#),
        };
        let error = refused(&arena, component(&text)).await;
        assert!(matches!(error, Error::Version { .. }), "{error}");
        assert_says(&error, ErrorKind::BadConfig, &[version, "0.1.0"]);
    }
}

#[tokio::test]
async fn exports_of_the_wrong_shape_are_refused() {
    let arena = Arena::new().await;
    assert_says(
        &refused(&arena, component("(component)")).await,
        ErrorKind::BadConfig,
        &["exports none"],
    );
    let empty = r#"(component (instance $i) (export "tenon:etl/transform@0.1.0" (instance $i)))"#;
    assert_says(
        &refused(&arena, component(empty)).await,
        ErrorKind::BadConfig,
        &["linked", "describe"],
    );
    let other = r#"(component
        (core module $m (func (export "f") (param i32)))
        (core instance $i (instantiate $m))
        (func $f (param "x" u32) (canon lift (core func $i "f")))
        (instance $e (export "describe" (func $f)))
        (export "tenon:etl/transform@0.1.0" (instance $e)))"#;
    assert_says(
        &refused(&arena, component(other)).await,
        ErrorKind::BadConfig,
        &["linked"],
    );
}

#[tokio::test]
async fn start_functions_end_at_their_cpu_time() {
    let arena = Arena::with(impatient()).await;
    let endless = CoreGuest {
        declarations: "(func $s (loop $l (br $l))) (start $s)",
        ..CoreGuest::default()
    };
    let error = refused(&arena, endless.build()).await;
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_says(&error, ErrorKind::Limit, &["`plugins.start_ms` of 300ms"]);
    let endless = CoreGuest {
        describe: "(loop $l (br $l)) (i32.const 0)",
        ..CoreGuest::default()
    };
    assert_says(
        &refused(&arena, endless.build()).await,
        ErrorKind::Limit,
        &["`plugins.start_ms` of 300ms"],
    );
}

#[tokio::test]
async fn start_functions_that_trap_or_recurse_are_refused() {
    let arena = Arena::new().await;
    for (body, words) in [
        ("(unreachable)", "unreachable"),
        ("(call $s)", "stack"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "divide by zero"),
        ("(drop (i32.load (i32.const -1)))", "out of bounds"),
    ] {
        let declarations = format!("(func $s {body}) (start $s)");
        let guest = CoreGuest {
            declarations: &declarations,
            ..CoreGuest::default()
        };
        let error = refused(&arena, guest.build()).await;
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Waiting costs no CPU time, but a plugin that waits for ever must not keep its loader waiting.
#[tokio::test]
async fn describing_does_not_wait_for_ever() {
    let arena = Arena::with(impatient()).await;
    let guest = CoreGuest {
        packages: &[super::wasi::IO, super::wasi::CLOCKS],
        imports: "import wasi:io/poll@0.2.0; import wasi:clocks/monotonic-clock@0.2.0;",
        import_declarations: r#"
            (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $wait (param i64) (result i32)))
            (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))"#,
        describe: "(call $block (call $wait (i64.const 3600000000000))) (i32.const 256)",
        ..CoreGuest::default()
    };
    assert_says(
        &refused(&arena, guest.build()).await,
        ErrorKind::Limit,
        &["`plugins.start_ms` of 300ms"],
    );
}

#[tokio::test]
async fn descriptions_are_bounded() {
    let arena = Arena::new().await;
    // A list at address 1024 says where the functions are.
    let list = |count: u32, at: u32| {
        format!(
            "(i32.store (i32.const 1024) (i32.const {at})) (i32.store (i32.const 1028) (i32.const {count})) (i32.const 1024)"
        )
    };
    let describe = list(2_000, 2048);
    let many = CoreGuest {
        describe: &describe,
        ..CoreGuest::default()
    };
    assert_says(
        &refused(&arena, many.build()).await,
        ErrorKind::BadConfig,
        &["2000 functions", "1000"],
    );
    let describe = list(1, 2048);
    let nameless = CoreGuest {
        describe: &describe,
        ..CoreGuest::default()
    };
    assert_says(
        &refused(&arena, nameless.build()).await,
        ErrorKind::BadConfig,
        &["names have 1 to 128"],
    );
    // Reads 5,000 columns: option, address and number are at 28, 32 and 36 of the function at 272.
    let describe = "(i32.store8 (i32.const 300) (i32.const 1)) (i32.store (i32.const 304) (i32.const 2048))
        (i32.store (i32.const 308) (i32.const 5000)) (i32.const 256)";
    let greedy = CoreGuest {
        describe,
        ..CoreGuest::default()
    };
    assert_says(
        &refused(&arena, greedy.build()).await,
        ErrorKind::BadConfig,
        &["`f`", "reads"],
    );
}

/// Sparse on disk, so that the test is quick; the host must not even read it.
#[tokio::test]
async fn a_file_of_200_mb_is_refused_unread() {
    let arena = Arena::new().await;
    let mut file = tempfile::Builder::new()
        .prefix("large")
        .suffix(".wasm")
        .tempfile()
        .unwrap();
    file.write_all(b"\0asm\x0d\0\x01\0").unwrap();
    file.as_file().set_len(200_000_000).unwrap();
    let started = Instant::now();
    let error = arena.runtime.load(file.path()).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_says(
        &error,
        ErrorKind::BadConfig,
        &["190.7 MiB", "`plugins.max_bytes` of 64 MiB"],
    );
    arena.assert_well().await;
}

/// Large, but allowed: padding is neither compiled nor kept.
#[tokio::test]
async fn padding_does_no_harm() {
    let arena = Arena::new().await;
    let mut module = CoreGuest::default().build();
    module.push(0);
    let size: u32 = 20_000_000;
    let mut rest = size;
    while rest >= 0x80 {
        module.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    module.push(rest as u8);
    module.extend(std::iter::once(0).chain(std::iter::repeat_n(0xab, size as usize - 1)));
    arena.runtime.load_bytes("padded", module).await.unwrap();
    arena.assert_well().await;
}

#[tokio::test]
async fn what_is_no_plugin_is_refused() {
    let arena = Arena::new().await;
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x0d\0\x01\0",
        b"\0asm\x01\0\0\0",
        b"PK\x03\x04",
        b"\x7fELF",
        &vec![0; 1_000_000],
    ] {
        refused(&arena, bytes.to_vec()).await;
    }
    let error = arena.runtime.load("no/such/file.wasm").await.unwrap_err();
    assert!(error.to_string().contains("no/such/file.wasm"), "{error}");
}
