//! A server in a process of its own, and what becomes of its runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::place::Place;

/// Longest time that something may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The states in which a run stays.
pub const ENDS: [&str; 5] = ["SUCCEEDED", "FAILED", "ERROR", "STOPPED", "TIMEOUT"];

/// Jobs that run at the same time.
const JOBS: usize = 4;

/// A server, which is killed when this is dropped.
pub struct Served {
    process: Child,
    pub address: String,
    pub token: String,
}

impl Served {
    /// Starts a server in the folder `data` of a place.
    pub fn start(place: &Place, token: Option<String>) -> Self {
        Self::with(place, &["serve", "--data", "data", "--listen", "127.0.0.1:0"], token)
    }

    /// Starts a server with these arguments.
    pub fn with(place: &Place, arguments: &[&str], token: Option<String>) -> Self {
        Self::spawned(
            place
                .command(arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("started"),
            token,
        )
    }

    /// A process that has become, or will become, a server.
    pub fn spawned(process: Child, token: Option<String>) -> Self {
        Self::listened_to(process, token).0
    }

    /// The same, and all that it says on stderr, also later.
    pub fn heard(process: Child) -> (Self, Arc<Mutex<String>>) {
        Self::listened_to(process, None)
    }

    fn listened_to(mut process: Child, token: Option<String>) -> (Self, Arc<Mutex<String>>) {
        let token = token.unwrap_or_else(|| {
            let mut line = String::new();
            let mut said = BufReader::new(process.stdout.take().expect("piped"));
            said.read_line(&mut line).expect("text");
            line.rsplit(' ').next().expect("a token").trim().to_owned()
        });
        let mut errors = BufReader::new(process.stderr.take().expect("piped"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let bytes = errors.read_line(&mut line).expect("text");
            assert!(bytes > 0, "the server has ended: {said}");
            if let Some((_, address)) = line.trim().split_once("listening at http://") {
                break address.to_owned();
            }
            said.push_str(&line);
        };
        // What it says later must not fill the pipe.
        let heard = Arc::new(Mutex::new(said));
        let more = Arc::clone(&heard);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let mut heard = more.lock().expect("nobody fails in between");
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        let server = Self {
            process,
            address,
            token,
        };
        (server, heard)
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(mut self) -> ExitStatus {
        let told = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        assert!(told.expect("kill").success());
        self.process.wait().expect("ended")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// As a crash would, or the kernel that is out of memory. Answers with the token.
    pub fn kill(mut self) -> String {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
        self.token.clone()
    }

    /// A request; the status and the body. None where the server does not answer, as it has been killed.
    pub fn try_ask(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        exchange(&self.address, &request)
    }

    /// A request to a server that lives.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_ask(method, path, body)
            .unwrap_or_else(|| panic!("{method} {path} is not answered"))
    }

    pub fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, Some(body));
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// A run of the tenant `shop`.
    pub fn run(&self, run: &str) -> Value {
        let (status, answer) = self.ask("GET", &format!("/v1/tenants/shop/runs/{run}"), None);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Waits until something is so.
    pub fn eventually<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "it does not come about that {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until all runs have ended, and checks that each did so well, and once.
    pub fn all_succeed(&self, runs: &[String]) {
        for run in runs {
            let ended = self.eventually(&format!("{run} ends"), |server| {
                let found = server.run(run);
                ENDS.contains(&found["state"].as_str().unwrap_or_default())
                    .then_some(found)
            });
            assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
        }
        // Events are put into their order a moment after they happened.
        let ended = self.eventually("the end of each run is told", |server| {
            let ended = server.ends_told();
            runs.iter().all(|run| ended.contains_key(run)).then_some(ended)
        });
        for run in runs {
            assert_eq!(ended[run], 1, "the end of {run} is told once");
        }
    }

    /// How often the end of each run of `shop` is told.
    fn ends_told(&self) -> BTreeMap<String, u32> {
        let mut told = BTreeMap::new();
        let mut after = String::new();
        loop {
            let (status, page) = self.ask("GET", &format!("/v1/tenants/shop/events?limit=1000{after}"), None);
            assert_eq!(status, 200, "{page}");
            for event in page["items"].as_array().expect("a list") {
                let kind = event["kind"].as_str().expect("a kind");
                let is_end = kind
                    .strip_prefix("run.")
                    .is_some_and(|state| ENDS.contains(&state.to_ascii_uppercase().as_str()));
                if is_end {
                    *told
                        .entry(event["subject"].as_str().expect("a run").to_owned())
                        .or_default() += 1;
                }
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return told,
            }
        }
    }

    /// The tenant `shop` with a file of three numbers, and jobs that append them to folders of their own below `out`, side by
    /// side.
    pub fn furnish(&self, files: &Path, out: &str) {
        let quotas = json!({ "storage_prefixes": ["*"] });
        self.done("PUT", "/v1/tenants/shop", &json!({ "quotas": quotas }));
        fs::create_dir_all(files).expect("made");
        fs::write(files.join("in.csv"), "number\n1\n2\n3\n").expect("written");
        let input = files.join("in.csv").display().to_string();
        for job in 0..JOBS {
            let definition = format!(
                "[sources.orders]\nurl = \"{input}\"\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"{out}{job}/\"\n\
                 format = \"csv\"\nmode = \"append\"\n"
            );
            let settings = json!({ "max_retries": 100, "retry_delay_seconds": 0 });
            let path = format!("/v1/tenants/shop/jobs/copy-{job}");
            self.done("PUT", &path, &json!({ "definition": definition, "settings": settings }));
        }
    }

    /// Asks for a run of one of the jobs; its id, if it was accepted.
    pub fn submit(&self, job: usize) -> Option<String> {
        let path = format!("/v1/tenants/shop/jobs/copy-{}/runs", job % JOBS);
        let (status, answer) = self.try_ask("POST", &path, Some(&json!({})))?;
        (status == 201).then(|| answer["id"].as_str().expect("an id").to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn exchange(address: &str, request: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    // What was cut off was not answered.
    let is_whole = length.is_none_or(|length| length.parse() == Ok(body.len()));
    is_whole.then(|| (status, serde_json::from_str(body).unwrap_or_default()))
}

/// Numbers in the files of the jobs' folders below one, sorted.
pub fn written(folder: &Path) -> Vec<u64> {
    let mut numbers = Vec::new();
    let folders = (0..JOBS).map(|job| folder.join(job.to_string()));
    for entry in folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("text");
        numbers.extend(text.lines().skip(1).map(|line| line.parse::<u64>().expect("a number")));
    }
    numbers.sort_unstable();
    numbers
}

/// What so many runs of `copy` write.
pub fn expected(runs: usize) -> Vec<u64> {
    (1..=3).flat_map(|number| vec![number; runs]).collect()
}
