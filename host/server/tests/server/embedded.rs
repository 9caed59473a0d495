//! The example of a program with a server in it does what it says.

use std::net::SocketAddr;

use tenon_metadata::Name;
use tenon_server::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::PATIENCE;

#[allow(dead_code, reason = "its `main` is for people, who end it by a signal")]
#[path = "../../examples/embedded.rs"]
mod example;

/// What is answered to a request, with its head.
async fn answered(address: SocketAddr, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_answers_starts_runs_and_ends() {
    let place = tempfile::tempdir().expect("a folder");
    let config = ServerConfig {
        data: place.path().join("data"),
        ..ServerConfig::default()
    };
    let files = config.files_of(&Name::new("shop").expect("a name"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (end, ended) = oneshot::channel::<()>();
    let program = Box::pin(example::program(config, listener, async move {
        let _ = ended.await;
    }));
    let asking = async {
        let own = answered(address, "GET", "/").await;
        assert!(own.starts_with("HTTP/1.1 200") && own.contains("an engine"), "{own}");
        let of_server = answered(address, "GET", "/etl/livez").await;
        assert!(of_server.starts_with("HTTP/1.1 200"), "{of_server}");
        let stranger = answered(address, "GET", "/etl/v1/server").await;
        assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
        let started = answered(address, "POST", "/orders/2/invoice").await;
        assert!(
            started.starts_with("HTTP/1.1 202") && started.contains("run_"),
            "{started}"
        );
        while !files.join("invoices/2.csv").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        end.send(()).expect("it waits for that");
    };
    let both = async { tokio::join!(program, asking) };
    let (program, ()) = tokio::time::timeout(PATIENCE, both).await.expect("in time");
    program.expect("it ends well");
    let invoice = std::fs::read_to_string(files.join("invoices/2.csv")).expect("written");
    assert_eq!(invoice, "id,amount\n2,35\n");
}
