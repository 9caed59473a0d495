//! Guests that send HTTP requests where they may not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenon_runtime::{HttpGrant, Run, RunBuilder};
use tenon_tests::arena::{counted, limits};
use tenon_tests::core_guest::CoreGuest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::wasi::{COUNT, IO, NAME, call};

/// What the tests need of `wasi:http`.
const HTTP: &str = "
package wasi:http@0.2.0;
interface types {
  use wasi:io/poll@0.2.0.{pollable};
  variant scheme { HTTP, HTTPS, other(string) }
  record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
  record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
  record field-size-payload { field-name: option<string>, field-size: option<u32> }
  variant error-code {
    DNS-timeout, DNS-error(DNS-error-payload), destination-not-found, destination-unavailable,
    destination-IP-prohibited, destination-IP-unroutable, connection-refused, connection-terminated,
    connection-timeout, connection-read-timeout, connection-write-timeout, connection-limit-reached,
    TLS-protocol-error, TLS-certificate-error, TLS-alert-received(TLS-alert-received-payload), HTTP-request-denied,
    HTTP-request-length-required, HTTP-request-body-size(option<u64>), HTTP-request-method-invalid,
    HTTP-request-URI-invalid, HTTP-request-URI-too-long, HTTP-request-header-section-size(option<u32>),
    HTTP-request-header-size(option<field-size-payload>), HTTP-request-trailer-section-size(option<u32>),
    HTTP-request-trailer-size(field-size-payload), HTTP-response-incomplete,
    HTTP-response-header-section-size(option<u32>), HTTP-response-header-size(field-size-payload),
    HTTP-response-body-size(option<u64>), HTTP-response-trailer-section-size(option<u32>),
    HTTP-response-trailer-size(field-size-payload), HTTP-response-transfer-coding(option<string>),
    HTTP-response-content-coding(option<string>), HTTP-response-timeout, HTTP-upgrade-failed, HTTP-protocol-error,
    loop-detected, configuration-error, internal-error(option<string>),
  }
  resource fields { constructor(); }
  resource outgoing-request {
    constructor(headers: fields);
    set-scheme: func(scheme: option<scheme>) -> result;
    set-authority: func(authority: option<string>) -> result;
    set-path-with-query: func(path-with-query: option<string>) -> result;
  }
  resource request-options { constructor(); }
  resource incoming-response { status: func() -> u16; }
  resource future-incoming-response {
    subscribe: func() -> pollable;
    get: func() -> option<result<result<incoming-response, error-code>>>;
  }
}
interface outgoing-handler {
  use types.{outgoing-request, request-options, future-incoming-response, error-code};
  handle: func(request: outgoing-request, options: option<request-options>) -> result<future-incoming-response, error-code>;
}";

/// What a guest counts for an error: its place among the error codes, and this.
const ERROR: u64 = 1_000;
const DESTINATION_IP_PROHIBITED: u64 = ERROR + 4;
const HTTP_REQUEST_DENIED: u64 = ERROR + 15;

/// Sends one request and counts `n`: the response's status, or the error.
const PROCESS: &str = "
    (local $request i32) (local $future i32)
    (local.set $request (call $new-request (call $new-fields)))
    (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $set-authority (local.get $request) (i32.const 1) (i32.const 700) (i32.load (i32.const 696))))
    (drop (call $set-path (local.get $request) (i32.const 1) (i32.const 604) (i32.const 1)))
    (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 1024))
    (if (i32.load8_u (i32.const 1024)) (then
      (call $count (i32.const 600) (i32.const 1)
        (f64.convert_i32_u (i32.add (i32.const 1000) (i32.load8_u (i32.const 1032)))))
      (return (i32.const 448))))
    (local.set $future (i32.load (i32.const 1032)))
    (call $block (call $subscribe (local.get $future)))
    (call $get (local.get $future) (i32.const 1088))
    (if (i32.load8_u (i32.const 1104))
      (then (call $count (i32.const 600) (i32.const 1)
        (f64.convert_i32_u (i32.add (i32.const 1000) (i32.load8_u (i32.const 1112))))))
      (else (call $count (i32.const 600) (i32.const 1)
        (f64.convert_i32_u (call $status (i32.load (i32.const 1112)))))))
    (i32.const 448)";

