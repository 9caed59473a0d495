//! Uploads of plugins that are cut off, damaged, without end, or meant to harm.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::stream;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Running, component, eventually, request};

/// Bytes that a plugin may have here.
const LARGEST: u64 = 1 << 20;

/// The versions that there are of a plugin, by their state.
async fn states(server: &Running, plugin: &str) -> Vec<String> {
    let path = format!("/v1/tenants/shop/plugins/{plugin}/versions");
    let listed = server.ask("GET", &path, &server.token, &Value::Null).await;
    let items = listed.json["items"].as_array().cloned().unwrap_or_default();
    let states = items.iter().map(|version| version["state"].as_str().expect("a state"));
    states.map(str::to_owned).collect()
}

async fn server() -> Running {
    let server = Running::with(|config| config.sandboxes.plugins.max_bytes = LARGEST).await;
    server.tenant("shop", json!({}), "id\n1\n").await;
    server
}

/// Nothing of uploads is left on the disk.
async fn nothing_is_left(server: &Running) {
    let uploads = server.data().join("plugins/uploads");
    eventually("nothing is left of uploads", async || {
        let left = fs::read_dir(&uploads).into_iter().flatten().count();
        (left == 0).then_some(())
    })
    .await;
}

/// The server takes and serves what is right.
async fn still_serves(server: &Running) {
    let uploaded = server.upload("shop", "fine", &server.token, component("flights")).await;
    assert!(uploaded.status.is_success(), "{} {}", uploaded.status, uploaded.text);
    assert_eq!(states(server, "fine").await, ["ready"]);
}

