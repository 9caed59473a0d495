//! A server of e-mail that keeps what it is sent.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The server. It accepts all, unless `refuse` says a line to answer recipients with.
pub struct SmtpServer {
    pub port: u16,
    conversations: Arc<Mutex<Vec<Vec<String>>>>,
    refuse: Arc<Mutex<Option<&'static str>>>,
    task: JoinHandle<()>,
}

impl SmtpServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let conversations: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let refuse: Arc<Mutex<Option<&'static str>>> = Arc::default();
        let (kept, refused) = (Arc::clone(&conversations), Arc::clone(&refuse));
        let task = tokio::spawn(async move {
            // They end with it.
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                connections.spawn(converse(stream, Arc::clone(&kept), Arc::clone(&refused)));
            }
        });
        Self {
            port,
            conversations,
            refuse,
            task,
        }
    }

    /// What was said, line by line, one list for each connection.
    pub fn conversations(&self) -> Vec<Vec<String>> {
        self.conversations.lock().clone()
    }

    pub fn refuse(&self, answer: Option<&'static str>) {
        *self.refuse.lock() = answer;
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection, which may stay open for more than one e-mail.
async fn converse(mut stream: TcpStream, kept: Arc<Mutex<Vec<Vec<String>>>>, refuse: Arc<Mutex<Option<&'static str>>>) {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    let mut in_data = false;
    let number = {
        let mut kept = kept.lock();
        kept.push(Vec::new());
        kept.len() - 1
    };
    writer.write_all(b"220 test\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        kept.lock()[number].push(line.clone());
        let command = line.to_ascii_uppercase();
        let answer: &str = if in_data {
            if line != "." {
                continue;
            }
            in_data = false;
            "250 kept\r\n"
        } else if command.starts_with("EHLO") {
            "250-test\r\n250 8BITMIME\r\n"
        } else if command.starts_with("RCPT") {
            refuse.lock().unwrap_or("250 ok\r\n")
        } else if command == "DATA" {
            in_data = true;
            "354 go on\r\n"
        } else if command == "QUIT" {
            let _ = writer.write_all(b"221 bye\r\n").await;
            break;
        } else {
            "250 ok\r\n"
        };
        if writer.write_all(answer.as_bytes()).await.is_err() {
            break;
        }
    }
}
