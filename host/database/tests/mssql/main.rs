//! How far a connection to SQL Server comes. There is no such server here: nobody listens, or somebody who is no server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tenon_database::{ConnectionConfig, Database, Driver, Error, Stage, Tls, open};

fn database(host: &str, port: u16, tls: Tls) -> Arc<dyn Database> {
    let mut config = ConnectionConfig::new(format!("mssql://sa:geheim-123@{host}:{port}/shop"));
    config.options.connect_timeout = 2;
    config.options.tls = Some(tls);
    open(Driver::Mssql, &config).expect("it is a URL")
}

/// Where an attempt ends, with what is said of it.
async fn ended(database: &Arc<dyn Database>) -> (Stage, bool) {
    let error = database.check().await.expect_err("there is no server");
    assert!(!error.to_string().contains("geheim"), "{error}");
    match error {
        Error::Connect { stage, transient, .. } => (stage, transient),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let port = listener.local_addr().expect("it has one").port();
    drop(listener);
    assert_eq!(
        ended(&database("127.0.0.1", port, Tls::Prefer)).await,
        (Stage::Tcp, true)
    );
}

#[tokio::test]
async fn a_host_that_is_not_there() {
    let (stage, transient) = ended(&database("no-such-host.invalid", 1433, Tls::Prefer)).await;
    assert_eq!((stage, transient), (Stage::Dns, true));
}

#[tokio::test]
async fn a_listener_that_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let port = listener.local_addr().expect("it has one").port();
    let begun = Instant::now();
    assert_eq!(
        ended(&database("127.0.0.1", port, Tls::Prefer)).await,
        (Stage::Login, true)
    );
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_listener_that_speaks_something_else() {
    for tls in [Tls::Disable, Tls::Require] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = listener.local_addr().expect("it has one").port();
        let speaker = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody connects");
            // Whoever connects may be gone by then.
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
            drop(stream.shutdown(Shutdown::Both));
        });
        let (stage, _) = ended(&database("127.0.0.1", port, tls)).await;
        assert!(stage >= Stage::Tls, "{stage}");
        speaker.join().expect("it speaks");
    }
}

/// What a server answers to the first packet: that it wants an encrypted connection.
const ENCRYPT: [u8; 26] = [
    0x04, 0x01, 0, 26, 0, 0, 1, 0, // a whole answer of 26 bytes
    0x00, 0, 11, 0, 6, // where the version is
    0x01, 0, 17, 0, 1, // where encryption is
    0xff, 15, 0, 0, 0, 0, 0,    // the end of that, and version 15
    0x03, // encryption is required
];

/// What a server answers that has nothing in common with the client: an alert of TLS, in such a packet.
const FAILURE: [u8; 15] = [0x12, 0x01, 0, 15, 0, 0, 1, 0, 0x15, 0x03, 0x03, 0, 2, 2, 40];

/// Encryption begins, with whatever providers of it are in the build.
#[tokio::test]
async fn a_listener_that_refuses_to_encrypt() {
    for tls in [Tls::Prefer, Tls::Require, Tls::VerifyFull] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let port = listener.local_addr().expect("it has one").port();
        let speaker = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody connects");
            let mut heard = [0; 4096];
            let asked = stream.read(&mut heard).expect("it asks");
            assert_eq!((asked > 8, heard[0]), (true, 0x12), "it asks how to go on");
            stream.write_all(&ENCRYPT).expect("it listens");
            let greeting = stream.read(&mut heard).expect("it begins");
            // In a packet of its own kind there is a record of a handshake.
            assert_eq!((greeting > 8, heard[0], heard[8]), (true, 0x12, 0x16));
            stream.write_all(&FAILURE).expect("it listens");
        });
        assert_eq!(ended(&database("127.0.0.1", port, tls)).await.0, Stage::Tls);
        speaker.join().expect("it speaks");
    }
}
