//! What the steps of a write hand to one another: parts, what is prepared of them, what is committed.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::config::{Mode, Overwrite, WriteConfig};
use super::format::Format;
use super::kept::KeptConfig;
use crate::Error;

/// What one partition has written: all that a commit needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub(super) partition: usize,
    pub(super) attempt: u32,
    pub(super) files: Vec<StagedFile>,
    /// Rows in the part's files.
    pub rows: u64,
    /// Size of the part's files in bytes.
    pub bytes: u64,
}

/// A file that nobody sees yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StagedFile {
    /// Where it becomes visible, from the target's folder, with `/` between names.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    /// Where it is until then; in the manifest of a finished commit, nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<Staged>,
    /// What is to be written there when the write is prepared, so that a small file is one trip to the disk.
    #[serde(skip)]
    pub held: Option<Held>,
}

/// A small file that is still in memory.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Held(pub Bytes);

impl std::fmt::Debug for Held {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", self.0.len())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Staged {
    /// A hidden file in the target's folder.
    File(String),
    /// An upload that is yet to be completed.
    Upload { id: String, parts: Vec<String> },
}

/// A write of which everything is durable and nothing is visible. To be carried out with [`commit`](super::commit), by
/// any process that can reach the target, or given up with [`abort`](super::abort). Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    pub(super) run: String,
    /// The target's URL, absolute.
    pub(super) target: String,
    pub(super) replace: Replace,
    pub(super) files: Vec<StagedFile>,
    /// How its sink was configured, where whoever finishes it may not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<Box<KeptConfig>>,
}

/// What has to go when the files appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Replace {
    /// Nothing, and there must not be anything.
    Refuse,
    /// Nothing.
    Nothing,
    /// All data.
    All,
    /// The data in the folders that files are written to.
    Partitions,
}

/// What a commit has made visible.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The files: paths on the local file system, URLs elsewhere.
    pub files: Vec<String>,
    /// Rows in all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Prepared {
    /// The run that wrote it.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The same with how its sink is configured. `name_of` says what a value is called, if it is a secret, since only its
    /// name is kept; options that must not be seen and have no name are left out.
    #[must_use]
    pub fn keeping(mut self, config: &WriteConfig, name_of: impl Fn(&str) -> Option<String>) -> Self {
        self.config = Some(Box::new(KeptConfig::of(config, name_of)));
        self
    }

    /// How its sink was configured, if that was [kept](Self::keeping), with secrets that are `value_of` their names.
    ///
    /// # Errors
    /// With the name of a secret that has no value.
    pub fn kept(&self, value_of: impl Fn(&str) -> Option<String>) -> Result<Option<WriteConfig>, String> {
        self.config.as_ref().map(|config| config.restored(value_of)).transpose()
    }

    /// The target's URL, absolute.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Rows in all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// How many files there will be.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    pub(super) fn committed(&self, shown: impl Fn(&str) -> String) -> Committed {
        Committed {
            files: self.files.iter().map(|file| shown(&file.path)).collect(),
            rows: self.rows(),
            bytes: self.bytes(),
        }
    }

    /// Where the rows of the first partitions were none, has the first file that there is take the first's name: a run
    /// that adds files to a folder has this one among them, each time.
    pub(super) fn name_first(&mut self) {
        if self.replace != Replace::Nothing || self.files.iter().any(|file| !is_part(&file.path)) {
            return;
        }
        if let Some(first) = self.files.iter_mut().min_by(|a, b| a.path.cmp(&b.path))
            && let Some((_, rest)) = first.path.strip_prefix("part-").and_then(|rest| rest.split_once('-'))
        {
            first.path = format!("{FIRST}{rest}");
        }
    }

    /// The file that an earlier commit of this run would have left too, where it is known and this only adds files.
    pub(super) fn first(&self) -> Option<&str> {
        if self.replace != Replace::Nothing || self.files.iter().any(|file| !is_part(&file.path)) {
            return None;
        }
        let mut paths = self.files.iter().map(|file| file.path.as_str());
        paths.find(|path| path.starts_with(FIRST))
    }

    /// Of the files that are visible, those that the commit removes. Decided when the commit is, since others may have
    /// written in the meantime.
    pub(super) fn removals(&self, existing: Vec<String>) -> Result<Vec<String>, Error> {
        let published: HashSet<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        let folders: HashSet<&str> = self.files.iter().map(|file| folder_of(&file.path)).collect();
        let others = |path: &String| !is_of_run(path, &self.run);
        if self.replace == Replace::Refuse && existing.iter().any(others) {
            return Err(Error::Exists {
                target: self.target.clone(),
                append: "",
            });
        }
        let goes = |path: &String| match self.replace {
            // What an earlier try of this run has left, which this one replaces.
            _ if !others(path) => true,
            Replace::Refuse | Replace::Nothing => false,
            Replace::All => is_data(path),
            Replace::Partitions => is_data(path) && folders.contains(folder_of(path)),
        };
        let mut removals = existing;
        removals.retain(|path| !published.contains(path.as_str()) && goes(path));
        Ok(removals)
    }
}