fn refused(answer: &Answer, what: &str) {
    assert!(
        answer.status.is_client_error(),
        "{what}: {} {}",
        answer.status,
        answer.text
    );
    let detail = answer.json["detail"].as_str().unwrap_or_default();
    assert!(!detail.is_empty() && detail.len() < 4096, "{what}: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_leaves_nothing() {
    let server = server().await;
    let bytes = component("flights");
    let half = &bytes[..bytes.len() / 2];
    let head = format!(
        "POST /v1/tenants/shop/plugins/cut/versions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/wasm\r\n",
        server.token
    );
    let lengths = [
        (format!("content-length: {}\r\n\r\n", bytes.len()), String::new()),
        (
            "transfer-encoding: chunked\r\n\r\n".to_owned(),
            format!("{:x}\r\n", half.len()),
        ),
    ];
    for (length, chunk) in lengths {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        for part in [head.as_bytes(), length.as_bytes(), chunk.as_bytes(), half] {
            stream.write_all(part).await.expect("sent");
        }
        let uploads = server.data().join("plugins/uploads");
        eventually("the upload has begun", async || {
            fs::read_dir(&uploads).into_iter().flatten().flatten().next().map(drop)
        })
        .await;
        drop(stream);
        nothing_is_left(&server).await;
    }
    // One that announces less than it sends, and one that ends its chunks wrongly.
    for (length, body) in [
        ("content-length: 8\r\n\r\n", bytes.as_slice()),
        ("transfer-encoding: chunked\r\n\r\n", b"zz\r\nx"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        for part in [head.as_bytes(), length.as_bytes(), body] {
            // The server may have hung up.
            let _ = stream.write_all(part).await;
        }
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    nothing_is_left(&server).await;
    assert!(states(&server, "cut").await.iter().all(|state| state == "refused"));
    still_serves(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_refused_and_never_used() {
    let server = server().await;
    let whole = component("flights");
    let mut damaged = vec![
        whole[..whole.len() / 2].to_vec(),
        whole[1..].to_vec(),
        [&whole[..], b"more"].concat(),
    ];
    for place in 1..8 {
        let mut bytes = whole.clone();
        let at = bytes.len() * place / 8;
        for byte in &mut bytes[at..at + 64] {
            *byte = !*byte;
        }
        damaged.push(bytes);
    }
    for (number, bytes) in damaged.into_iter().enumerate() {
        let path = "/v1/tenants/shop/plugins/damaged/versions?alias=stable";
        let answer = server
            .send(request(
                "POST",
                path,
                &server.token,
                "application/wasm",
                Body::from(bytes),
            ))
            .await;
        // Bytes that are nobody's code may be damaged without harm.
        if !answer.status.is_success() {
            refused(&answer, &format!("damage {number}"));
        }
    }
    let states = states(&server, "damaged").await;
    assert!(
        states.iter().filter(|state| *state == "refused").count() > 5,
        "{states:?}"
    );
    // What was not what it was announced to be is nothing at all.
    let mut announced = request(
        "POST",
        "/v1/tenants/shop/plugins/other/versions",
        &server.token,
        "application/wasm",
        Body::from(whole),
    );
    let digest = "00".repeat(32).parse().expect("a header");
    announced.headers_mut().insert("x-tenon-digest", digest);
    refused(&server.send(announced).await, "another digest");
    assert!(self::states(&server, "other").await.is_empty());
    nothing_is_left(&server).await;
    still_serves(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_without_end_is_cut_off() {
    let server = server().await;
    // One that says how much it is, at once; the server does not wait for what it does not want.
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    let head = format!(
        "POST /v1/tenants/shop/plugins/huge/versions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-length: 1099511627776\r\nconnection: close\r\n\r\n",
        server.token
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "it is waited for");
    assert!(
        answer.starts_with(b"HTTP/1.1 413"),
        "{}",
        String::from_utf8_lossy(&answer)
    );

    // One that does not say it, and goes on as long as it is let.
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = std::sync::Arc::clone(&sent);
    let endless = stream::repeat_with(move || {
        counted.fetch_add(1 << 16, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![0_u8; 1 << 16])
    });
    let answer = server
        .upload("shop", "huge", &server.token, Body::from_stream(endless))
        .await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
    assert!(sent <= LARGEST + (1 << 20), "{sent} bytes were taken");
    assert!(states(&server, "huge").await.is_empty());
    nothing_is_left(&server).await;

    // Many that fit are still no more than the tenant may keep.
    let quotas = json!({ "quotas": { "plugin_bytes": 300_000 } });
    server.done("PUT", "/v1/tenants/shop", quotas).await;
    let first = server.upload("shop", "many", &server.token, component("flights")).await;
    assert!(first.status.is_success(), "{}", first.text);
    let second = server.upload("shop", "many", &server.token, component("evil")).await;
    refused(&second, "beyond the quota");
    nothing_is_left(&server).await;
    server.stop().await;
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module")
}

/// A component whose only function takes a compiler long: many variables, which are set on many ways through it.
fn hard_to_compile() -> Vec<u8> {
    let mut body = format!("(local{})", " i64".repeat(2_000));
    for number in 0..30_000 {
        let (from, to) = (number * 7 % 2_000 + 1, number * 13 % 2_000 + 1);
        let product = format!("(i64.mul (local.get {from}) (local.get {to}))");
        let _ = write!(body, "(block (br_if 0 (local.get 0)) (local.set {to} {product}))");
    }
    let module = format!("(core module $m (func (export \"f\") (param i32) {body}))");
    let exports = "(instance $nothing) (export \"tenon:etl/transform@0.1.0\" (instance $nothing))";
    wat(&format!(
        "(component {module} (core instance $i (instantiate $m)) {exports})"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_evil_is_refused() {
    let server = server().await;
    let gzip = {
        // 1 MiB of zeros, as somebody might hope the server unpacks: 10 bytes of head, then deflate.
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
        bytes.extend(std::iter::repeat_n(0, 1000));
        bytes
    };
    let cases = [
        ("text", b"#!/bin/sh\nrm -rf /\n".to_vec()),
        ("nothing", Vec::new()),
        (
            "a program of this machine",
            fs::read("/proc/self/exe").map_or_else(
                |_| b"\x7fELF".to_vec(),
                |mut bytes| {
                    bytes.truncate(100_000);
                    bytes
                },
            ),
        ),
        ("compressed", gzip),
        ("a core module", wat("(module (func (export \"run\")))")),
        ("an empty component", wat("(component)")),
        (
            "one that wants a door into the server",
            wat("(component (import \"evil:thing/door@1.0.0\" (instance)))"),
        ),
        (
            "one that wants the network",
            wat("(component (import \"wasi:sockets/tcp@0.2.0\" (instance (export \"connect\" (func)))))"),
        ),
        (
            "one that never begins",
            wat("(component (core module $m (func $f (loop (br 0))) (start $f)) (core instance (instantiate $m)))"),
        ),
        (
            "one that wants all memory",
            wat("(component (core module $m (memory 65536)) (core instance (instantiate $m)))"),
        ),
        ("one that is hard to compile", hard_to_compile()),
    ];
    for (what, bytes) in cases {
        let began = Instant::now();
        let answer = server.upload("shop", "evil", &server.token, bytes).await;
        refused(&answer, what);
        println!(
            "{what}: {} after {:?}: {}",
            answer.status,
            began.elapsed(),
            answer.json["detail"]
        );
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{what} took {:?}",
            began.elapsed()
        );
    }
    // What is said to be compressed is not unpacked.
    let mut packed = request(
        "POST",
        "/v1/tenants/shop/plugins/packed/versions",
        &server.token,
        "application/wasm",
        Body::from(component("flights")),
    );
    packed
        .headers_mut()
        .insert("content-encoding", "gzip".parse().expect("a header"));
    let packed = server.send(packed).await;
    assert!(
        packed.status.is_client_error() || packed.json["size"] == json!(component("flights").len()),
        "{}",
        packed.text
    );
    let states = states(&server, "evil").await;
    assert!(
        !states.is_empty() && states.iter().all(|state| state == "refused"),
        "{states:?}"
    );
    nothing_is_left(&server).await;
    still_serves(&server).await;

    // A version that was refused is used by nobody, whatever a job calls it.
    for alias in ["evil", "evil@1", "evil@latest", "evil@stable"] {
        let job = format!(
            "sources.a.url = \"in.csv\"\n[steps.s]\nfrom = \"a\"\nplugin = \"{alias}\"\n[sinks.b]\nfrom = \"s\"\nurl = \"out/\"\nformat = \"csv\"\n"
        );
        server.job("shop", "uses", &job, json!({ "max_retries": 0 })).await;
        let run = server.run("shop", "uses").await;
        assert_eq!(run["state"], "ERROR", "{alias}: {run}");
    }
    assert!(!Path::new(server.data()).join("plugins/uploads/evil").exists());
    server.stop().await;
}