const IMPORTS: &str = r#"
    (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
    (import "wasi:http/types@0.2.0" "[constructor]fields" (func $new-fields (result i32)))
    (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $new-request (param i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-scheme"
      (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority"
      (func $set-authority (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query"
      (func $set-path (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle (param i32 i32 i32 i32)))
    (import "wasi:http/types@0.2.0" "[method]future-incoming-response.subscribe"
      (func $subscribe (param i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]future-incoming-response.get" (func $get (param i32 i32)))
    (import "wasi:http/types@0.2.0" "[method]incoming-response.status" (func $status (param i32) (result i32)))"#;

/// What a guest gets that asks `http://authority/`, and what the run's log says about it.
async fn request(authority: &str, run: RunBuilder) -> (u64, String) {
    let length = authority.len();
    let declarations = format!(
        r#"{NAME} (data (i32.const 604) "/") (data (i32.const 696) "\{length:02x}\00\00\00") (data (i32.const 700) "{authority}")"#
    );
    let import_declarations = format!("{COUNT} {IMPORTS}");
    let guest = CoreGuest {
        packages: &[IO, HTTP],
        imports: "import wasi:http/types@0.2.0; import wasi:http/outgoing-handler@0.2.0;",
        import_declarations: &import_declarations,
        declarations: &declarations,
        process: PROCESS,
        ..CoreGuest::default()
    };
    let (called, run) = call(&guest, run).await;
    called.unwrap();
    let log = run.logs().iter().map(|record| record.message.clone()).collect();
    (counted(&run, "n"), log)
}

fn run() -> RunBuilder {
    Run::builder("evil", "http").limits(limits())
}

fn grant(authority: &str) -> HttpGrant {
    authority.parse().unwrap()
}

/// A server on the loopback interface that answers 204, and counts who connects.
async fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    });
    (address, connections)
}

#[tokio::test]
async fn without_a_grant_every_host_is_denied() {
    let (address, connections) = server().await;
    for authority in [
        address.to_string(),
        "example.com".into(),
        "[::1]:80".into(),
        format!("localhost:{}", address.port()),
    ] {
        let (answer, log) = request(&authority, run()).await;
        assert_eq!(answer, HTTP_REQUEST_DENIED, "{authority}");
        assert!(log.contains("denied: the run has no grant"), "{log}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_grant_is_for_one_host_and_port() {
    let (address, connections) = server().await;
    let other = if address.port() == 1 { 2 } else { address.port() - 1 };
    let granted = || run().allow_http(grant(&format!("127.0.0.1:{other}")).allow_private());
    assert_eq!(request(&address.to_string(), granted()).await.0, HTTP_REQUEST_DENIED);
    let granted = run().allow_http(grant(&format!("example.com:{}", address.port())));
    assert_eq!(request(&address.to_string(), granted).await.0, HTTP_REQUEST_DENIED);
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_grant_does_not_reach_the_hosts_own_network() {
    let (address, connections) = server().await;
    // An address, the same in disguise, and a name that resolves to it.
    for host in ["127.0.0.1", "127.1", "0177.0.0.1", "2130706433", "localhost"] {
        let authority = format!("{host}:{}", address.port());
        let (answer, log) = request(&authority, run().allow_http(grant(&authority))).await;
        assert_eq!(answer, DESTINATION_IP_PROHIBITED, "{authority}: {log}");
        assert!(log.contains("inside the host's network"), "{log}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_grant_for_a_private_host_works() {
    let (address, connections) = server().await;
    let (answer, log) = request(
        &address.to_string(),
        run().allow_http(grant(&address.to_string()).allow_private()),
    )
    .await;
    assert_eq!(answer, 204, "{log}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// A server that never answers does not hold a sandbox for longer than the call may take.
#[tokio::test]
async fn a_silent_server_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let import_declarations = format!("{COUNT} {IMPORTS}");
    let declarations = format!(
        r#"{NAME} (data (i32.const 604) "/") (data (i32.const 696) "\{:02x}\00\00\00") (data (i32.const 700) "{address}")"#,
        address.len()
    );
    let guest = CoreGuest {
        packages: &[IO, HTTP],
        imports: "import wasi:http/types@0.2.0; import wasi:http/outgoing-handler@0.2.0;",
        import_declarations: &import_declarations,
        declarations: &declarations,
        process: PROCESS,
        ..CoreGuest::default()
    };
    let (called, _) = call(&guest, run().allow_http(grant(&address).allow_private())).await;
    let error = called.unwrap_err();
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("wall_per_call_ms"),
        "{error}"
    );
}
