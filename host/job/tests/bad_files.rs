//! Files that are wrong, and what is said of them: line, column and message.

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

#[test]
fn syntax() {
    check(
        Format::Toml,
        &[
            (
                "a = 1\na = 2\nb = \nc = \"x",
                &[
                    "job:2:1: the key `a` is there twice",
                    "job:3:5: string values must be quoted, expected literal string",
                    "job:4:7: invalid basic string, expected `\"`",
                ],
            ),
            (
                "[limits]\nmemory = 99999999999999999999",
                &["job:2:10: the number 99999999999999999999 does not fit in 64 bits"],
            ),
            ("max_rejects = nan", &["job:1:15: the number nan is not a finite one"]),
        ],
    );
    check(
        Format::Yaml,
        &[
            (
                "sources:\n  a:\n    url: x\n    url: y",
                &["job:4:5: the key `url` is there twice"],
            ),
            (
                "- 1\n- 2",
                &["job:1:1: a job file holds a table of keys; this is a list"],
            ),
            ("a: {b: *c}", &["job:1:8: while parsing node, found unknown anchor"]),
            ("a: &x\n  b: *x", &["job:2:6: this alias is part of what it stands for"]),
            (
                "x: &x {a: 1}\ny:\n  <<: *x",
                &["job:3:3: merge keys (`<<`) are not part of YAML 1.2: write the keys out"],
            ),
            ("name: !!int 5", &["job:1:13: the tag `!!int` has no meaning here"]),
            (
                "name: a\n---\nname: b",
                &["job:2:1: a job file holds one YAML document; here begins another"],
            ),
            ("name: .inf", &["job:1:7: the number .inf is not a finite one"]),
        ],
    );
    check(
        Format::Json,
        &[
            ("", &["job:1:1: expected a value, found the end of the file"]),
            (
                "{\n\t\"a\": 1,\n}",
                &["job:3:1: expected a key in double quotes, found `}`"],
            ),
            (
                "{\n\t\"a\": 1,\n\t\"a\": 2\n}",
                &["job:3:2: the key `a` is there twice"],
            ),
            ("{\"a\": 1} x", &["job:1:10: expected the end of the file, found `x`"]),
            ("{\"a\": \"x", &["job:1:7: this string has no end: a `\"` is missing"]),
            ("{\"a\": \"\\q\"}", &["job:1:7: invalid escape"]),
            ("{\"a\": 01}", &["job:1:7: invalid number"]),
            ("{\"a\": 1e999}", &["job:1:7: number out of range"]),
            ("{\"a\": 'x'}", &["job:1:7: expected a value, found `'`"]),
            ("[1]", &["job:1:1: a job file holds a table of keys; this is a list"]),
        ],
    );
}

#[test]
fn keys_and_values() {
    check_around(&[
        (
            "descripton = 'x'",
            &["job:3:1: unknown key `descripton`; did you mean `description`?"],
        ),
        ("name = 5", &["job:3:8: expected a string, found the number 5"]),
        (
            "name = 'a/b'",
            &["job:3:8: a job's name has 1 to 128 characters, none of them a slash or a control character"],
        ),
        (
            "on_error = 'rejct'",
            &["job:3:12: unknown value `rejct`; did you mean `reject`?"],
        ),
        (
            "on_error = 'carry on'",
            &["job:3:12: unknown value `carry on`; expected one of `fail`, `reject`"],
        ),
        (
            "max_rejects = '200%'",
            &["job:3:15: expected a count such as 100, or a share such as 0.01 or \"1%\", found the string \"200%\""],
        ),
        (
            "partitions = 0",
            &["job:3:14: expected a whole number from 1, found the number 0"],
        ),
        (
            "memory = '2 parsecs'",
            &["job:3:10: expected a size in bytes such as \"256MiB\", found the string \"2 parsecs\""],
        ),
        (
            "timeout = 5",
            &["job:3:11: expected a time with a unit such as \"5s\" (ms, s, m, h, d), found the number 5"],
        ),
        (
            "bookmark = 'yes'",
            &["job:3:12: expected true or false, found the string \"yes\""],
        ),
        (
            "http = ['https://a.b']",
            &["job:3:9: `https://a.b` is not a host with a port such as `api.example.com:443`"],
        ),
        (
            "secrets = ['pasword']",
            &["job:3:12: the secret `pasword` is not known; did you mean `password`?"],
        ),
        (
            "[retries]\nfactor = 0.5",
            &["job:4:10: `factor` is at least 1: waits don't get shorter"],
        ),
        // Several in one table.
        (
            "[limits]\nmemroy = 1\ncpu_per_call = '5'\nhandles = 'x'",
            &[
                "job:4:1: unknown key `memroy`; did you mean `memory`?",
                "job:5:16: expected a time with a unit such as \"5s\" (ms, s, m, h, d), found the string \"5\"",
                "job:6:11: expected a whole number from 0, found the string \"x\"",
            ],
        ),
    ]);
}

