//! A target of HTTP that behaves as it is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a target does with a request.
#[derive(Clone, Debug)]
pub enum Behave {
    /// Answers with a status, and further headers.
    Status(u16, &'static str),
    /// Never answers.
    Hang,
    /// Answers a byte at a time, for ever.
    Drip,
    /// Answers 200 and a body without end.
    Flood,
    /// Breaks the connection.
    Reset,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = found.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        found.next().map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What the test numbered its event with.
    pub fn n(&self) -> i64 {
        self.json()["data"]["n"].as_i64().unwrap()
    }
}

/// The target. It answers 200 unless it was told something else.
pub struct HttpTarget {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    script: Arc<Mutex<VecDeque<Behave>>>,
    always: Arc<Mutex<Behave>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl HttpTarget {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<VecDeque<Behave>>> = Arc::default();
        let always = Arc::new(Mutex::new(Behave::Status(200, "")));
        let (counted, count) = watch::channel(0);
        let (seen, told, usual) = (Arc::clone(&requests), Arc::clone(&script), Arc::clone(&always));
        let counted = Arc::new(counted);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (seen, told, usual) = (Arc::clone(&seen), Arc::clone(&told), Arc::clone(&usual));
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let mut stream = stream;
                    while let Some(request) = read(&mut stream).await {
                        seen.lock().push(request);
                        let behave = told.lock().pop_front();
                        let behave = behave.unwrap_or_else(|| usual.lock().clone());
                        counted.send_modify(|count| *count += 1);
                        if !answer(&mut stream, behave).await {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            port,
            requests,
            script,
            always,
            count,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// For the next requests, in order.
    pub fn then(&self, behave: impl IntoIterator<Item = Behave>) {
        self.script.lock().extend(behave);
    }

    /// For all others.
    pub fn always(&self, behave: Behave) {
        *self.always.lock() = behave;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }

    /// Waits until so many requests have come.
    pub async fn wait_for(&self, requests: usize) {
        let mut count = self.count.clone();
        let waiting = count.wait_for(|count| *count >= requests);
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .unwrap_or_else(|_| panic!("{requests} requests did not come, only {}", self.requests().len()))
            .unwrap();
    }
}

impl Drop for HttpTarget {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let request = Request {
                head,
                body: String::new(),
            };
            let length: usize = request.header("content-length").parse().unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..end + 4 + length]).into_owned();
                return Some(Request { body, ..request });
            }
        }
        let mut chunk = [0; 8192];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// Answers whether the connection goes on.
async fn answer(stream: &mut TcpStream, behave: Behave) -> bool {
    match behave {
        Behave::Status(status, headers) => {
            let head = format!("HTTP/1.1 {status} Told\r\ncontent-length: 2\r\n{headers}\r\nok");
            stream.write_all(head.as_bytes()).await.is_ok()
        }
        Behave::Hang => std::future::pending().await,
        Behave::Drip => {
            for byte in b"HTTP/1.1 200 OK\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x')) {
                if stream.write_all(&[*byte]).await.is_err() {
                    return false;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            false
        }
        Behave::Flood => {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await;
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            false
        }
        Behave::Reset => {
            let _ = stream.set_zero_linger();
            false
        }
    }
}
