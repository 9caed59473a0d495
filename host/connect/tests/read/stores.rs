//! Remote stores: a web server, and what an S3 server may answer.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{failure, open, rows};
use tenon_connect::file::ReadConfig;
use tenon_connect::{Error, ErrorKind, Secret};

/// A request as a handler sees it: its first line and headers, in lower case but for the path.
struct Request {
    path: String,
    head: bool,
    range: Option<(usize, usize)>,
    headers: String,
}

struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
}

/// A server on a port of its own; answers until the process ends.
fn serve(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let handler = Arc::new(handler);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handler = Arc::clone(&handler);
            std::thread::spawn(move || answer(&stream, handler.as_ref()));
        }
    });
    format!("http://{address}")
}

fn answer(stream: &TcpStream, handler: &dyn Fn(&Request) -> Answer) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let first: Vec<&str> = head.lines().next().unwrap_or_default().split(' ').collect();
        let headers = head.to_ascii_lowercase();
        let range = headers.split("range: bytes=").nth(1).and_then(|rest| {
            let (start, end) = rest.lines().next()?.split_once('-')?;
            Some((start.parse().ok()?, end.parse::<usize>().ok()? + 1))
        });
        let request = Request {
            path: first.get(1).copied().unwrap_or_default().to_owned(),
            head: first.first() == Some(&"HEAD"),
            range,
            headers,
        };
        let answer = handler(&request);
        let length = answer.body.len();
        let mut stream = stream;
        let head = format!(
            "HTTP/1.1 {}\r\ncontent-length: {length}\r\n{}\r\n",
            answer.status, answer.headers
        );
        let body = if request.head { &[][..] } else { &answer.body };
        if stream.write_all(&[head.as_bytes(), body].concat()).is_err() {
            return;
        }
    }
}

/// A file, whole or in parts.
fn part(content: &[u8], request: &Request, in_parts: bool) -> Answer {
    match request.range {
        Some((start, end)) if in_parts => {
            let end = end.min(content.len());
            Answer {
                status: "206 Partial Content",
                headers: format!(
                    "content-range: bytes {start}-{}/{}\r\netag: \"1\"\r\n",
                    end - 1,
                    content.len()
                ),
                body: content[start..end].to_vec(),
            }
        }
        _ => Answer {
            status: "200 OK",
            headers: "etag: \"1\"\r\n".to_owned(),
            body: content.to_vec(),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn web_servers() {
    let text: String = (0..1_500_000).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect();
    let content = Arc::new(format!("id\n{text}").into_bytes());
    for in_parts in [true, false] {
        let (served, content) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&content));
        let count = Arc::clone(&served);
        let server = serve(move |request| {
            count.fetch_add(1, Ordering::Relaxed);
            if request.path != "/data/x.csv?key=hunter2" || !request.headers.contains("authorization: bearer t0ken") {
                return Answer {
                    status: "403 Forbidden",
                    headers: String::new(),
                    body: Vec::new(),
                };
            }
            part(&content, request, in_parts)
        });
        let mut config = ReadConfig::new(format!("{server}/data/x.csv?key=hunter2"));
        config.store.bearer_token = Some(Secret::new("t0ken"));
        assert_eq!(
            rows(&config, "select count(*), max(id) from t").await,
            "1500000 1499999"
        );
        let source = open(&config).await;
        assert_eq!(source.files()[0].url, format!("{server}/data/x.csv"));
        assert!(served.load(Ordering::Relaxed) > 3);

        config.store.bearer_token = None;
        let error = failure(&config).await;
        assert!(
            error.contains("access is denied") && !error.contains("hunter2"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_blocks_on_web_servers() {
    for (name, content) in crate::containers::of_blocks(30) {
        let server = serve(move |request| part(&content, request, true));
        let config = ReadConfig::new(format!("{server}/{name}"));
        let read = rows(&config, "select count(*), sum(id), count(distinct text) from t").await;
        assert_eq!(read, "300000 44999850000 300000", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_recovers() {
    let failures = AtomicUsize::new(3);
    let server = serve(move |request| {
        let fails = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Answer {
                status: "503 Service Unavailable",
                headers: String::new(),
                body: Vec::new(),
            };
        }
        part(b"id\n1\n", request, true)
    });
    let config = ReadConfig::new(format!("{server}/x.csv"));
    assert_eq!(rows(&config, "select id from t").await, "1");
}

fn s3(endpoint: &str) -> ReadConfig {
    let mut config = ReadConfig::new("s3://lake/orders/x.csv");
    config.store.endpoint = Some(endpoint.to_owned());
    config.store.allow_http = Some(true);
    config.store.region = Some("eu-west-1".to_owned());
    config.store.access_key_id = Some("AKIA".to_owned());
    config.store.secret_access_key = Some(Secret::new("hunter2"));
    config.store.retries = Some(1);
    config.store.timeout = Some(1);
    config
}

async fn refusal(config: &ReadConfig) -> Error {
    let session = crate::support::session(1);
    let options = tenon_connect::file::ReadOptions::default();
    tenon_connect::file::open(config, &options, &session)
        .await
        .expect_err("refused")
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_s3() {
    let cases = [
        (
            "403 Forbidden",
            "<Error><Code>InvalidAccessKeyId</Code></Error>",
            "check `access_key_id`",
            ErrorKind::BadConfig,
        ),
        (
            "403 Forbidden",
            "<Error><Code>SignatureDoesNotMatch</Code></Error>",
            "check `secret_access_key`",
            ErrorKind::BadConfig,
        ),
        (
            "400 Bad Request",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region></Error>",
            "set `region = \"eu-north-1\"`",
            ErrorKind::BadConfig,
        ),
        (
            "301 Moved Permanently",
            "<Error><Code>PermanentRedirect</Code></Error>",
            "in another region",
            ErrorKind::BadConfig,
        ),
        (
            "503 Slow Down",
            "<Error><Code>SlowDown</Code></Error>",
            "raise `retries`",
            ErrorKind::System,
        ),
    ];
    for (status, body, advice, kind) in cases {
        let server = serve(move |_| Answer {
            status,
            headers: "content-type: application/xml\r\n".to_owned(),
            body: body.as_bytes().to_vec(),
        });
        let error = refusal(&s3(&server)).await;
        let text = error.to_string();
        assert!(text.contains(&format!("s3://lake/orders/x.csv at {server}")), "{text}");
        assert!(text.contains(advice), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(error.kind(), kind, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_answer() {
    let server = serve(|request| {
        std::thread::sleep(Duration::from_secs(4));
        part(b"id\n1\n", request, true)
    });
    let mut config = s3(&server);
    config.store.retries = Some(0);
    let error = refusal(&config).await.to_string();
    assert!(
        error.contains("did not answer in time") && error.contains("`timeout`"),
        "{error}"
    );
    let error = refusal(&s3("http://127.0.0.1:9")).await.to_string();
    assert!(error.contains("cannot be reached"), "{error}");
}
