//! The command, as a person uses it, on the flights data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

const FLIGHTS: u64 = 336_776;
const REJECTED: u64 = 5;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn plugin() -> String {
    let path = root().join("target/plugins/flights.wasm");
    assert!(path.is_file(), "{} is not there; `cargo xtask plugins` builds it", path.display());
    path.to_string_lossy().into_owned()
}

fn flights() -> String {
    root().join("examples/flights/flights.csv.gz").to_string_lossy().into_owned()
}

/// A working folder for one test, with a cache of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenon"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("TENON_CACHE", self.path(".cache"))
            .env_remove("TENON_LOG")
            .stdin(Stdio::null());
        command
    }

    fn tenon(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().expect("started"))
    }

    /// `tenon run` of the flights plugin over the flights.
    fn run(&self, arguments: &[&str]) -> Ended {
        let (plugin, flights) = (plugin(), flights());
        let mut all = vec!["run", plugin.as_str(), "--from", flights.as_str(), "--null", "NA"];
        all.extend(arguments);
        self.tenon(&all)
    }

    /// Names in the folder, hidden ones included, without the cache.
    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
        let mut names: Vec<String> = names.filter(|name| name != ".cache").collect();
        names.sort_unstable();
        names
    }
}

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl Ended {
    fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Checks that it failed with this code, in sentences; answers with what it said.
    fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for noise in ["panicked", "RUST_BACKTRACE", "Error {", "Os {", "DataFusionError", "External("] {
            assert!(!self.stderr.contains(noise), "{}", self.stderr);
        }
        self.stderr
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

fn parquet(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("a reader");
    reader.map(|batch| batch.expect("readable")).collect()
}

fn rows(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.flat_map(|file| parquet(&file)).map(|batch| batch.num_rows() as u64).sum()
}

#[test]
fn the_whole_job() {
    let place = Place::new();
    let ended = place.run(&["--to", "out/", "--rejects", "rejected.ndjson", "--json"]).succeeded();
    let report = ended.json();
    assert_eq!(report["status"], "succeeded");
    assert_eq!((report["rows_in"].as_u64(), report["rows_rejected"].as_u64()), (Some(FLIGHTS), Some(REJECTED)));
    assert_eq!(report["rows_out"].as_u64(), Some(FLIGHTS - REJECTED));
    assert!(report["rows_per_second"].as_f64().is_some_and(|rate| rate > 1000.0));
    assert_eq!(ended.stderr, "", "nothing but the report is printed where there is no terminal");
    assert_eq!(rows(&place.path("out")), FLIGHTS - REJECTED);
    let first = fs::read_dir(place.path("out")).expect("a folder").next().expect("a file").expect("an entry").path();
    let columns: Vec<String> = parquet(&first)[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!((columns.len(), columns.last().map(String::as_str)), (20, Some("delay_category")));

    let rejected = fs::read_to_string(place.path("rejected.ndjson")).expect("readable");
    let rejected: Vec<Value> =
        rejected.lines().map(|line| serde_json::from_str(line).expect("one object per line")).collect();
    assert_eq!(rejected.len() as u64, REJECTED);
    for row in &rejected {
        assert_eq!((&row["rejected_by"], &row["carrier"]), (&Value::from("categorise"), &Value::from("DL")));
        assert!(row["rejected_because"].as_str().is_some_and(|reason| !reason.is_empty()));
    }

    // Again: not over what is there, unless told so.
    let message = place.run(&["--to", "out/"]).failed(3);
    assert!(message.contains("out/ already holds data") && message.contains("`overwrite`"), "{message}");
    place.run(&["--to", "out/", "--mode", "ignore"]).succeeded();
    place.run(&["--to", "out/", "--mode", "overwrite", "--rejects", "rejected.ndjson"]).succeeded();
    assert_eq!(rows(&place.path("out")), FLIGHTS - REJECTED);
    place.run(&["--to", "out/", "--mode", "append", "--compression", "snappy", "--partitions", "1"]).succeeded();
    assert_eq!(rows(&place.path("out")), 2 * (FLIGHTS - REJECTED));
    assert_eq!(place.names(""), ["out", "rejected.ndjson"]);
}

#[test]
fn one_file_and_a_table_for_people() {
    let place = Place::new();
    let ended = place.run(&["--to", "out.parquet", "--set", "late_after=30"]).succeeded();
    for text in ["336,776", "336,771", "rejected", "rows/s", "out.parquet", "sandbox", "peak memory"] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\x1b'), "no colours where there is no terminal");
    let batches = parquet(&place.path("out.parquet"));
    assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), FLIGHTS - REJECTED);
    assert_eq!(place.names(""), ["out.parquet"]);

    let quiet = place.run(&["--to", "out.csv", "--quiet"]).succeeded();
    assert_eq!((quiet.stdout, quiet.stderr), (String::new(), String::new()));
    let text = fs::read_to_string(place.path("out.csv")).expect("readable");
    assert_eq!(text.lines().count() as u64, FLIGHTS - REJECTED + 1);
}

