//! Files that are wrong, and what is said of them: line, column and message.

mod graph;
mod keys;
mod report;
mod values;

use tenon_job::{Format, Job, Lookup, Options};

/// Knows one variable and one secret.
struct Known;

impl Lookup for Known {
    fn env(&self, name: &str) -> Option<String> {
        (name == "BUCKET").then(|| "lake".to_owned())
    }

    fn secret(&self, name: &str) -> Option<String> {
        (name == "password").then(|| "hunter2".to_owned())
    }

    fn env_names(&self) -> Vec<String> {
        vec!["BUCKET".to_owned()]
    }

    fn secret_names(&self) -> Vec<String> {
        vec!["password".to_owned()]
    }
}

/// What is said of a text, a line for each problem.
fn problems(text: &str, format: Format) -> Vec<String> {
    match Job::parse("job", text, format, &Options::default().lookup(Known)) {
        Ok(loaded) => panic!("this should be refused:\n{text}\n{:?}", loaded.job),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn check(format: Format, table: &[(&str, &[&str])]) {
    for (text, expected) in table {
        assert_eq!(problems(text, format), *expected, "\n{text}");
    }
}

/// A source and a sink around what is wrong: lines 1 and 2.
fn around(text: &str) -> String {
    format!("sources.a.url = 'x'\nsinks.o = {{ from = 'a' }}\n{text}")
}

#[track_caller]
fn check_around(table: &[(&str, &[&str])]) {
    for (text, expected) in table {
        assert_eq!(problems(&around(text), Format::Toml), *expected, "\n{text}");
    }
}
