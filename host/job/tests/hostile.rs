//! Files and values that mean harm.

use std::fmt::Write;

use tenon_job::{Format, Job, Options, Step};

fn refused(text: &str, format: Format) -> String {
    let refused = Job::parse("job", text, format, &Options::default());
    format!("{:#}", refused.expect_err("this should be refused"))
}

#[test]
fn a_billion_laughs_end_at_the_limit() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").expect("written");
    }
    assert!(refused(&text, Format::Yaml).ends_with("a job file holds at most 100000 values"));
}

#[test]
fn aliases_of_aliases_end_at_the_depth() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..1000 {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).expect("written");
    }
    assert!(refused(&text, Format::Yaml).ends_with("at most 64 deep in one another"));
}

#[test]
fn depth_is_bounded_in_every_format() {
    for depth in [100, 100_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        for (text, format) in [
            (format!("a = {open}{close}"), Format::Toml),
            (format!("a = {}", "{a=".repeat(depth)), Format::Toml),
            (format!("{}b = 1", "a.".repeat(depth)), Format::Toml),
            (format!("[{}b]", "a.".repeat(depth)), Format::Toml),
            (format!("a: {open}{close}"), Format::Yaml),
            (format!("a:\n {}", "- ".repeat(depth)), Format::Yaml),
            ("? ".repeat(depth), Format::Yaml),
            (format!("{{\"a\": {open}{close}}}"), Format::Json),
            (format!("{{\"a\": {open}"), Format::Json),
            ("{\"a\":".repeat(depth), Format::Json),
        ] {
            let message = refused(&text, format);
            assert!(message.len() < 400, "{message}");
        }
    }
}

#[test]
fn size_is_bounded() {
    let long = format!("# {}", "x".repeat(5 << 20));
    assert!(refused(&long, Format::Toml).contains("larger than a job file may be"));
    let many = format!("{{\"a\": [{}1]}}", "1,".repeat(200_000));
    assert!(refused(&many, Format::Json).contains("at most 100000 values"));
    let keys: Vec<_> = (0..20_000).map(|key| format!("k{key} = 1")).collect();
    let keys = keys.join("\n");
    assert!(refused(&keys, Format::Toml).contains("at most 10000 keys"));
    let steps: Vec<_> = (0..2_000)
        .map(|step| format!("steps.s{step} = {{ from = 's{}', limit = 1 }}", step + 1))
        .collect();
    let steps = steps.join("\n");
    assert!(refused(&steps, Format::Toml).contains("at most 1000 steps, and this one has 2000"));
}

#[test]
fn a_long_chain_of_steps_is_no_trouble() {
    let mut text = "[sources.s0]\n[sinks.o]\nfrom = 's999'\n".to_owned();
    for step in 1..1_000 {
        write!(text, "[steps.s{step}]\nfrom = 's{}'\nlimit = 1\n", step - 1).expect("written");
    }
    let job = Job::parse("job", &text, Format::Toml, &Options::default())
        .expect("a job")
        .job;
    let order = job.order();
    assert_eq!((order.len(), order[0], order[998]), (999, "s1", "s999"));
}

#[test]
fn long_sql_is_bounded() {
    let sum = vec!["a"; 200_000].join(" + ");
    let text = format!("sources.a.url = 'x'\nsinks.o.from = 's'\n[steps.s]\nfrom = 'a'\nfilter = '{sum}'");
    assert!(refused(&text, Format::Toml).contains("more operators and keywords than the 10000"));
    let text = format!("sources.a.url = 'x'\nsinks.o.from = 's'\n[steps.s]\nsql = 'select {sum} from a'");
    assert!(refused(&text, Format::Toml).contains("more operators and keywords than the 10000"));
    // Long lists are flat.
    let list = vec!["1"; 50_000].join(", ");
    let text = format!("sources.a.url = 'x'\nsinks.o.from = 's'\n[steps.s]\nfrom = 'a'\nfilter = 'x in ({list})'");
    assert!(Job::parse("job", &text, Format::Toml, &Options::default()).is_ok());
    let sum = vec!["a"; 9_990].join(" + ");
    let text = format!("sources.a.url = 'x'\nsinks.o.from = 's'\n[steps.s]\nsql = 'select {sum} from a'");
    assert!(Job::parse("job", &text, Format::Toml, &Options::default()).is_ok());
}