#[test]
fn mistakes_have_their_exit_codes_and_sentences() {
    let place = Place::new();
    let (plugin, flights) = (plugin(), flights());
    fs::write(place.path("bad.csv"), "dep_delay,arr_delay,tailnum,air_time,distance\n1,2,N1,3,4\nx,2,N1,3,4\n")
        .expect("written");
    fs::write(place.path("junk.wasm"), "no component").expect("written");

    let cases: [(i32, &[&str], &str); 14] = [
        (2, &["run", &plugin, "--from", &flights], "--to <PATH>"),
        (2, &["run", &plugin, "--from", &flights, "--to", "o/", "--set", "late"], "expected KEY=VALUE"),
        (2, &["run", &plugin, "--from", &flights, "--to", "o/", "--config", "[1]"], "expected a JSON object"),
        (2, &["run", &plugin, "--from", &flights, "--to", "o/", "--secret", "k=v"], "does not belong on a command line"),
        (2, &["run", &plugin, "--from", &flights, "--to", "o/", "--secret", "k=env:TENON_NO_SUCH"], "TENON_NO_SUCH"),
        (3, &["run", "none.wasm", "--from", &flights, "--to", "o/"], "there is no plugin none.wasm"),
        (3, &["run", "junk.wasm", "--from", &flights, "--to", "o/"], "neither a WebAssembly component"),
        (3, &["run", &plugin, "--from", "none.csv", "--to", "o/"], "there is no file or folder none.csv"),
        (3, &["run", &plugin, "--from", &flights, "--to", "o.xlsx"], "cannot tell the format of o.xlsx"),
        (3, &["run", &plugin, "--from", &flights, "--to", "o/", "--null", "NA", "--function", "x"], "`categorise`"),
        (3, &["run", &plugin, "--from", &flights, "--to", "o/", "--null", "NA", "--set", "nonsense=1"], "nonsense"),
        (1, &["run", &plugin, "--from", "bad.csv", "--to", "o/", "--infer-rows", "1"], "bad.csv, line 3: column `dep_delay`"),
        (4, &["run", &plugin, "--from", &flights, "--to", "o/", "--null", "NA", "--timeout", "1ms"], "timeout of 1ms"),
        (4, &["run", &plugin, "--from", &flights, "--to", "o/", "--null", "NA", "--max-rejects", "2"], "more than 2 rows"),
    ];
    for (code, arguments, sentence) in cases {
        let message = place.tenon(arguments).failed(code);
        assert!(message.contains(sentence), "{arguments:?}: {message}");
        assert!(message.starts_with("error: "), "{message}");
        assert_eq!(place.names(""), ["bad.csv", "junk.wasm"], "{arguments:?}");
    }
    let failed = place.tenon(&["run", "none.wasm", "--from", "x.csv", "--to", "o/", "--json"]);
    assert_eq!((&failed.json()["status"], &failed.json()["exit_code"]), (&Value::from("failed"), &Value::from(3)));
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_visible() {
    let place = Place::new();
    // So that the plugin is compiled and the run is in its midst when it is interrupted.
    place.run(&["--to", "first.parquet"]).succeeded();
    fs::remove_file(place.path("first.parquet")).expect("removed");
    let (plugin, flights) = (plugin(), flights());
    let mut child = place
        .command(&["run", &plugin, "--from", &flights, "--null", "NA", "--to", "out/", "--partitions", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let begun = Instant::now();
    while place.names("out").iter().all(|name| !name.ends_with(".staged")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is being written");
        assert!(child.try_wait().expect("known").is_none(), "it ended before it could be interrupted");
        std::thread::sleep(Duration::from_millis(1));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("started");
    assert!(killed.success());
    let ended = Ended::from(child.wait_with_output().expect("ended"));
    let message = ended.failed(130);
    assert!(message.contains("the run was stopped; nothing was written"), "{message}");
    assert_eq!(place.names(""), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_nothing_visible_and_can_be_repeated() {
    let place = Place::new();
    place.run(&["--to", "first.parquet"]).succeeded();
    let (plugin, flights) = (plugin(), flights());
    for millis in [150, 300, 450, 600, 900] {
        let arguments = ["run", &plugin, "--from", &flights, "--null", "NA", "--to", "out/", "--mode", "overwrite"];
        let mut child =
            place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().expect("killed or ended");
        child.wait().expect("ended");
        let visible: Vec<PathBuf> = place
            .names("out")
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .map(|name| place.path("out").join(name))
            .collect();
        // Either the commit had begun, then whole files are there, or nothing is.
        visible.iter().for_each(|file| drop(parquet(file)));
    }
    place.run(&["--to", "out/", "--mode", "overwrite"]).succeeded();
    assert_eq!(rows(&place.path("out")), FLIGHTS - REJECTED);
    assert!(place.names("out").iter().all(|name| !name.starts_with('.')));
}

#[test]
fn a_plugin_shows_what_it_offers() {
    let place = Place::new();
    let shown = place.tenon(&["inspect", &plugin()]).succeeded().stdout;
    for text in ["categorise", "transform", "sha256:", "--set late_after", "integer, default 15", "dep_delay"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let json = place.tenon(&["inspect", &plugin(), "--json"]).succeeded().json();
    assert_eq!(json["functions"][0]["name"], "categorise");
    assert_eq!(json["functions"][0]["config"]["properties"]["late_after"]["default"], 15);
    assert_eq!(json["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn help_and_completions() {
    let place = Place::new();
    let help = place.tenon(&["--help"]).succeeded().stdout;
    assert!(help.contains("Exit codes:") && help.contains("130"), "{help}");
    for command in ["run", "inspect", "build", "completions"] {
        let help = place.tenon(&[command, "--help"]).succeeded().stdout;
        assert!(help.contains("Examples:"), "{help}");
    }
    assert!(place.tenon(&["completions", "bash"]).succeeded().stdout.contains("_tenon()"));
    let nearest = place.tenon(&["rum"]).failed(2);
    assert!(nearest.contains("run"), "{nearest}");
}
