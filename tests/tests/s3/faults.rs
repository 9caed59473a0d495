//! Servers that refuse, are busy, hang, or are somewhere else.

use std::time::Duration;

use tenon_connect::file::{Sink, WriteConfig};
use tenon_connect::{ErrorKind, Secret};
use tenon_tests::services::S3;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{batch, config, ids, write};

#[tokio::test]
async fn wrong_keys_are_named() {
    let Some(server) = S3::start_or_skip("s3::wrong_keys").await else {
        return;
    };
    let refused = async |config: &WriteConfig| {
        let error = Sink::begin(config, batch(0..1).schema(), "run")
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::BadConfig, "{error}");
        assert!(!error.to_string().contains("wrong-secret"), "{error}");
        error.to_string()
    };
    let mut wrong = config(&server, "out/");
    wrong.store.secret_access_key = Some(Secret::new("wrong-secret"));
    let error = refused(&wrong).await;
    assert!(
        error.contains("s3://bucket/out/_tenon/lock") && error.contains("secret_access_key"),
        "{error}"
    );
    let mut wrong = config(&server, "out/");
    wrong.store.access_key_id = Some("nobody".to_owned());
    let error = refused(&wrong).await;
    assert!(error.contains("key"), "{error}");
}

/// Stands between a writer and the server: answers some requests itself.
async fn proxy(server: &S3, answer: fn(usize) -> Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let upstream = server.endpoint.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            count += 1;
            let (upstream, answer) = (upstream.clone(), answer(count));
            tokio::spawn(async move {
                match answer {
                    Answer::Hang => tokio::time::sleep(Duration::from_secs(60)).await,
                    Answer::Say(text) => {
                        let mut request = vec![0; 64 * 1024];
                        let _ = client.read(&mut request).await;
                        let _ = client.write_all(text.as_bytes()).await;
                        let _ = client.shutdown().await;
                    }
                    Answer::PassOn => {
                        let mut server = TcpStream::connect(upstream).await.expect("the server");
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

enum Answer {
    Hang,
    Say(&'static str),
    PassOn,
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_server_that_is_busy_for_a_while_is_asked_again() {
    let Some(server) = S3::start_or_skip("s3::busy_for_a_while").await else {
        return;
    };
    // The first two connections fail, the others are the server's.
    let endpoint = proxy(
        &server,
        |count| if count <= 2 { Answer::Say(BUSY) } else { Answer::PassOn },
    )
    .await;
    let mut config = config(&server, "out/");
    config.store.endpoint = Some(endpoint);
    config.store.retries = Some(5);
    write(&config, "run", &[(0, 10)]).await;
    assert_eq!(ids(&config).await, (10, 45));
}

#[tokio::test]
async fn a_server_that_is_always_busy_or_hangs_is_named() {
    let Some(server) = S3::start_or_skip("s3::always_busy").await else {
        return;
    };
    let endpoints = [
        proxy(&server, |_| Answer::Say(BUSY)).await,
        proxy(&server, |_| Answer::Hang).await,
    ];
    for endpoint in endpoints {
        let mut config = config(&server, "out/");
        config.store.endpoint = Some(endpoint.clone());
        (config.store.retries, config.store.timeout) = (Some(1), Some(1));
        let error = Sink::begin(&config, batch(0..1).schema(), "run")
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::System, "{error}");
        assert!(error.to_string().contains(&endpoint), "{error}");
    }
}

#[tokio::test]
async fn a_bucket_in_another_region_is_named() {
    const ELSEWHERE: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 184\r\nConnection: close\r\n\r\n\
        <Error><Code>AuthorizationHeaderMalformed</Code><Message>The region 'us-east-1' is wrong; expecting \
        'eu-north-1'</Message><Region>eu-north-1</Region><RequestId>0123</RequestId></Error>";
    let Some(server) = S3::start_or_skip("s3::region").await else {
        return;
    };
    let mut config = config(&server, "out/");
    config.store.endpoint = Some(proxy(&server, |_| Answer::Say(ELSEWHERE)).await);
    let error = Sink::begin(&config, batch(0..1).schema(), "run")
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("set `region = \"eu-north-1\"`"), "{error}");
}
