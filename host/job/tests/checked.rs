//! Jobs that are checked and not run, and jobs that a script drives.

use tenon_job::{Format, Job, Node, Options};

#[test]
fn a_job_is_checked_before_its_parameters_have_values() {
    let text = r#"
        [params]
        year = { type = "int" }
        day = { type = "date" }
        kind = { type = "string", choices = ["a", "b"] }
        share = { type = "float", choices = [0.5, 1] }

        [sources.flights]
        url = "flights-${year}-${day}-${kind}.csv"

        [sinks.lake]
        from = "flights"
        url = "out/"
    "#;
    let options = Options {
        check_only: true,
        ..Options::default()
    };
    let job = Job::parse("j.toml", text, Format::Toml, &options)
        .expect("it is fine")
        .job;
    assert_eq!(
        job.sources["flights"].config.get("url").and_then(Node::as_str),
        Some("flights-1-2013-01-31-a.csv")
    );
    Job::parse("j.toml", text, Format::Toml, &Options::default()).expect_err("a run needs values");
    let wrong = text.replace("from = \"flights\"", "from = \"flight\"");
    Job::parse("j.toml", &wrong, Format::Toml, &options).expect_err("what is wrong is still wrong");
}

#[test]
fn a_whole_number_is_a_choice_of_a_float() {
    let text = r#"
        [params]
        share = { type = "float", choices = [0.5, 1], default = 1 }

        [sources.flights]
        url = "flights-${share}.csv"

        [sinks.lake]
        from = "flights"
        url = "out/"
    "#;
    Job::parse("j.toml", text, Format::Toml, &Options::default()).expect("one of them");
    let error = Job::parse(
        "j.toml",
        &text.replace("default = 1", "default = 2"),
        Format::Toml,
        &Options::default(),
    );
    error.expect_err("none of them");
}

#[test]
fn a_script_makes_its_own_steps_and_sinks() {
    let text = "[script]\ncomponent = \"job.wasm\"\nallow = [\"out/\"]\n";
    let job = Job::parse("j.toml", text, Format::Toml, &Options::default())
        .expect("it is fine")
        .job;
    assert_eq!(job.plugins(), ["job.wasm"]);
    let again = Job::from_json(job.to_json(), &Options::default())
        .expect("it is the same")
        .job;
    assert_eq!(again.settings.script, job.settings.script);
    let both = format!("{text}[sinks.lake]\nfrom = \"x\"\nurl = \"out/\"\n");
    let error = Job::parse("j.toml", &both, Format::Toml, &Options::default()).expect_err("two who decide");
    assert!(format!("{error:?}").contains("makes its own sinks"), "{error:?}");
    let unknown = text.replace("allow", "alow");
    let error = Job::parse("j.toml", &unknown, Format::Toml, &Options::default()).expect_err("unknown");
    assert!(error.to_string().contains("`alow`"), "{error}");
}
