//! `tenon run --watch`.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::new::{LACKS, share_dependencies};
use crate::place::{Place, guest, rows};

/// Longer than a build and a run take on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(180);

/// A process that watches, and the lines that it writes to stderr.
pub struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::of(&mut place.command(arguments))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                sender.send(line).ok();
            }
        });
        Self { child, lines }
    }

    /// Waits for a line with this text; answers with those before it.
    pub fn until(&self, text: &str) -> String {
        let mut before = String::new();
        let until = Instant::now() + PATIENCE;
        loop {
            // All together: something else may be said for ever.
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|error| panic!("no `{text}` came ({error}), but: {before}"));
            if line.contains(text) {
                return before;
            }
            before.push_str(&line);
        }
    }

    pub fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().expect("started");
        assert!(sent.success());
        self.child.wait().expect("ended").code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // A test that failed leaves nobody behind.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_change_of_the_job_or_its_data_runs_it_again() {
    let place = Place::new();
    let job = |select: &str| {
        let text = format!(
            "[sources.days]\nurl = \"in.csv\"\n[steps.some]\nsql = \"select {select} from days\"\n\
             [sinks.out]\nfrom = \"some\"\nurl = \"out.csv\"\n"
        );
        fs::write(place.path("days.toml"), text).expect("written");
    };
    let written = || fs::read_to_string(place.path("out.csv")).expect("readable");
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    job("id");
    let watching = Watching::start(&place, &["run", "days.toml", "--watch"]);
    watching.until("watching");
    assert_eq!(written(), "id\n1\n");

    job("id, id + 1 as next");
    watching.until("days.toml has changed");
    watching.until("watching");
    assert_eq!(written(), "id,next\n1,2\n", "what it wrote itself is replaced");

    job("nothing");
    watching.until("days.toml has changed");
    let said = watching.until("watching");
    assert!(said.contains("error") && said.contains("nothing"), "{said}");
    assert_eq!(written(), "id,next\n1,2\n");

    job("id");
    watching.until("watching");
    fs::write(place.path("in.csv"), "id\n1\n20\n").expect("written");
    watching.until("in.csv has changed");
    watching.until("watching");
    assert_eq!(written(), "id\n1\n20\n");

    assert_eq!(watching.interrupt(), Some(0), "nothing was under way");
    let runs = place.tenon(&["runs", "--json"]).succeeded().json();
    let states = runs.as_array().expect("a list").iter().map(|run| run["state"].clone());
    let states: Vec<_> = states.collect();
    assert_eq!(states, ["SUCCEEDED", "SUCCEEDED", "ERROR", "SUCCEEDED", "SUCCEEDED"]);
}

