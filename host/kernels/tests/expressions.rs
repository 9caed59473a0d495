//! What expressions compute.

mod common;

use common::{batch, compile, evaluate};
use tenon_kernels::Program;

#[test]
fn expressions_compute_what_sql_says() {
    let table: &[(&str, [&str; 3])] = &[
        // Columns, in whatever case they are written in the schema.
        ("id", ["1", "2", "3"]),
        ("Amount", ["1.5", "-2.0", "null"]),
        ("\"Amount\"", ["1.5", "-2.0", "null"]),
        ("\"Two words\" + 1", ["8", "9", "10"]),
        ("`Two words` + 1", ["8", "9", "10"]),
        // Arithmetic.
        ("id * 2 + 1", ["3", "5", "7"]),
        ("quantity + id", ["11", "2", "null"]),
        ("Amount * 1.5", ["2.25", "-3.0", "null"]),
        ("-id", ["-1", "-2", "-3"]),
        ("id % 2", ["1", "0", "1"]),
        ("abs(Amount)", ["1.5", "2.0", "null"]),
        ("round(Amount / 7, 2)", ["0.21", "-0.29", "null"]),
        ("power(id, 2)", ["1.0", "4.0", "9.0"]),
        ("1 + 1", ["2", "2", "2"]),
        // Text.
        ("upper(name)", ["ADA LOVELACE", "STRASSE", "null"]),
        ("UPPER(name)", ["ADA LOVELACE", "STRASSE", "null"]),
        ("lower(view)", ["short", "longer than twelve bytes", "null"]),
        ("name || '!'", ["Ada Lovelace!", "straße!", "null"]),
        ("concat(name, '-', id)", ["Ada Lovelace-1", "straße-2", "-3"]),
        (
            "concat_ws('/', name, view)",
            ["Ada Lovelace/short", "straße/longer than twelve bytes", ""],
        ),
        ("substring(name from 1 for 3)", ["Ada", "str", "null"]),
        ("substr(name, 5)", ["Lovelace", "ße", "null"]),
        ("trim('  x  ')", ["x", "x", "x"]),
        ("character_length(name)", ["12", "6", "null"]),
        ("position('a' in name)", ["3", "4", "null"]),
        ("replace(name, 'a', 'o')", ["Ado Loveloce", "stroße", "null"]),
        ("lpad(id, 3, '0')", ["001", "002", "003"]),
        ("repeat('ab', id)", ["ab", "abab", "ababab"]),
        ("split_part(name, ' ', 2)", ["Lovelace", "", "null"]),
        ("overlay(name placing 'xx' from 2)", ["Axx Lovelace", "sxxaße", "null"]),
        // Comparison and logic.
        ("id = 2", ["false", "true", "false"]),
        ("id between 2 and 3", ["false", "true", "true"]),
        ("id in (1, 3)", ["true", "false", "true"]),
        ("name in ('straße', 'x', 'y', 'z')", ["false", "true", "null"]),
        ("name like 'A%'", ["true", "false", "null"]),
        ("name ilike 'a%'", ["true", "false", "null"]),
        ("name not like '%a%'", ["false", "false", "null"]),
        ("not paid", ["false", "true", "null"]),
        ("paid and id = 1", ["true", "false", "false"]),
        ("paid or id = 3", ["true", "false", "true"]),
        ("country = 'de'", ["true", "false", "null"]),
        ("quantity is null", ["false", "false", "true"]),
        ("quantity is distinct from 0", ["true", "false", "true"]),
        ("paid is not true", ["false", "true", "true"]),
        // Null handling and conditions.
        ("coalesce(quantity, -1)", ["10", "0", "-1"]),
        ("nvl(name, '?')", ["Ada Lovelace", "straße", "?"]),
        ("nullif(quantity, 0)", ["10", "null", "null"]),
        (
            "case when id = 1 then 'one' when id = 2 then 'two' else 'many' end",
            ["one", "two", "many"],
        ),
        (
            "case country when 'de' then 49 when 'fr' then 33 end",
            ["49", "33", "null"],
        ),
        ("greatest(id, 2)", ["2", "2", "3"]),
        // Casts.
        ("cast(Amount as int)", ["1", "-2", "null"]),
        ("id::varchar", ["1", "2", "3"]),
        ("try_cast(name as int)", ["null", "null", "null"]),
        ("cast('2013-01-01' as date)", ["2013-01-01", "2013-01-01", "2013-01-01"]),
        ("arrow_typeof(id)", ["Int64", "Int64", "Int64"]),
        // Dates.
        ("extract(year from day)", ["2013", "1970", "null"]),
        ("date_part('month', at)", ["1", "1", "null"]),
        (
            "date_trunc('day', at)",
            ["2013-01-01T00:00:00", "1970-01-01T00:00:00", "null"],
        ),
        ("day + interval '1 month'", ["2013-02-01", "1970-02-01", "null"]),
        ("to_char(day, '%d.%m.%Y')", ["01.01.2013", "01.01.1970", "null"]),
        (
            "to_date('01/02/2013', '%d/%m/%Y')",
            ["2013-02-01", "2013-02-01", "2013-02-01"],
        ),
        // Nested.
        ("point.x + 1", ["2", "3", "4"]),
        ("point['label']", ["a", "b", "c"]),
        ("tags[1]", ["1", "null", "null"]),
        ("array_length(tags)", ["3", "0", "null"]),
        ("array_to_string(tags, '-')", ["1-2-3", "", "null"]),
        ("[id, 2]", ["[1, 2]", "[2, 2]", "[3, 2]"]),
        ("make_array(1, 2)[2]", ["2", "2", "2"]),
        ("named_struct('a', id)", ["{a: 1}", "{a: 2}", "{a: 3}"]),
        // Digests and patterns.
        (
            "encode(sha256('abc'), 'hex')",
            ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; 3],
        ),
        ("md5('abc')", ["900150983cd24fb0d6963f7d28e17f72"; 3]),
        (
            "regexp_replace(name, '[aeiou]', '*', 'g')",
            ["Ad* L*v*l*c*", "str*ß*", "null"],
        ),
        ("regexp_like(name, '^A')", ["true", "false", "null"]),
        ("name ~ 'l.ce$'", ["true", "false", "null"]),
        ("regexp_match(name, 'L(.)v')[1]", ["o", "null", "null"]),
    ];
    let mut wrong = Vec::new();
    for (expression, expected) in table {
        match evaluate(expression) {
            Ok(result) if result == expected => {}
            other => wrong.push(format!("{expression}\n  expected {expected:?}\n  got {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn results_are_named_by_alias_column_or_text() {
    let program = compile(&["id", "id * 2", "upper(name) as \"Upper\"", "name n"]).expect("compiles");
    let output = program.output();
    let names: Vec<&str> = output.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "id * 2", "Upper", "n"]);
    assert!(!output.field(0).is_nullable());
    assert_eq!(program.project(&batch()).expect("runs").schema_ref(), output);
}

#[test]
fn filter_keeps_rows_that_are_true() {
    let rows = |expression: &str| {
        compile(&[expression])
            .and_then(|p| p.filter(&batch()))
            .map(|b| b.num_rows())
    };
    assert_eq!(rows("paid"), Ok(1));
    assert_eq!(rows("quantity >= 0"), Ok(2));
    assert_eq!(rows("id > 0"), Ok(3));
    assert_eq!(rows("id > 9"), Ok(0));
    assert_eq!(rows("true"), Ok(3));
    assert_eq!(rows("1 = 2"), Ok(0));
    assert_eq!(rows("cast(null as boolean)"), Ok(0));
}

#[test]
fn a_plain_column_is_not_copied() {
    let batch = batch();
    let projected = compile(&["name as n"])
        .expect("compiles")
        .project(&batch)
        .expect("runs");
    assert!(std::sync::Arc::ptr_eq(projected.column(0), batch.column(3)));
}

#[test]
fn programs_run_on_many_threads() {
    fn check<T: Send + Sync>() {}
    check::<Program>();
    let program = compile(&["id * 2"]).expect("compiles");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| program.project(&batch()).expect("runs"));
        }
    });
}
