//! A place to run the command in, and what comes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

pub const FLIGHTS: u64 = 336_776;
pub const REJECTED: u64 = 5;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn plugin() -> String {
    guest("flights")
}

pub fn guest(name: &str) -> String {
    plugin_if_built(name)
        .unwrap_or_else(|| panic!("target/plugins/{name}.wasm is not there; `cargo xtask plugins` builds it"))
}

/// A guest of a language that this machine may have no tools for.
pub fn plugin_if_built(name: &str) -> Option<String> {
    let path = root().join(format!("target/plugins/{name}.wasm"));
    path.is_file().then(|| path.to_string_lossy().into_owned())
}

pub fn flights() -> String {
    example("flights.csv.gz")
}

/// A file of the flights example.
pub fn example(name: &str) -> String {
    in_examples(&format!("flights/{name}"))
}

/// A file or folder of the examples.
pub fn in_examples(name: &str) -> String {
    root().join("examples").join(name).to_string_lossy().into_owned()
}

/// A working folder for one test, with a history of its own.
pub struct Place {
    folder: tempfile::TempDir,
    cache: PathBuf,
}

impl Place {
    /// With a cache of its own, too.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = folder.path().join(".cache");
        Self { folder, cache }
    }

    /// With the cache that tests of large guests share: compiling an interpreter takes seconds.
    pub fn of_large_guests() -> Self {
        Self {
            cache: Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"),
            ..Self::new()
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenon"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TENON_CACHE", &self.cache)
            .env("TENON_HOME", self.path(".home"))
            .env_remove("TENON_LOG")
            .stdin(Stdio::null());
        command
    }

    pub fn tenon(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().expect("started"))
    }

    /// `tenon run` of the flights plugin over the flights.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let (plugin, flights) = (plugin(), flights());
        let mut all = vec!["run", plugin.as_str(), "--from", flights.as_str(), "--null", "NA"];
        all.extend(arguments);
        self.tenon(&all)
    }

    /// Names in the folder, hidden ones included, without cache and history.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
        let mut names: Vec<String> = names.filter(|name| name != ".cache" && name != ".home").collect();
        names.sort_unstable();
        names
    }
}

pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
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
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Checks that it failed with this code, in sentences; answers with what it said.
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for noise in [
            "panicked",
            "RUST_BACKTRACE",
            "Error {",
            "Os {",
            "DataFusionError",
            "External(",
        ] {
            assert!(!self.stderr.contains(noise), "{}", self.stderr);
        }
        self.stderr
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

pub fn parquet(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .expect("Parquet")
        .build()
        .expect("a reader");
    reader.map(|batch| batch.expect("readable")).collect()
}

pub fn rows(folder: &Path) -> u64 {
    let files = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    files
        .flat_map(|file| parquet(&file))
        .map(|batch| batch.num_rows() as u64)
        .sum()
}
