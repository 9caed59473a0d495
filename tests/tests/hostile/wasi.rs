//! Guests that try what WASI offers: it is all there, and all denied.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use tenon_runtime::{Clock, Error, Limits, Output, Run, RunBuilder};
use tenon_tests::arena::{Arena, assert_short, counted, limits};
use tenon_tests::core_guest::CoreGuest;

/// What the tests need of `wasi:io`.
pub(crate) const IO: &str = "
package wasi:io@0.2.0;
interface poll {
  resource pollable { ready: func() -> bool; block: func(); }
  poll: func(in: list<borrow<pollable>>) -> list<u32>;
}
interface error { resource error; }
interface streams {
  use error.{error};
  variant stream-error { last-operation-failed(error), closed }
  resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
}";

/// What the tests need of `wasi:clocks`.
pub(crate) const CLOCKS: &str = "
package wasi:clocks@0.2.0;
interface monotonic-clock {
  use wasi:io/poll@0.2.0.{pollable};
  now: func() -> u64;
  subscribe-duration: func(when: u64) -> pollable;
}
interface wall-clock {
  record datetime { seconds: u64, nanoseconds: u32 }
  now: func() -> datetime;
}";

const CLI: &str = "
package wasi:cli@0.2.0;
interface environment {
  get-environment: func() -> list<tuple<string, string>>;
  get-arguments: func() -> list<string>;
  initial-cwd: func() -> option<string>;
}
interface exit { exit: func(status: result); }
interface stdout {
  use wasi:io/streams@0.2.0.{output-stream};
  get-stdout: func() -> output-stream;
}";

const FILESYSTEM: &str = "
package wasi:filesystem@0.2.0;
interface types { resource descriptor; }
interface preopens {
  use types.{descriptor};
  get-directories: func() -> list<tuple<descriptor, string>>;
}";

const RANDOM: &str = "
package wasi:random@0.2.0;
interface random { get-random-bytes: func(len: u64) -> list<u8>; }
interface insecure { get-insecure-random-bytes: func(len: u64) -> list<u8>; }";

const SOCKETS: &str = "
package wasi:sockets@0.2.0;
interface network {
  resource network;
  enum error-code {
    unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
    not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
    remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
    name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
  }
  enum ip-address-family { ipv4, ipv6 }
  type ipv4-address = tuple<u8, u8, u8, u8>;
  type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
  record ipv4-socket-address { port: u16, address: ipv4-address }
  record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
  variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
}
interface instance-network {
  use network.{network};
  instance-network: func() -> network;
}
interface tcp {
  use network.{network, error-code, ip-socket-address};
  resource tcp-socket {
    start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
  }
}
interface tcp-create-socket {
  use network.{error-code, ip-address-family};
  use tcp.{tcp-socket};
  create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
}
interface ip-name-lookup {
  use network.{network, error-code};
  resource resolve-address-stream;
  resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
}";

/// How a guest says a number: as a metric `n`, whose name is at address 600.
pub(crate) const COUNT: &str = r#"(import "tenon:etl/host@0.1.0" "count" (func $count (param i32 i32 f64)))"#;
pub(crate) const NAME: &str = r#"(data (i32.const 600) "n")"#;

/// Loads a guest, calls it once as part of a run, and checks that the host is well afterwards.
pub(crate) async fn call(guest: &CoreGuest<'_>, run: RunBuilder) -> (Result<Output, Error>, Arc<Run>) {
    let arena = Arena::new().await;
    let run = run.build();
    let plugin = arena.runtime.load_bytes("wasi", guest.build()).await.unwrap();
    let schema = Arc::new(Schema::empty());
    let options = RecordBatchOptions::new().with_row_count(Some(3));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), vec![], &options).unwrap();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    sandbox.open("f", "{}", &schema).await.unwrap();
    let called = sandbox.process(batch).await;
    drop(sandbox);
    if let Err(error) = &called {
        assert_short(error);
    }
    arena.assert_well().await;
    (called, run)
}

fn run() -> RunBuilder {
    Run::builder("evil", "wasi").limits(limits())
}

