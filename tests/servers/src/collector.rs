//! A collector of OpenTelemetry, which keeps what it is sent by OTLP over HTTP.

mod http;
mod protobuf;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;

use protobuf::{Field, fields};

/// Longest time that something may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A collector on a port of its own, until the process ends.
#[derive(Clone, Debug)]
pub struct Collector {
    address: SocketAddr,
    received: Arc<Received>,
}

#[derive(Debug, Default)]
struct Received {
    requests: Mutex<Vec<Request>>,
    more: Condvar,
}

/// How a collector answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// Never.
    Nothing,
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its path, as `/v1/traces`.
    pub path: String,
    /// Its headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A span.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// What it is called.
    pub name: String,
    /// The trace that it is part of, in hexadecimal.
    pub trace: String,
    /// Its id, in hexadecimal.
    pub id: String,
    /// The id of the span that it is part of; empty for a root.
    pub parent: String,
    /// When it began, in nanoseconds since 1970.
    pub began: u64,
    /// When it ended, in nanoseconds since 1970.
    pub ended: u64,
    /// Its attributes, as texts.
    pub attributes: BTreeMap<String, String>,
    /// What went wrong, if it has failed.
    pub error: Option<String>,
    /// The attributes of whoever sent it.
    pub resource: BTreeMap<String, String>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it says.
    pub message: String,
    /// How much it matters, as `INFO`.
    pub severity: String,
    /// The trace that it is about, in hexadecimal; may be empty.
    pub trace: String,
    /// The span that it is about, in hexadecimal; may be empty.
    pub span: String,
    /// Its attributes, as texts.
    pub attributes: BTreeMap<String, String>,
    /// The attributes of whoever sent it.
    pub resource: BTreeMap<String, String>,
}

impl Collector {
    /// A collector that takes everything.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn start() -> anyhow::Result<Self> {
        Self::answering(Answer::Status(200))
    }

    /// A collector that answers all requests like this.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn answering(answer: Answer) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for a collector")?;
        let address = listener.local_addr()?;
        let received = Arc::new(Received::default());
        let keep = Arc::clone(&received);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let keep = Arc::clone(&keep);
                std::thread::spawn(move || {
                    // Whoever sends may go away at any time.
                    let _ = http::answer(connection, answer, |request| keep.add(request));
                });
            }
        });
        Ok(Self { address, received })
    }

    /// What senders are told.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was received so far.
    pub fn requests(&self) -> Vec<Request> {
        self.received.lock().clone()
    }

    /// All spans that were received so far.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.requests();
        let requests = requests.iter().filter(|request| request.path == "/v1/traces");
        requests.flat_map(|request| spans(&request.body)).collect()
    }

    /// All lines of logs that were received so far.
    pub fn lines(&self) -> Vec<Line> {
        let requests = self.requests();
        let requests = requests.iter().filter(|request| request.path == "/v1/logs");
        requests.flat_map(|request| lines(&request.body)).collect()
    }

    /// Looks whenever something was received until `find` finds what it looks for.
    ///
    /// # Panics
    /// If it is not found for a minute: then it says what `what` is, and what was received.
    pub fn wait_for<T>(&self, what: &str, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let seen = self.received.lock().len();
            if let Some(found) = find(self) {
                return found;
            }
            assert!(
                self.received.wait(seen, until),
                "{what} does not come; there are {:#?} {:#?}",
                self.spans(),
                self.lines()
            );
        }
    }
}

impl Received {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, request: Request) {
        self.lock().push(request);
        self.more.notify_all();
    }

    /// Waits until there are more than were seen. False if it takes too long.
    fn wait(&self, seen: usize, until: Instant) -> bool {
        let mut requests = self.lock();
        while requests.len() <= seen {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.more.wait_timeout(requests, left);
            requests = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

fn spans(body: &[u8]) -> Vec<Span> {
    each_of_a_resource(body, |span, resource| {
        let mut found = Span {
            name: String::new(),
            trace: String::new(),
            id: String::new(),
            parent: String::new(),
            began: 0,
            ended: 0,
            attributes: BTreeMap::new(),
            error: None,
            resource: resource.clone(),
        };
        for (number, field) in fields(span) {
            match (number, field) {
                (1, Field::Bytes(id)) => found.trace = hexadecimal(id),
                (2, Field::Bytes(id)) => found.id = hexadecimal(id),
                (4, Field::Bytes(id)) => found.parent = hexadecimal(id),
                (5, Field::Bytes(name)) => found.name = text(name),
                (7, Field::Number(time)) => found.began = time,
                (8, Field::Number(time)) => found.ended = time,
                (9, Field::Bytes(pair)) => found.attributes.extend([attribute(pair)]),
                (15, Field::Bytes(status)) => found.error = error(status),
                _ => {}
            }
        }
        found
    })
}

fn lines(body: &[u8]) -> Vec<Line> {
    each_of_a_resource(body, |line, resource| {
        let mut found = Line {
            message: String::new(),
            severity: String::new(),
            trace: String::new(),
            span: String::new(),
            attributes: BTreeMap::new(),
            resource: resource.clone(),
        };
        for (number, field) in fields(line) {
            match (number, field) {
                (3, Field::Bytes(severity)) => found.severity = text(severity),
                (5, Field::Bytes(message)) => found.message = value(message),
                (6, Field::Bytes(pair)) => found.attributes.extend([attribute(pair)]),
                (9, Field::Bytes(id)) => found.trace = hexadecimal(id),
                (10, Field::Bytes(id)) => found.span = hexadecimal(id),
                _ => {}
            }
        }
        found
    })
}

/// Requests have resources, these have scopes, and these have what is looked for.
fn each_of_a_resource<T>(body: &[u8], of: impl Fn(&[u8], &BTreeMap<String, String>) -> T) -> Vec<T> {
    let mut found = Vec::new();
    for about in messages(body, 1) {
        let attributes = messages(about, 1).flat_map(|resource| messages(resource, 1));
        let resource: BTreeMap<String, String> = attributes.map(attribute).collect();
        for scope in messages(about, 2) {
            found.extend(messages(scope, 2).map(|message| of(message, &resource)));
        }
    }
    found
}

fn messages(bytes: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(bytes).filter_map(move |(number, field)| match field {
        Field::Bytes(bytes) if number == wanted => Some(bytes),
        _ => None,
    })
}

fn attribute(pair: &[u8]) -> (String, String) {
    let key = messages(pair, 1).next().map(text).unwrap_or_default();
    let value = messages(pair, 2).next().map(value).unwrap_or_default();
    (key, value)
}

fn value(value: &[u8]) -> String {
    match fields(value).next() {
        Some((1, Field::Bytes(bytes))) => text(bytes),
        Some((2, Field::Number(number))) => (number == 1).to_string(),
        Some((3, Field::Number(number))) => (number as i64).to_string(),
        Some((4, Field::Number(bits))) => f64::from_bits(bits).to_string(),
        _ => String::new(),
    }
}

fn error(status: &[u8]) -> Option<String> {
    let is_error = fields(status).any(|field| matches!(field, (3, Field::Number(2))));
    is_error.then(|| messages(status, 2).next().map(text).unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
