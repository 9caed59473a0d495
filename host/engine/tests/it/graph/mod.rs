//! Jobs of several sources, steps and sinks.
#![allow(clippy::format_collect, reason = "inputs are small and read once")]

mod flow;
mod steps;

use std::collections::BTreeMap;
use std::fs;

use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_engine::{Error, Job, Progress, Step};

use crate::stage::engine;

const ORDERS: &str = "\
id,customer,country,amount,status
1,Ann,DE,10.5,paid
2,Bob,FR,20,open
3,Ann,DE,5,paid
4,Cid,XX,7,paid
5,Bob,FR,1,paid
";
const RATES: &str = "country,rate\nDE,1\nFR,2\nIT,3\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("orders.csv"), ORDERS).expect("written");
        fs::write(folder.path().join("rates.csv"), RATES).expect("written");
        Self(folder)
    }

    fn url(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("readable")
    }

    /// Orders and rates.
    fn job(&self) -> Job {
        Job::new("orders")
            .source("orders", ReadConfig::new(self.url("orders.csv")))
            .source("rates", ReadConfig::new(self.url("rates.csv")))
    }

    /// What comes out of one step over orders and rates, sorted by line.
    async fn outcome(&self, step: Step) -> Result<Vec<String>, Error> {
        let job = self
            .job()
            .step("step", step)
            .sink("out", "step", WriteConfig::new(self.url("out.csv")));
        engine().run(&job, &Progress::default()).await?;
        let text = self.text("out.csv");
        fs::remove_file(self.0.path().join("out.csv")).expect("removed");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..].sort();
        Ok(lines)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn from(name: &str) -> String {
    name.to_owned()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