#[test]
fn steps() {
    check_around(&[
        (
            "[steps.s]\nfrom = 'a'\nfiltre = 'x'",
            &["job:5:1: unknown key `filtre`; did you mean `filter`?"],
        ),
        ("[steps.s]\nfilter = 'x'", &["job:3:1: the key `from` is missing"]),
        (
            "[steps.s]\nfrom = 'a'",
            &[
                "job:3:8: the step `s` does nothing; it needs one of `sql`, `plugin`, `script`, `select`, `rename`, `cast`, `filter`, `dedupe`, `join`, `union`, `aggregate`, `sort`, `limit`, `sample`",
            ],
        ),
        (
            "[steps.s]\nfrom = 'a'\nlimit = 1\nfilter = 'x'",
            &["job:6:1: the step `s` has both `limit` and `filter`; make it two steps"],
        ),
        (
            "steps.s = 5",
            &["job:3:11: expected a table for the step `s`, found an int"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nfilter = 'x >'",
            &["job:5:10: this SQL can't be read: Expected: an expression, found: EOF"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nfilter = 'x; drop table y'",
            &["job:5:10: this SQL can't be read: Expected: EOF, found: ; at Line: 1, Column: 2"],
        ),
        ("[steps.s]\nfrom = 'a'\nselect = []", &["job:5:10: this list is empty"]),
        (
            "[steps.s]\nfrom = 'a'\nselect = [\n  'x',\n  'y as'\n]",
            &["job:7:3: this SQL can't be read: Expected: an identifier after AS, found: EOF"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nsort = ['x downwards']",
            &["job:5:9: this SQL can't be read: Expected: EOF, found: downwards at Line: 1, Column: 3"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nlimit = -1",
            &["job:5:9: expected a whole number from 0 or a table, found the number -1"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nlimit = { rows = 1, ofset = 2 }",
            &["job:5:21: unknown key `ofset`; did you mean `offset`?"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nsample = { share = 0.5, rows = 1 }",
            &["job:5:10: a sample takes `share` or `rows`, not both"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nsample = { share = 1.5 }",
            &["job:5:20: expected a share above 0 and at most 1 such as 0.01 or \"1%\", found the number 1.5"],
        ),
        (
            "[steps.s]\nfrom = 'a'\ndedupe = { by = ['x'], keep = 'last' }",
            &["job:5:31: `keep = \"last\"` needs `order_by`, which says what is last"],
        ),
        (
            "[steps.s]\nfrom = 'a'\njoin = { with = 'a', on = [] }",
            &["job:5:27: a join needs at least one column"],
        ),
        (
            "[steps.s]\nfrom = 'a'\njoin = { with = 'a', on = ['x'], how = 'inenr' }",
            &["job:5:40: unknown value `inenr`; did you mean `inner`?"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nrename = { x = 5 }",
            &["job:5:16: expected a string, found the number 5"],
        ),
        (
            "[steps.s]\nfrom = 'a'\nplugin = 'p'\nfunction = ['x']",
            &["job:6:12: expected a string, found a list"],
        ),
        (
            "[steps.s]\nsql = 'select * from a; select 1'",
            &["job:4:7: this SQL can't be read: a step takes one query; make it two steps"],
        ),
        (
            "[steps.s]\nsql = 'drop table a'",
            &[
                "job:4:7: this SQL can't be read: a step takes a query: one that begins with `select`, `with` or `values`",
            ],
        ),
    ]);
}

#[test]
fn the_graph() {
    check_around(&[
        (
            "[steps.s]\nfrom = 'b'\nlimit = 1",
            &["job:4:8: there is no source and no step `b`; did you mean `a`?"],
        ),
        (
            "[steps.clean]\nfrom = 'a'\nlimit = 1\n[steps.s]\nfrom = 'claen'\nlimit = 1\nlimti = 2",
            &[
                "job:7:8: there is no source and no step `claen`; did you mean `clean`?",
                "job:9:1: unknown key `limti`; did you mean `limit`?",
            ],
        ),
        (
            "[steps.s]\nfrom = 'o'\nlimit = 1",
            &["job:4:8: `o` is a sink; only sources and steps can be read"],
        ),
        (
            "[steps.s]\nsql = '''\nselect *\nfrom a, weather'''",
            &["job:6:9: there is no source and no step `weather`; known: `a`, `s`"],
        ),
        (
            "[steps.s]\nsql = 'select * from a'\ninputs = { b = 'a', a = 'c' }",
            &[
                "job:5:12: the query names no table `b`",
                "job:5:25: there is no source and no step `c`; did you mean `a`?",
            ],
        ),
        (
            "[steps.u]\nunion = ['a', 'weather']",
            &["job:4:15: there is no source and no step `weather`; known: `a`, `u`"],
        ),
        (
            "[steps.s]\nfrom = 'a'\njoin = { with = 'weather', on = ['x'] }",
            &["job:5:17: there is no source and no step `weather`; known: `a`, `s`"],
        ),
        (
            "[steps.b]\nfrom = 'd'\nlimit = 1\n[steps.c]\nfrom = 'b'\nlimit = 1\n[steps.d]\nsql = 'select * from c'",
            &["job:7:8: these steps read each other in a circle: b -> c -> d -> b"],
        ),
        (
            "[steps.s]\nfrom = 's'\nlimit = 1",
            &["job:4:8: the step `s` reads itself"],
        ),
        (
            "[steps.a]\nfrom = 'a'\nlimit = 1",
            &[
                "job:3:8: there is a source and a step called `a`; give one of them another name",
                "job:4:8: the step `a` reads itself",
            ],
        ),
        (
            "[steps.A]\nfrom = 'a'\nlimit = 1",
            &["job:3:8: the source `a` and the step `A` differ in capitals only, which SQL ignores"],
        ),
        (
            "[steps.my-step]\nfrom = 'a'\nlimit = 1",
            &[
                "job:3:8: `my-step` can't be the name of a step: a name is a letter or `_`, then letters, digits and `_`, at most 128",
            ],
        ),
        (
            "[sinks.p]",
            &["job:3:8: the sink `p` reads nothing; it needs `from` or `rejects_of`"],
        ),
        (
            "[sinks.p]\nfrom = 'a'\nrejects_of = 'a'",
            &["job:5:1: the sink `p` has both `from` and `rejects_of`; make it two sinks"],
        ),
        (
            "[sinks.p]\nrejects_of = 'a'\n[sinks.q]\nrejects_of = 'a'",
            &["job:6:14: the rejects of `a` go to the sink `p` already"],
        ),
        (
            "[sinks.p]\nfrom = 'aa'",
            &["job:4:8: there is no source and no step `aa`; did you mean `a`?"],
        ),
    ]);
    check(
        Format::Toml,
        &[
            ("", &["job:1:1: the job has no sink, so it would do nothing"]),
            (
                "sources.a.url = 'x'\n[sinks]",
                &["job:2:1: the job has no sink, so it would do nothing"],
            ),
        ],
    );
}

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
