//! The files that a run is made of, and whether they have changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tenon_host::engine::{Job, Report};

/// Files that are looked at in one folder. A change of one past them is not seen.
const MAX_FILES: usize = 20_000;
/// What is written while a plugin is built.
const BUILT: [&str; 4] = ["target", "Cargo.lock", "node_modules", "__pycache__"];

/// The files and folders that a run is made of.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    paths: BTreeSet<PathBuf>,
    /// What runs write; no input, wherever it lies.
    targets: BTreeSet<PathBuf>,
}

/// The state of all files, by which to tell that one has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct State(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Inputs {
    /// Adds a file, or a folder with everything in it.
    pub fn add(&mut self, path: &Path) {
        self.paths.insert(absolute(path));
    }

    /// Adds what a source reads, if it is on this machine; of a pattern the folder in which it begins.
    pub fn add_url(&mut self, url: &str) {
        if let Some(path) = local(url) {
            self.add(&path);
        }
    }

    /// Adds what a job reads, and leaves out what it writes.
    pub fn add_job(&mut self, job: &Job) {
        for source in job.sources.values() {
            if let Some(url) = source.file_url() {
                self.add_url(url);
            }
        }
        let targets = job.sinks.values().filter_map(|output| local(output.to.file_url()?));
        self.targets.extend(targets.map(|path| absolute(&path)));
    }

    /// Adds what a script has read, and leaves out what it has written: neither is known before.
    pub fn add_report(&mut self, report: &Report) {
        let targets = report.written.iter().filter_map(|to| local(to.file_url()?));
        self.targets.extend(targets.map(|path| absolute(&path)));
        let read = report.read.iter().filter_map(|source| local(source.file_url()?));
        let read: Vec<PathBuf> = read.map(|path| absolute(&path)).collect();
        // What lies in a target changes with every run.
        let is_written = |path: &PathBuf| self.targets.iter().any(|target| path.starts_with(target));
        let read = read.into_iter().filter(|path| !is_written(path));
        self.paths.extend(read);
    }

    /// The state of the files now.
    pub fn state(&self) -> State {
        let mut state = State::default();
        for path in &self.paths {
            let mut left = MAX_FILES;
            self.visit(path, &mut state, &mut left);
        }
        state
    }

    /// What to compare with after a run that began with these inputs in this state. Of what was first heard of in the run,
    /// that is how it is now.
    pub fn baseline(&self, inputs: &Self, mut state: State) -> State {
        let new = Self {
            paths: self.paths.difference(&inputs.paths).cloned().collect(),
            targets: self.targets.clone(),
        };
        let is_target = |path: &PathBuf| self.targets.iter().any(|target| path.starts_with(target));
        state.0.retain(|path, _| self.paths.contains(path) || !is_target(path));
        state.0.extend(new.state().0);
        state
    }

    /// Number of files and folders that were named.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    fn visit(&self, path: &Path, state: &mut State, left: &mut usize) {
        if *left == 0 || (self.targets.contains(path) && !self.paths.contains(path)) {
            return;
        }
        *left -= 1;
        // What is not there is in no state.
        let Ok(metadata) = fs::metadata(path) else { return };
        if !metadata.is_dir() {
            let of_file = (metadata.len(), metadata.modified().ok());
            state.0.insert(path.to_owned(), of_file);
            return;
        }
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_link_to_folder = entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir();
            if !name.starts_with('.') && !BUILT.contains(&&*name) && !is_link_to_folder {
                self.visit(&entry.path(), state, left);
            }
        }
    }
}

impl State {
    /// A file that is not as it was before, if there is one.
    pub fn changed_since<'a>(&'a self, before: &'a State) -> Option<&'a Path> {
        let changed = |(path, now): &(&PathBuf, &(u64, Option<SystemTime>))| before.0.get(*path) != Some(*now);
        let gone = |path: &&PathBuf| !self.0.contains_key(*path);
        let changed = self.0.iter().find(changed).map(|(path, _)| path);
        changed.or_else(|| before.0.keys().find(gone)).map(PathBuf::as_path)
    }
}

/// The path of a URL on this machine, up to where a pattern begins.
fn local(url: &str) -> Option<PathBuf> {
    let path = match url.split_once("://") {
        Some(("file", path)) => path,
        Some(_) => return None,
        None => url,
    };
    let plain = path.find(['*', '?', '[', '{']).map_or(path, |at| {
        let before = &path[..at];
        before.rfind('/').map_or("", |end| &before[..=end])
    });
    Some(PathBuf::from(if plain.is_empty() { "." } else { plain }))
}

fn absolute(path: &Path) -> PathBuf {
    // Without "." and "..", so that a file has one name.
    let canonical = path.canonicalize().or_else(|_| {
        // It is not there yet, but the folder that it will be in may be.
        let path = std::path::absolute(path)?;
        match (path.parent().map(Path::canonicalize), path.file_name()) {
            (Some(Ok(parent)), Some(name)) => Ok(parent.join(name)),
            _ => Ok::<_, std::io::Error>(path),
        }
    });
    canonical.unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_in_what_is_read_and_not_in_what_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["src", "target", ".git", "out"] {
            fs::create_dir(path(name)).expect("made");
        }
        fs::write(path("src/lib.rs"), "1").expect("written");
        let mut inputs = Inputs::default();
        inputs.add(folder.path());
        inputs.targets.insert(absolute(&path("out")));
        let before = inputs.state();
        for name in ["target/x", ".git/x", "out/x", "Cargo.lock"] {
            fs::write(path(name), "x").expect("written");
        }
        assert_eq!(inputs.state().changed_since(&before), None);
        fs::write(path("src/lib.rs"), "22").expect("written");
        let now = inputs.state();
        let changed = now.changed_since(&before).expect("a change");
        assert!(changed.ends_with("src/lib.rs"), "{}", changed.display());
        fs::remove_file(path("src/lib.rs")).expect("removed");
        assert!(inputs.state().changed_since(&now).is_some());
    }

    #[test]
    fn patterns_begin_in_a_folder() {
        let cases = [
            ("data/in.csv", Some("data/in.csv")),
            ("data/20*/in.csv", Some("data/")),
            ("*.csv", Some(".")),
            ("file:///data/x", Some("/data/x")),
            ("s3://bucket/x", None),
        ];
        for (url, expected) in cases {
            assert_eq!(local(url), expected.map(PathBuf::from), "{url}");
        }
    }
}
