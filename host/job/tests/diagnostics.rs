//! What a renderer of diagnostics gets to show.

use miette::{Diagnostic, Severity};
use tenon_job::{Error, Format, Job, Options};

/// The text under each label.
fn underlined(diagnostic: &dyn Diagnostic) -> Vec<String> {
    let source = diagnostic.source_code().expect("a text");
    let labels = diagnostic.labels().into_iter().flatten();
    let slice = |span: &miette::SourceSpan| {
        let contents = source.read_span(span, 0, 0).expect("within the text");
        assert_eq!(contents.name(), Some("job.toml"));
        String::from_utf8_lossy(contents.data()).into_owned()
    };
    labels.map(|label| slice(label.inner())).collect()
}

fn refused(text: &str) -> Error {
    Job::parse("job.toml", text, Format::Toml, &Options::default()).expect_err("this should be refused")
}

#[test]
fn a_single_problem_is_shown_in_the_text() {
    let error = refused("sources.a.url = 'x'\nsinks.o.from = 'a'\nonerror = 'fail'\n");
    assert_eq!(underlined(&error), ["onerror"]);
    assert!(error.related().is_none());
}

#[test]
fn several_problems_are_shown_each() {
    let error = refused("onerror = 'fail'\nbokmark = true\n[params]\ny = { type = 'int' }");
    let related: Vec<_> = error.related().expect("several").collect();
    let shown: Vec<_> = related[1..].iter().flat_map(|problem| underlined(*problem)).collect();
    assert_eq!(shown, ["onerror", "bokmark", "y"]);
    assert!(related[0].help().expect("advice").to_string().contains("[sinks.NAME]"));
    assert_eq!(related[0].severity(), Some(Severity::Error));
}

#[test]
fn warnings_are_shown_too() {
    let text = "sources.a.url = 'x'\nsources.b.url = 'y'\nsinks.o.from = 'a'\n";
    let loaded = Job::parse("job.toml", text, Format::Toml, &Options::default()).expect("a job");
    assert_eq!(loaded.warnings.len(), 1);
    assert_eq!(underlined(&loaded.warnings[0]), ["b"]);
    assert_eq!(loaded.warnings[0].severity(), Some(Severity::Warning));
}

#[test]
fn what_a_reader_finds_later_is_shown_as_well() {
    let text = "sources.a.url = 5\nsinks.o.from = 'a'\n";
    let job = Job::parse("job.toml", text, Format::Toml, &Options::default())
        .expect("a job")
        .job;
    let problem = job.sources["a"]
        .config
        .read::<std::collections::BTreeMap<String, String>>()
        .expect_err("not texts");
    assert_eq!(underlined(&job.error(problem)), ["5"]);
}
