//! The conformance suite, against the guest of every language that could be built.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use tenon_runtime::{Plugin, Run, Runtime, RuntimeConfig};
use tenon_tests::guests::guest;
use tenon_tests::languages::{Access, LANGUAGES, Suite, access};
use tenon_tests::samples;

/// The languages whose guests are there.
async fn built() -> Vec<(&'static str, &'static str, Plugin)> {
    let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
    let mut built = Vec::new();
    for (folder, language) in LANGUAGES {
        match guest(&format!("conformance-{folder}")) {
            Ok(component) => built.push((folder, language, runtime.load(component).await.unwrap())),
            Err(error) => {
                // Past the capture of tests' output, and on a line of its own.
                let mut stdout = std::io::stdout().lock();
                let _ = writeln!(stdout, "\nSKIPPED conformance of {language}, {error:#}");
            }
        }
    }
    built
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_language_passes_every_case() {
    let suite = Suite::load().unwrap();
    let mut failures = String::new();
    for (folder, language, plugin) in built().await {
        for case in &suite.cases {
            if let Err(error) = suite.check(folder, &plugin, case).await {
                writeln!(failures, "{language}: {}: {error:#}", case.name).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_passes_through_every_language() {
    let batch = samples::batch().unwrap();
    let languages = built().await;
    let mut failures = String::new();
    let mut results: BTreeMap<(usize, &str), Access> = BTreeMap::new();
    for (folder, language, plugin) in &languages {
        for column in 0..batch.num_columns() {
            match access(plugin, &batch.project(&[column]).unwrap()).await {
                Ok(access) => drop(results.insert((column, folder), access)),
                Err(error) => {
                    writeln!(
                        failures,
                        "{language}: {}: {error:#}",
                        batch.schema().field(column).name()
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    if languages.len() == LANGUAGES.len() {
        let names: Vec<String> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        check_table(&names, &results);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_rusts_library_shows_where_the_guest_met_it() {
    let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
    let plugin = runtime.load(guest("conformance-rust").unwrap()).await.unwrap();
    let state = [("runs".to_owned(), b"forty".to_vec())].into();
    let run = Run::builder("tenant", "place").state(state).build();
    let batch = samples::batch().unwrap();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    sandbox.open("state", "{}", &batch.schema()).await.unwrap();
    let error = sandbox.process(batch).await.map(drop).unwrap_err().to_string();
    assert!(
        error.contains("invalid digit found in string (at ") && error.contains("services.rs:"),
        "{error}"
    );
}

/// The table in the docs has to be what came out; with `TENON_WRITE_DOCS` set, it is written.
fn check_table(types: &[String], results: &BTreeMap<(usize, &str), Access>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/languages/conformance.md");
    let mut table = String::from("| Arrow type |");
    for (_, language) in LANGUAGES {
        write!(table, " {language} |").unwrap();
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(LANGUAGES.len()));
    for (column, name) in types.iter().enumerate() {
        write!(table, "\n| {name} |").unwrap();
        for (folder, _) in LANGUAGES {
            let access = match results[&(column, folder)] {
                Access::Typed => "values",
                Access::Raw => "buffers",
            };
            write!(table, " {access} |").unwrap();
        }
    }
    let cases = Suite::load().unwrap().cases;
    let cases = cases.iter().fold(String::new(), |mut list, case| {
        writeln!(list, "- {}", case.name).unwrap();
        list
    });
    let text = format!(
        "# Conformance of the SDKs\n\nWhat every language does alike, as `tests/tests/languages.rs` finds it. The suite \
         itself is in `tests/conformance`.\n\n## Arrow types\n\nEvery type passes by handle, through the host's kernels, \
         and as buffers, in every language. `values` says that the SDK also gives it as values of the language, one by \
         one, and takes it as such.\n\n{table}\n\n## Cases\n\nEach passes in every language.\n\n{cases}"
    );
    if std::env::var_os("TENON_WRITE_DOCS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == text,
        "{} is out of date; run this test with TENON_WRITE_DOCS=1",
        file.display()
    );
}
