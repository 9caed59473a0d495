//! Steps, and who reads whom.

use tenon_job::Format;

use crate::{check, check_around};

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
