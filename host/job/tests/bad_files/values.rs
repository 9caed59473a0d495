//! References and parameters.

use tenon_job::{Format, Job, Options};

use crate::{around, check_around};

#[test]
fn references() {
    check_around(&[
        (
            "[sources.b]\nurl = 's3://${env:BUKET}/${yaer}'",
            &[
                "job:4:13: the environment variable `BUKET` is not set; did you mean `BUCKET`?",
                "job:4:26: unknown parameter `yaer`: the job declares none under [params]",
            ],
        ),
        (
            "[params]\nyear = { type = 'int', default = 1 }\n[sources.b]\nurl = '${year}-${yaer}'",
            &["job:6:16: unknown parameter `yaer`; did you mean `year`?"],
        ),
        (
            "[sources.b]\npassword = '${secret:pasword}'",
            &["job:4:13: the secret `pasword` is not known; did you mean `password`?"],
        ),
        (
            "[sources.b]\nurl = '${secret:password'",
            &["job:4:8: this reference has no end; write `$${` for a plain `${`"],
        ),
        (
            "[sources.b]\nurl = 'x ${vault:p}'",
            &[
                "job:4:10: `${vault:p}` is no reference; there are `${parameter}`, `${env:NAME}` and `${secret:name}`, and `$${` for a plain `${`",
            ],
        ),
        (
            "[sources.b]\nurl = '${env:TENON_SECRET_X}'",
            &["job:4:8: `TENON_SECRET_X` holds a secret: write `${secret:x}`"],
        ),
        (
            "[sources.b]\nconnector = '${secret:password}'",
            &["job:4:14: `connector` can't hold a secret: only the configuration of connectors and plugins can"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nfilter = \"x = ${env:BUCKET}\"",
            &[
                "job:5:15: `${env:BUCKET}` can't stand in SQL, where values need a type: declare a parameter with `default = \"${env:BUCKET}\"` and use that",
            ],
        ),
        (
            "[steps.s]\nsql = 'select ${secret:password} from a'",
            &[
                "job:4:15: `${secret:password}` can't stand in SQL, which shows in plans and messages: give the secret to a connector or a plugin, or declare a parameter for what is not secret",
            ],
        ),
        (
            "[params]\np = { type = 'string', default = '${secret:password}' }\n[steps.s]\nsql = 'select ${p} from a'",
            &[
                "job:6:15: `${p}` can't stand in SQL, which shows in plans and messages: give the secret to a connector or a plugin, or declare a parameter for what is not secret",
            ],
        ),
        (
            "[params]\nc = { type = 'string', default = 'DE' }\n[steps.s]\nsql = \"select * from a where c = '${c}'\"",
            &[
                "job:6:35: `${c}` must stand on its own: a parameter becomes an SQL literal, with quotes where it needs them",
            ],
        ),
        (
            "[params]\nc = { type = 'list', default = [] }\n[steps.s]\nsql = 'select * from a where c in ${c}'",
            &["job:6:35: the list of `${c}` is empty, and SQL has no empty list"],
        ),
        (
            "[params]\nc = { type = 'string', default = 'x\\' }\n[sources.b]\nconnector = 'mysql'\nquery = \"select * from t where c = ${c}\"",
            &["job:7:36: the value of `c` has a backslash, which databases read in different ways"],
        ),
        (
            "[sources.b]\nconnector = 'mysql'\nquery = \"select ${secret:password}\"",
            &[
                "job:5:17: `${secret:password}` can't stand in SQL, which shows in plans and messages: give the secret to a connector or a plugin, or declare a parameter for what is not secret",
            ],
        ),
    ]);
}

#[test]
fn streams() {
    check_around(&[
        (
            "[stream]\nevery = '10'",
            &["job:4:9: expected a time with a unit such as \"5s\" (ms, s, m, h, d), found the string \"10\""],
        ),
        (
            "[stream]\nevery = '99ms'",
            &["job:4:9: the window of a stream, `every`, is 100ms at least and 1d at most"],
        ),
        (
            "[stream]\nevery = '2d'",
            &["job:4:9: the window of a stream, `every`, is 100ms at least and 1d at most"],
        ),
        (
            "[stream]\nevry = '5s'",
            &["job:4:1: unknown key `evry`; did you mean `every`?"],
        ),
        (
            "bookmark = false\n[stream]\nevery = '5s'",
            &["job:3:12: `bookmark = false` has every run read everything, and micro-batches read only what is new"],
        ),
        (
            "sources.a.bookmark = false\n[stream]",
            &["job:4:1: micro-batches read only what is new, and each source of the job says `bookmark = false`"],
        ),
    ]);
}

#[test]
fn a_stream_reads_what_is_new_of_each_source_that_says_nothing_else() {
    let text = around("sources.b = { url = 'y', bookmark = false }\n[stream]");
    let job = Job::parse("job", &text, Format::Toml, &Options::default())
        .expect("a job")
        .job;
    assert!(job.bookmarked("a") && !job.bookmarked("b"));
    let every = job.settings.stream.expect("a stream").every.0;
    assert_eq!(every, std::time::Duration::from_secs(100));
    let again = Job::from_json(job.to_json(), &Options::default()).expect("a job").job;
    assert_eq!(again.settings, job.settings);
}

#[test]
fn parameters() {
    check_around(&[
        (
            "[params]\ny = { type = 'int', default = 'x' }",
            &["job:4:31: parameter `y`: expected an int, found the string \"x\""],
        ),
        (
            "[params]\ny = { type = 'int', default = '${env:BUCKET}' }",
            &["job:4:31: parameter `y`: expected an int, found the string \"lake\""],
        ),
        (
            "[params]\ny = { type = 'int', default = '${secret:password}' }",
            &["job:4:31: parameter `y`: expected an int, found a secret"],
        ),
        (
            "[params]\ny = { type = 'integer' }",
            &[
                "job:4:14: unknown value `integer`; expected one of `int`, `float`, `bool`, `string`, `date`, `timestamp`, `list`",
            ],
        ),
        (
            "[params]\ny = { type = 'date', default = '2013-02-30' }",
            &["job:4:32: parameter `y`: expected a date like 2013-01-31, found the string \"2013-02-30\""],
        ),
        (
            "[params]\ny = { type = 'string', default = 'c', choices = ['a', 'b'] }",
            &["job:4:34: parameter `y`: expected one of `a`, `b`, found `c`"],
        ),
        (
            "[params]\ny = { type = 'int', default = 1, choices = ['a', 1] }",
            &["job:4:45: choice of the parameter `y`: expected an int, found the string \"a\""],
        ),
        (
            "[params]\ny = { type = 'int' }",
            &["job:4:1: the parameter `y` has neither a value nor a default"],
        ),
        ("[params]\ny = { default = 1 }", &["job:4:5: the key `type` is missing"]),
        (
            "[params]\na = { type = 'int', default = 1 }\nb = { type = 'int', default = '${a}' }",
            &["job:5:32: the default of a parameter can't refer to the parameter `a`"],
        ),
    ]);
}

#[test]
fn values_that_the_caller_gives() {
    let text = around("[params]\nyear = { type = 'int', default = 2013, choices = [2013, 2014] }");
    let refused = |name: &str, value: serde_json::Value| {
        let options = Options::default().param(name, value);
        Job::parse("job", &text, Format::Toml, &options)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refused("year", "x".into()),
        "job:4:1: parameter `year`: expected an int, found the string \"x\""
    );
    assert_eq!(
        refused("year", 2.5.into()),
        "job:4:1: parameter `year`: expected an int, found the number 2.5"
    );
    assert_eq!(
        refused("year", 2015.into()),
        "job:4:1: parameter `year`: expected one of `2013`, `2014`, found `2015`"
    );
    let unknown = "job: a value is given for the parameter `yaer`, which the job doesn't have; did you mean `year`?";
    assert_eq!(refused("yaer", 2014.into()), unknown);
}
