//! The files that a run is made of, and whether they have changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tenon_host::engine::{Job, Report};
use tenon_toolchain::{sources_elsewhere, sources_in};

/// Files that are looked at in one folder. A change of one past them is not seen.
const MAX_FILES: usize = 20_000;
/// What is written while a plugin is built, among its sources.
const BUILT: &str = "Cargo.lock";

/// The files and folders that a run is made of.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    paths: BTreeMap<PathBuf, Role>,
    /// What runs write; no input, wherever it lies.
    targets: BTreeSet<PathBuf>,
}

/// What a file or folder is to the run. Where it is several of these, the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// A job file, a component, or data.
    Plain,
    /// What a project's build reads outside of its folder.
    Elsewhere,
    /// A project, which is built first. It is looked at as its build looks at it, so that what has a run made again also
    /// has the project built again.
    Project,
}

/// The state of all files, by which to tell that one has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct State(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Inputs {
    /// Adds a file, or a folder with everything in it.
    pub fn add(&mut self, path: &Path) {
        self.insert(absolute(path), Role::Plain);
    }

    /// Adds a plugin: a component, a script, or a project's folder.
    pub fn add_plugin(&mut self, path: &Path) {
        let role = if path.is_dir() { Role::Project } else { Role::Plain };
        self.insert(absolute(path), role);
    }

    /// Adds what the projects' builds have read outside of their folders, which is known after them.
    pub fn add_elsewhere(&mut self) {
        let projects = self.paths.iter().filter(|(_, role)| **role == Role::Project);
        let found: Vec<_> = projects.flat_map(|(path, _)| sources_elsewhere(path)).collect();
        for path in found {
            self.insert(path, Role::Elsewhere);
        }
    }

    fn insert(&mut self, path: PathBuf, role: Role) {
        let known = self.paths.entry(path).or_insert(role);
        *known = role.max(*known);
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
        for path in read.map(|path| absolute(&path)) {
            // What lies in a target changes with every run.
            if !self.targets.iter().any(|target| path.starts_with(target)) {
                self.insert(path, Role::Plain);
            }
        }
    }

    /// The state of the files now.
    pub fn state(&self) -> State {
        self.state_of(|_| true)
    }

    /// What to compare with after a run that began with these inputs in this state. Of what was first heard of in the run,
    /// that is how it is now.
    pub fn baseline(&self, inputs: &Self, mut state: State) -> State {
        let is_target = |path: &PathBuf| self.targets.iter().any(|target| path.starts_with(target));
        state
            .0
            .retain(|path, _| self.paths.contains_key(path) || !is_target(path));
        let new = self.state_of(|path| !inputs.paths.contains_key(path));
        state.0.extend(new.0);
        state
    }

    /// Number of files and folders that were named.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// The state of what is in some of the files and folders that were named.
    fn state_of(&self, wanted: impl Fn(&Path) -> bool) -> State {
        let mut state = State::default();
        for (path, role) in self.paths.iter().filter(|(path, _)| wanted(path)) {
            let mut left = MAX_FILES;
            self.visit(path, *role > Role::Plain, &mut state, &mut left);
        }
        state
    }

    /// `top` says that it is the folder of a project.
    fn visit(&self, path: &Path, top: bool, state: &mut State, left: &mut usize) {
        if *left == 0 || (self.targets.contains(path) && !self.paths.contains_key(path)) {
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
        for entry in sources_in(path, top) {
            // A project in a folder that another one names is looked at by itself.
            let is_project = self.paths.get(&entry) == Some(&Role::Project);
            if !is_project && !entry.ends_with(BUILT) {
                self.visit(&entry, false, state, left);
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
        for name in ["src/target", "target", ".git", "out", "made"] {
            fs::create_dir_all(path(name)).expect("made");
        }
        fs::write(path("src/lib.rs"), "1").expect("written");
        let mut inputs = Inputs::default();
        inputs.add_plugin(folder.path());
        inputs.targets.insert(absolute(&path("made")));
        let before = inputs.state();
        for name in ["target/x", ".git/x", "out/x", "made/x", "Cargo.lock"] {
            fs::write(path(name), "x").expect("written");
        }
        assert_eq!(inputs.state().changed_since(&before), None);
        fs::write(path("src/lib.rs"), "22").expect("written");
        let now = inputs.state();
        let changed = now.changed_since(&before).expect("a change");
        assert!(changed.ends_with("src/lib.rs"), "{}", changed.display());
        fs::remove_file(path("src/lib.rs")).expect("removed");
        let now = inputs.state();
        assert!(now.changed_since(&before).is_some());
        fs::write(path("src/target/x"), "x").expect("written");
        assert!(
            inputs.state().changed_since(&now).is_some(),
            "only the project's own is built"
        );
    }

    #[test]
    fn what_a_project_takes_from_elsewhere_is_watched() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["shop/target", "rates/target"] {
            fs::create_dir_all(path(name)).expect("made");
        }
        let manifest = "module shop\n\nreplace example.com/rates => ../rates\n";
        fs::write(path("shop/go.mod"), manifest).expect("written");
        let mut inputs = Inputs::default();
        inputs.add_plugin(&path("shop"));
        let (begun, before) = (inputs.clone(), inputs.state());
        inputs.add_elsewhere();
        assert_eq!(inputs.len(), 2);
        let known = inputs.baseline(&begun, before);
        fs::write(path("rates/target/x"), "x").expect("written");
        assert_eq!(inputs.state().changed_since(&known), None);
        fs::write(path("rates/rates.go"), "package rates").expect("written");
        let now = inputs.state();
        let changed = now.changed_since(&known).expect("a change");
        assert!(changed.ends_with("rates/rates.go"), "{}", changed.display());
    }

    #[test]
    fn a_project_in_what_it_names_is_looked_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("shop/target")).expect("made");
        let manifest = "module shop\n\nreplace example.com/rates => ../\n";
        fs::write(path("shop/go.mod"), manifest).expect("written");
        let mut inputs = Inputs::default();
        inputs.add_plugin(&path("shop"));
        inputs.add_elsewhere();
        let before = inputs.state();
        fs::write(path("shop/target/x"), "x").expect("written");
        assert_eq!(inputs.state().changed_since(&before), None);
        fs::write(path("shop/main.go"), "package main").expect("written");
        assert!(inputs.state().changed_since(&before).is_some());
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