#[test]
fn what_was_there_before_is_not_replaced() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    fs::write(place.path("out.csv"), "mine\n").expect("written");
    let job = "[sources.days]\nurl = \"in.csv\"\n[sinks.out]\nfrom = \"days\"\nurl = \"out.csv\"\n";
    fs::write(place.path("days.toml"), job).expect("written");
    let watching = Watching::start(&place, &["run", "days.toml", "--watch"]);
    let said = watching.until("watching");
    assert!(said.contains("already holds data"), "{said}");
    assert_eq!(fs::read_to_string(place.path("out.csv")).expect("readable"), "mine\n");
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn what_is_ignored_is_replaced_where_the_watch_has_written_it() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    fs::write(place.path("theirs.csv"), "theirs\n").expect("written");
    let sink = |name: &str| format!("[sinks.{name}]\nfrom = \"days\"\nurl = \"{name}.csv\"\nmode = \"ignore\"\n");
    let job = format!("[sources.days]\nurl = \"in.csv\"\n{}{}", sink("ours"), sink("theirs"));
    fs::write(place.path("days.toml"), job).expect("written");
    let written = |name: &str| fs::read_to_string(place.path(name)).expect("readable");
    let watching = Watching::start(&place, &["run", "days.toml", "--watch"]);
    watching.until("watching");
    assert_eq!(written("ours.csv"), "id\n1\n");

    fs::write(place.path("in.csv"), "id\n1\n20\n").expect("written");
    watching.until("in.csv has changed");
    watching.until("watching");
    assert_eq!(written("ours.csv"), "id\n1\n20\n");
    assert_eq!(written("theirs.csv"), "theirs\n");
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn what_is_appended_is_never_replaced() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "id\n1\n").expect("written");
    let job = "[sources.days]\nurl = \"in.csv\"\n[sinks.out]\nfrom = \"days\"\nurl = \"out/\"\nmode = \"append\"\n";
    fs::write(place.path("days.toml"), job).expect("written");
    let watching = Watching::start(&place, &["run", "days.toml", "--watch"]);
    let said = watching.until("watching");
    assert!(said.contains("adds its rows to out/"), "{said}");
    assert_eq!(rows(&place.path("out")), 1);

    fs::write(place.path("in.csv"), "id\n1\n20\n").expect("written");
    watching.until("in.csv has changed");
    let said = watching.until("watching");
    assert!(!said.contains("adds its rows"), "it was said before: {said}");
    assert_eq!(rows(&place.path("out")), 3);

    // To write only where nothing is does not make theirs what was appended to.
    fs::write(place.path("days.toml"), job.replace("append", "error")).expect("written");
    watching.until("days.toml has changed");
    let said = watching.until("watching");
    assert!(said.contains("already holds data"), "{said}");
    assert_eq!(rows(&place.path("out")), 3);
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn what_a_script_reads_and_writes_is_known_from_its_first_run_on() {
    let place = Place::new();
    fs::write(place.path("in.csv"), "n\n1\n20\n").expect("written");
    let written = || fs::read_to_string(place.path("out.csv")).expect("readable");
    let script = guest("script");
    let mut arguments = vec!["run", script.as_str(), "--watch"];
    for parameter in ["case=lake_writes", "from=in.csv", "to=out.csv"] {
        arguments.extend(["--param", parameter]);
    }
    let watching = Watching::start(&place, &arguments);
    watching.until("watching");
    assert_eq!(written(), "n\n60\n");

    fs::write(place.path("in.csv"), "n\n1\n200\n").expect("written");
    watching.until("in.csv has changed");
    let said = watching.until("watching");
    assert_eq!(written(), "n\n600\n", "{said}");
    assert_eq!(watching.interrupt(), Some(0));
}

/// The sources of a project that name what is changed; not its tests, data, or SDK.
fn sources_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if ["tests", "data", "target", "out", "job.toml"].contains(&name.as_str()) || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            found.extend(sources_with(&path, text));
        } else if !name.contains("test") && fs::read_to_string(&path).is_ok_and(|source| source.contains(text)) {
            found.push(path);
        }
    }
    found
}

/// A project is built and run, changed, and built and run again.
fn is_built_and_run_again(language: &str) {
    let place = Place::new();
    share_dependencies(&place);
    place.tenon(&["new", "watched", "--lang", language]).succeeded();
    let mut command = place.command(&["run", "job.toml", "--watch"]);
    // The tools are in the machine's own cache.
    let watching = Watching::of(command.current_dir(place.path("watched")).env_remove("TENON_CACHE"));
    let said = watching.until("watching ");
    let output = place.path("watched/out/classified.csv");
    if !output.is_file() && LACKS.iter().any(|lack| said.contains(lack)) {
        println!("\nSKIPPED watching a project in {language}, which cannot be built here: {said}");
        return;
    }
    let written = || fs::read_to_string(&output).unwrap_or_else(|error| panic!("{language}: {error}: {said}"));
    assert!(written().contains(",large\n"), "{language}: {said}");

    let sources = sources_with(&place.path("watched"), "\"small\"");
    assert_eq!(sources.len(), 1, "{language}: {sources:?}");
    let source = fs::read_to_string(&sources[0]).expect("readable");
    fs::write(&sources[0], source.replace("\"small\"", "\"little\"")).expect("written");
    watching.until("has changed");
    let said = watching.until("watching ");
    assert!(written().contains(",little\n"), "{language}: {said}");
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn a_project_is_built_and_run_again() {
    for language in ["python", "js", "ts", "go", "c", "cpp", "zig"] {
        is_built_and_run_again(language);
    }
}

/// By itself, as it takes as long as the others together.
#[test]
fn a_project_in_rust_is_built_and_run_again() {
    is_built_and_run_again("rust");
}
