//! What cannot be read at all, and keys and values that mean nothing.

use tenon_job::Format;

use crate::{check, check_around};

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
