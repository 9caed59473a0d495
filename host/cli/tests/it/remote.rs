//! `tenon --server URL`, against a server that is started for it.

mod access;
mod coverage;
mod jobs;
mod plugins;
mod schedules;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::place::{Ended, Place};
use crate::serve::served::Served;

/// A job that appends what is in one file to a folder.
pub const COPY: &str = "[sources.orders]\nurl = \"in.csv\"\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";

/// A server with the tenant `shop`, and who asks it.
pub struct Asked {
    pub place: Place,
    pub server: Served,
}

impl Asked {
    /// A server whose tenant has a file, and a job that copies it.
    pub fn new() -> Self {
        let place = Place::new();
        let server = Served::start(&place, None);
        let asked = Self { place, server };
        asked
            .tenon(&["tenant", "create", "shop", "--title", "The shop"])
            .succeeded();
        fs::create_dir_all(asked.place.path("data/tenants/shop/files")).expect("made");
        fs::write(asked.place.path("data/tenants/shop/files/in.csv"), "number\n1\n2\n3\n").expect("written");
        fs::write(asked.place.path("copy.toml"), COPY).expect("written");
        asked
            .tenon(&["job", "put", "copy.toml", "--set", "max_retries=0"])
            .succeeded();
        asked
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The command with the operator's token, about the tenant `shop`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let url = self.url();
        let mut all = vec!["--server", url.as_str()];
        all.extend(arguments);
        let mut command = self.place.command(&all);
        command
            .env("TENON_TOKEN", &self.server.token)
            .env("TENON_TENANT", "shop");
        command
    }

    pub fn tenon(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().expect("started"))
    }

    /// The same with this on standard input.
    pub fn given(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("written");
        drop(stdin);
        Ended::from(child.wait_with_output().expect("ended"))
    }

    /// Numbers that are in the tenant's target.
    pub fn copied(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.place.path("data/tenants/shop/files/out"))
            .into_iter()
            .flatten()
            .flatten()
        {
            if !entry.file_name().to_string_lossy().starts_with(['.', '_']) {
                let text = fs::read_to_string(entry.path()).expect("text");
                numbers.extend(text.lines().skip(1).map(|line| line.parse::<u64>().expect("a number")));
            }
        }
        numbers.sort_unstable();
        numbers
    }
}