impl Replace {
    pub fn of(config: &WriteConfig) -> Self {
        match (config.mode, config.overwrite) {
            (Mode::Error | Mode::Ignore, _) => Self::Refuse,
            (Mode::Append, _) => Self::Nothing,
            (Mode::Overwrite, Overwrite::All) => Self::All,
            (Mode::Overwrite, Overwrite::Partitions) => Self::Partitions,
        }
    }
}

/// Of several attempts at a partition, the last; and the files of the others.
pub(super) fn choose(parts: Vec<Part>) -> Vec<Part> {
    let mut chosen: BTreeMap<usize, Part> = BTreeMap::new();
    for part in parts {
        let known = chosen.get(&part.partition);
        if known.is_none_or(|known| known.attempt <= part.attempt) {
            chosen.insert(part.partition, part);
        }
    }
    chosen.into_values().collect()
}

/// What the name of the first partition's first file begins with.
const FIRST: &str = "part-00000-";

/// Name of a file that a partition writes into a folder. It is the same for every attempt.
pub(super) fn part_name(partition: usize, number: usize, run: &str, extension: &str) -> String {
    let number = if number == 0 {
        String::new()
    } else {
        format!("_{number:03}")
    };
    format!("part-{partition:05}{number}-{run}.{extension}")
}

/// Whether this is a partition's file in the target's folder itself.
fn is_part(path: &str) -> bool {
    path.starts_with("part-") && !path.contains('/')
}

/// Whether a file was written by this run.
pub(super) fn is_of_run(path: &str, run: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, rest)) = name.strip_prefix("part-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    rest.strip_prefix(run).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether this is a data file, in the target's folder or in folders of partitions.
pub(super) fn is_data(path: &str) -> bool {
    let mut names = path.split('/').rev();
    let file = names.next().unwrap_or_default();
    Format::of_name(file).is_some() && names.all(|folder| folder.contains('='))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(replace: Replace, files: &[&str]) -> Prepared {
        Prepared {
            run: "r".to_owned(),
            target: "out".to_owned(),
            replace,
            files: files
                .iter()
                .map(|path| StagedFile {
                    path: (*path).to_owned(),
                    rows: 1,
                    bytes: 1,
                    staged: None,
                    held: None,
                })
                .collect(),
            config: None,
        }
    }

    #[test]
    fn what_a_commit_removes() {
        let existing = || {
            [
                "a=1/old.csv",
                "a=2/old.csv",
                "a=1/part-00001-r.csv",
                "a=1/part-00000-r.csv",
                "notes.txt",
            ]
            .map(str::to_owned)
            .to_vec()
        };
        let written = ["a=1/part-00000-r.csv"];
        let own = "a=1/part-00001-r.csv";
        let cases = [
            (Replace::Nothing, vec![own]),
            (Replace::All, vec!["a=1/old.csv", "a=2/old.csv", own]),
            (Replace::Partitions, vec!["a=1/old.csv", own]),
        ];
        for (replace, expected) in cases {
            let removals = prepared(replace, &written).removals(existing()).expect("removals");
            assert_eq!(removals, expected, "{replace:?}");
        }
        let refuse = prepared(Replace::Refuse, &written);
        assert!(matches!(refuse.removals(existing()), Err(Error::Exists { .. })));
        let only_own = vec![own.to_owned()];
        assert_eq!(refuse.removals(only_own).expect("removals"), [own]);
    }

    #[test]
    fn files_know_their_run() {
        assert!(is_of_run(&part_name(3, 0, "r-1", "csv.gz"), "r-1"));
        assert!(is_of_run(&format!("a=1/{}", part_name(3, 12, "r-1", "csv")), "r-1"));
        assert!(!is_of_run(&part_name(3, 0, "r-1", "csv"), "r"));
        assert!(!is_of_run(&part_name(3, 0, "r-1", "csv"), "1"));
        assert!(!is_of_run("data.csv", "r"));
    }

    #[test]
    fn data_lie_in_folders_of_partitions() {
        for (path, expected) in [
            ("x.csv", true),
            ("a=1/b=2/x.csv", true),
            ("raw/x.csv", false),
            ("a=1/", false),
        ] {
            assert_eq!(is_data(path), expected, "{path}");
        }
    }

    #[test]
    fn the_last_attempt_counts() {
        let part = |partition, attempt| Part {
            partition,
            attempt,
            files: Vec::new(),
            rows: 0,
            bytes: 0,
        };
        let chosen = choose(vec![part(1, 2), part(0, 1), part(1, 1)]);
        let chosen: Vec<_> = chosen.iter().map(|part| (part.partition, part.attempt)).collect();
        assert_eq!(chosen, [(0, 1), (1, 2)]);
    }
}
