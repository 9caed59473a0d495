//! How problems and warnings are put.

use tenon_job::{Format, Job, Options};

use crate::around;

#[test]
fn without_a_file_the_keys_lead_there() {
    let json = serde_json::json!({
        "sources": { "a": { "url": "x" } },
        "steps": { "s": { "from": "b", "limit": { "rows": "many" } } },
        "sinks": { "o": { "from": "s" } },
    });
    let error = Job::from_json(json, &Options::default()).expect_err("refused");
    let lines = format!("{error:#}");
    assert!(
        lines.contains("steps.s.limit.rows: expected a whole number from 0, found the string \"many\""),
        "{lines}"
    );
    assert!(
        lines.contains("steps.s: there is no source and no step `b`; did you mean `a`?"),
        "{lines}"
    );
    assert_eq!(
        Job::from_json(5.into(), &Options::default())
            .expect_err("refused")
            .to_string(),
        "a job is a table of keys; this is an int"
    );
}

#[test]
fn errors_are_one_line_or_all() {
    let error = Job::parse("job", "nmae = 1\nonerror = 2\n", Format::Toml, &Options::default()).expect_err("refused");
    assert!(error.to_string().ends_with("(and 2 more problems)"), "{error}");
    assert_eq!(format!("{error:#}").lines().count(), 3);
    let missing = Job::load("nowhere/job.toml", &Options::default()).expect_err("refused");
    assert!(
        missing
            .to_string()
            .starts_with("the job file `nowhere/job.toml` can't be read: "),
        "{missing}"
    );
    let unknown = Job::load("job.ini", &Options::default()).expect_err("refused");
    assert!(
        unknown
            .to_string()
            .contains("should end in .toml, .yaml, .yml or .json"),
        "{unknown}"
    );
}

#[test]
fn what_leads_to_no_sink_is_a_warning() {
    let text = around("[sources.b]\n[steps.s]\nfrom = 'b'\nlimit = 1");
    let loaded = Job::parse("job", &text, Format::Toml, &Options::default()).expect("a job");
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "job:3:10: warning: the source `b` leads to no sink, so it is not run",
            "job:4:8: warning: the step `s` leads to no sink, so it is not run",
        ]
    );
}
