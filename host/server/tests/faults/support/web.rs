//! A web server that does as it is told.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::PATIENCE;

/// What a server does with a request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this body.
    Text(String),
    /// Answers with this body once the gate is open.
    Gate(String, watch::Receiver<bool>),
    /// Sends the client elsewhere.
    Redirect(String),
    /// Never answers.
    Hang,
}

/// The server. It ends when this is dropped.
pub struct Web {
    pub port: u16,
    asked: watch::Receiver<Vec<String>>,
    task: JoinHandle<()>,
}

impl Web {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (told, asked) = watch::channel(Vec::new());
        let told = Arc::new(told);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behaviour.clone(), Arc::clone(&told)));
            }
        });
        Self { port, asked, task }
    }

    /// `http://` with its address and a file.
    pub fn url(&self, file: &str) -> String {
        format!("http://127.0.0.1:{}/{file}", self.port)
    }

    /// The heads and bodies of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// Waits for so many requests.
    pub async fn wait_for(&self, requests: usize) {
        let mut asked = self.asked.clone();
        let waiting = asked.wait_for(|asked| asked.len() >= requests);
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited
            .unwrap_or_else(|_| panic!("{requests} requests do not come, only {}", self.asked().len()))
            .expect("it runs");
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, told: Arc<watch::Sender<Vec<String>>>) {
    while let Some(request) = read(&mut stream).await {
        told.send_modify(|asked| asked.push(request.clone()));
        let answer = match behaviour.clone() {
            Behaviour::Text(text) => with_body(&text, &request),
            Behaviour::Gate(text, mut gate) => {
                let _ = gate.wait_for(|open| *open).await;
                with_body(&text, &request)
            }
            Behaviour::Redirect(to) => {
                format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
            }
            Behaviour::Hang => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A file, or the part of it that was asked for.
fn with_body(text: &str, request: &str) -> String {
    let range = request.lines().find_map(|line| {
        let line = line.to_ascii_lowercase();
        let (from, to) = line.strip_prefix("range: bytes=")?.split_once('-')?;
        let from: usize = from.parse().ok()?;
        let to = to.parse().map_or(text.len(), |to: usize| (to + 1).min(text.len()));
        (from < to).then_some((from, to))
    });
    let (status, part, which) = match range {
        Some((from, to)) => {
            let which = format!("content-range: bytes {from}-{}/{}\r\n", to - 1, text.len());
            ("206 Partial Content", &text[from..to], which)
        }
        None => ("200 OK", text, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/csv\r\nlast-modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n\
         etag: \"1\"\r\naccept-ranges: bytes\r\n{which}content-length: {}\r\n\r\n",
        part.len()
    );
    if request.starts_with("HEAD") { head } else { head + part }
}

/// The next request, whole.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap_or(0));
            if bytes.len() >= end + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let mut chunk = [0; 8192];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