/// Calls a function that answers with a list at address 1024, and says how long the list is.
async fn length_of(packages: &[&str], imports: &str, module: &str, function: &str) -> u64 {
    let import_declarations = format!(r#"{COUNT} (import "{module}" "{function}" (func $get (param i32)))"#);
    let guest = CoreGuest {
        packages,
        imports,
        import_declarations: &import_declarations,
        declarations: NAME,
        process: "(call $get (i32.const 1024))
            (call $count (i32.const 600) (i32.const 1) (f64.add (f64.const 1) (f64.convert_i32_u (i32.load (i32.const 1028)))))
            (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, run) = call(&guest, run()).await;
    called.unwrap();
    counted(&run, "n") - 1
}

#[tokio::test]
async fn there_is_no_environment_and_there_are_no_files() {
    let module = "wasi:cli/environment@0.2.0";
    let imports = "import wasi:cli/environment@0.2.0;";
    assert_eq!(length_of(&[IO, CLI], imports, module, "get-environment").await, 0);
    assert_eq!(length_of(&[IO, CLI], imports, module, "get-arguments").await, 0);
    let imports = "import wasi:filesystem/preopens@0.2.0;";
    let module = "wasi:filesystem/preopens@0.2.0";
    assert_eq!(length_of(&[FILESYSTEM], imports, module, "get-directories").await, 0);
}

#[tokio::test]
async fn sockets_and_names_are_denied() {
    let guest = CoreGuest {
        packages: &[SOCKETS],
        imports: "import wasi:sockets/instance-network@0.2.0; import wasi:sockets/tcp@0.2.0;
            import wasi:sockets/tcp-create-socket@0.2.0; import wasi:sockets/ip-name-lookup@0.2.0;",
        import_declarations: &format!(
            r#"{COUNT}
            (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
            (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $create (param i32 i32)))
            (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
            (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect"
              (func $connect (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#
        ),
        declarations: r#"(data (i32.const 600) "nl") (data (i32.const 620) "localhost")"#,
        // Counts `n`: 10 for a socket that could be made, else its error; `l`: 10 for a name looked up, else the error.
        process: "
            (call $create (i32.const 0) (i32.const 1024))
            (call $count (i32.const 600) (i32.const 1)
              (f64.convert_i32_u (select (i32.load8_u (i32.const 1028)) (i32.const 10) (i32.load8_u (i32.const 1024)))))
            (call $resolve (call $network) (i32.const 620) (i32.const 9) (i32.const 1040))
            (call $count (i32.const 601) (i32.const 1)
              (f64.convert_i32_u (select (i32.load8_u (i32.const 1044)) (i32.const 10) (i32.load8_u (i32.const 1040)))))
            (if (i32.eqz (i32.load8_u (i32.const 1024))) (then
              (call $connect (i32.load (i32.const 1028)) (call $network) (i32.const 0) (i32.const 80)
                (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1060))))
            (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, run) = call(&guest, run()).await;
    called.unwrap();
    let access_denied = 1;
    assert_eq!(counted(&run, "n"), access_denied, "no socket");
    // Names may not be looked up; whichever way that is said, no address comes back.
    assert_ne!(counted(&run, "l"), 10, "no name");
}

#[tokio::test]
async fn random_bytes_are_bounded() {
    for (interface, function) in [
        ("random", "get-random-bytes"),
        ("insecure", "get-insecure-random-bytes"),
    ] {
        let imports = format!("import wasi:random/{interface}@0.2.0;");
        let import = format!(r#"(import "wasi:random/{interface}@0.2.0" "{function}" (func $get (param i64 i32)))"#);
        let guest = CoreGuest {
            packages: &[RANDOM],
            imports: &imports,
            import_declarations: &import,
            process: "(call $get (i64.const 10000000) (i32.const 1024)) (i32.const 448)",
            ..CoreGuest::default()
        };
        let limits = Limits {
            memory: 64 << 20,
            ..limits()
        };
        let (called, _) = call(&guest, Run::builder("evil", "random").limits(limits)).await;
        let error = called.unwrap_err().to_string();
        assert!(error.contains("65536") || error.contains("random"), "{error}");
    }
}

#[tokio::test]
async fn the_wall_clock_is_the_runs_own() {
    let guest = CoreGuest {
        packages: &[IO, CLOCKS],
        imports: "import wasi:clocks/wall-clock@0.2.0;",
        import_declarations: &format!(
            r#"{COUNT} (import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))"#
        ),
        declarations: NAME,
        process:
            "(call $now (i32.const 1024))
            (call $count (i32.const 600) (i32.const 1) (f64.convert_i64_u (i64.load (i32.const 1024)))) (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, run) = call(&guest, run().clock(Clock::Fixed(Duration::from_secs(86_401)))).await;
    called.unwrap();
    assert_eq!(counted(&run, "n"), 86_401);
}

/// Fine clocks help to spy on others through the processor's caches.
#[tokio::test]
async fn the_monotonic_clock_is_coarse() {
    let guest = CoreGuest {
        packages: &[IO, CLOCKS],
        imports: "import wasi:clocks/monotonic-clock@0.2.0;",
        import_declarations: &format!(
            r#"{COUNT} (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))"#
        ),
        declarations: NAME,
        process: "(call $count (i32.const 600) (i32.const 1)
            (f64.add (f64.const 1) (f64.convert_i64_u (i64.rem_u (call $now) (i64.const 1000000))))) (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, run) = call(&guest, run()).await;
    called.unwrap();
    assert_eq!(counted(&run, "n"), 1, "whole milliseconds");
}

#[tokio::test]
async fn waiting_ends_at_its_time() {
    let guest = CoreGuest {
        packages: &[IO, CLOCKS],
        imports: "import wasi:io/poll@0.2.0; import wasi:clocks/monotonic-clock@0.2.0;",
        import_declarations: r#"
            (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $wait (param i64) (result i32)))
            (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))"#,
        process: "(call $block (call $wait (i64.const 3600000000000))) (i32.const 448)",
        ..CoreGuest::default()
    };
    let started = Instant::now();
    let (called, _) = call(
        &guest,
        Run::builder("evil", "wait").limits(Limits {
            wall_per_call_ms: 200,
            ..limits()
        }),
    )
    .await;
    let error = called.unwrap_err();
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((reached.limit, reached.figure.as_str()), ("wall_per_call_ms", "200ms"));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn things_to_wait_for_are_handles_too() {
    let guest = CoreGuest {
        packages: &[IO, CLOCKS],
        imports: "import wasi:io/poll@0.2.0; import wasi:clocks/monotonic-clock@0.2.0;",
        import_declarations: r#"
            (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $wait (param i64) (result i32)))"#,
        process: "(loop $more (drop (call $wait (i64.const 3600000000000))) (br $more)) (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, _) = call(&guest, run()).await;
    let error = called.unwrap_err();
    let reached = error.limit().unwrap_or_else(|| panic!("{error}"));
    assert_eq!((reached.limit, reached.figure.as_str()), ("handles", "1000 handles"));
}

/// Output goes to the run's log, and is bounded like the rest of it.
#[tokio::test]
async fn a_flood_of_output_is_cut_off() {
    let guest = CoreGuest {
        packages: &[IO, CLI],
        imports: "import wasi:cli/stdout@0.2.0; import wasi:io/streams@0.2.0;",
        import_declarations: r#"
            (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
            (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
              (func $write (param i32 i32 i32 i32)))"#,
        declarations: r#"(data (i32.const 600) "one line of many\n")"#,
        process: "(local $out i32) (local $left i32)
            (local.set $out (call $stdout)) (local.set $left (i32.const 1000))
            (loop $more
              (call $write (local.get $out) (i32.const 600) (i32.const 17) (i32.const 1024))
              (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
            (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, run) = call(&guest, run()).await;
    called.unwrap();
    let logs = run.logs();
    assert_eq!(logs[0].message, "one line of many");
    assert_eq!(logs.len() as u64 + run.dropped_logs(), 1_000);
    assert!(run.dropped_logs() > 500);
}

#[tokio::test]
async fn leaving_ends_the_guest_alone() {
    let guest = CoreGuest {
        packages: &[IO, CLI],
        imports: "import wasi:cli/exit@0.2.0;",
        import_declarations: r#"(import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))"#,
        process: "(call $exit (i32.const 0)) (i32.const 448)",
        ..CoreGuest::default()
    };
    let (called, _) = call(&guest, run()).await;
    let error = called.unwrap_err();
    assert!(matches!(error, Error::Trapped { .. }), "{error}");
    assert!(error.to_string().contains("exit"), "{error}");
}