#[test]
fn odd_texts_are_refused_without_a_panic() {
    for text in [
        "\u{feff}",
        "\0",
        "{",
        "}",
        "[",
        "a",
        "a:",
        "\"",
        "'",
        "&",
        "*",
        "!",
        "%",
        "---",
        "...",
        "\t",
        "?",
        "é = 1",
        "{\"é\u{1f600}",
    ] {
        for format in [Format::Toml, Format::Yaml, Format::Json] {
            let message = refused(text, format);
            assert!(message.starts_with("job:"), "{text:?}: {message}");
        }
    }
}

#[test]
fn damaged_files_are_no_trouble() {
    let options = Options::default();
    for (text, format) in [
        (include_str!("jobs/everything.toml"), Format::Toml),
        (include_str!("jobs/everything.yaml"), Format::Yaml),
        (include_str!("jobs/everything.json"), Format::Json),
    ] {
        let mut refused = 0;
        for at in (0..text.len()).step_by(23) {
            let (before, after) = text.split_at(at);
            let rest = after.get(1..).unwrap_or_default();
            for damaged in [
                before.to_owned(),
                format!("{before}{rest}"),
                format!("{before}é\"{rest}"),
                format!("{before}${{{after}"),
            ] {
                refused += usize::from(Job::parse("job", &damaged, format, &options).is_err());
            }
        }
        assert!(refused > 100, "{refused}");
    }
}

#[test]
fn a_byte_order_mark_shifts_no_place() {
    assert!(refused("\u{feff}nmae = 1", Format::Toml).contains("job:1:1: unknown key `nmae`"));
}

/// The SQL that comes of a parameter's value.
fn sql(kind: &str, value: serde_json::Value, sql: &str) -> Result<String, String> {
    let text =
        format!("params.p.type = '{kind}'\nsources.a.url = 'x'\nsinks.o.from = 's'\n[steps.s]\nsql = '''\n{sql}'''");
    match Job::parse("job", &text, Format::Toml, &Options::default().param("p", value)) {
        Err(error) => Err(error.to_string()),
        Ok(loaded) => match &loaded.job.steps["s"] {
            Step::Sql(step) => Ok(step.sql.clone()),
            other => Err(format!("{other:?}")),
        },
    }
}

#[test]
fn values_stay_values_in_sql() {
    let evil = "x'; drop table a; --";
    assert_eq!(
        sql("string", evil.into(), "select * from a where b = ${p}").as_deref(),
        Ok("select * from a where b = 'x''; drop table a; --'")
    );
    assert_eq!(
        sql(
            "list",
            serde_json::json!(["'", "\\'", 1, -2, true]),
            "select * from a where b in ${p}"
        )
        .as_deref(),
        Ok("select * from a where b in ('''', '\\''', 1, (-2), true)")
    );
    // Not a comment.
    assert_eq!(
        sql("int", (-5).into(), "select 1-${p} from a").as_deref(),
        Ok("select 1-(-5) from a")
    );
    assert_eq!(
        sql("float", (-0.5).into(), "select 1 -${p} from a").as_deref(),
        Ok("select 1 -(-0.5) from a")
    );
    assert_eq!(
        sql("date", "2013-01-31".into(), "select ${p} from a").as_deref(),
        Ok("select DATE '2013-01-31' from a")
    );
    // The value looks like what marks the places of values.
    assert_eq!(
        sql("string", "tenon_param0p".into(), "select ${p}, tenon_param0p from a").as_deref(),
        Ok("select 'tenon_param0p', tenon_param0p from a")
    );
}

#[test]
fn values_do_not_get_into_quotes_names_or_comments() {
    for text in [
        "select * from a where b = '${p}'",
        "select * from a where b = 'x${p}y'",
        "select \"${p}\" from a",
        "select `${p}` from a",
        "select $a$ ${p} $a$ from a",
        "select E${p} from a",
        "select x${p} from a",
        "select ${p}x from a",
        "select ${p}${p} from a",
        "select '${p} from a",
    ] {
        let refused = sql("string", "y".into(), text).expect_err(text);
        assert!(
            refused.contains("must stand on its own") || refused.contains("can't be read"),
            "{text}: {refused}"
        );
    }
    let evil = "\n; drop table a; /* */ --";
    for text in ["select 1 -- ${p}\n from a", "select 1 /* ${p} */ from a"] {
        assert_eq!(sql("string", evil.into(), text).as_deref(), Ok(text));
    }
}

#[test]
fn what_the_caller_gives_holds_no_references() {
    assert_eq!(
        sql("string", "${secret:x}".into(), "select ${p} from a").as_deref(),
        Ok("select '${secret:x}' from a")
    );
}
