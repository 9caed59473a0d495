//! Expressions and data that try to exhaust the host. Each is refused fast, by a limit that the error names.

mod common;

use std::{sync::Arc, time::Duration, time::Instant};

use arrow::{
    array::{
        ArrayRef, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StringViewArray,
        UInt32Array,
    },
    buffer::{OffsetBuffer, ScalarBuffer},
    datatypes::{DataType, Field, Int32Type, Schema},
};
use common::batch;
use tenon_kernels::{Error, Kind, Limits, Program, STACK_BYTES, concat, take};

/// Longer than anything here takes on a loaded machine, far below what the attacks would take.
const FAST: Duration = Duration::from_secs(20);

/// Many rows, each with a text of 1,000 bytes, a number and a list of three numbers.
fn rows(count: usize) -> RecordBatch {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a".repeat(1_000); count]));
    let number: ArrayRef = Arc::new(Int64Array::from_iter_values((0..count).map(|n| n as i64)));
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..count).map(|_| Some(vec![Some(1); 3])),
    ));
    RecordBatch::try_from_iter([("t", text), ("n", number), ("l", list)]).expect("well formed")
}

fn run(batch: &RecordBatch, expressions: &[String]) -> Result<RecordBatch, Error> {
    Program::compile(batch.schema_ref(), expressions, &Limits::default())?.project(batch)
}

fn refused(what: &str, limit: &str, result: impl FnOnce() -> Result<RecordBatch, Error>) {
    let start = Instant::now();
    let outcome = result();
    let took = start.elapsed();
    match outcome {
        Ok(batch) => panic!("{what}: was done, with {} rows", batch.num_rows()),
        Err(error) => {
            let said = error.to_string();
            assert_eq!(error.kind(), Kind::Limit, "{what}: {said}");
            assert!(said.contains(&format!("the limit `{limit}`")), "{what}: {said}");
            assert!(said.len() < 2_000, "{what}: {said}");
        }
    }
    assert!(took < FAST, "{what} took {took:?}");
}

#[test]
fn text_that_is_too_long_deep_or_wide() {
    let nest = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let table: Vec<(&str, &str, Vec<String>)> = vec![
        ("parentheses", "depth", vec![nest("(", "id", ")", 10_000)]),
        ("open parentheses", "depth", vec!["(".repeat(60_000)]),
        ("brackets", "depth", vec![nest("[", "id", "]", 10_000)]),
        ("braces", "depth", vec![nest("{'a':", "id", "}", 5_000)]),
        ("minus", "depth", vec![nest("- ", "id", "", 10_000)]),
        ("not", "depth", vec![nest("not ", "paid", "", 10_000)]),
        ("calls", "depth", vec![nest("abs(", "id", ")", 10_000)]),
        ("case", "depth", vec![nest("case when paid then ", "id", " end", 2_000)]),
        ("casts", "depth", vec![nest("cast(", "id", " as bigint)", 3_000)]),
        ("postfix casts", "depth", vec![format!("id{}", "::int".repeat(10_000))]),
        ("subscripts", "depth", vec![nest("tags[", "1", "]", 10_000)]),
        ("a chain of +", "depth", vec![vec!["id"; 15_000].join("+")]),
        ("a chain of ||", "depth", vec![vec!["name"; 10_000].join("||")]),
        ("a chain of and", "depth", vec![vec!["paid"; 7_000].join(" and ")]),
        ("is null", "depth", vec![format!("id{}", " is null".repeat(7_000))]),
        ("between", "depth", vec![nest("id between 1 and ", "2", "", 3_000)]),
        (
            "more text than allowed",
            "expression_bytes",
            vec!["id + ".repeat(20_000)],
        ),
        (
            "an alias of 1 MB",
            "expression_bytes",
            vec![format!("id as {}", "x".repeat(1 << 20))],
        ),
        ("a million expressions", "expressions", vec!["id".to_owned(); 1_000_000]),
        (
            "many nodes in one",
            "nodes",
            vec![format!("concat({})", vec!["name"; 12_000].join(","))],
        ),
        (
            "many nodes in all",
            "nodes",
            (0..600)
                .map(|n| format!("concat({}) a{n}", vec!["id"; 20].join(",")))
                .collect(),
        ),
    ];
    for (what, limit, expressions) in table {
        refused(what, limit, || run(&batch(), &expressions));
    }
}

#[test]
fn what_the_parser_recurses_over_without_counting() {
    let types = format!("cast(null as {}int{})", "array<".repeat(9_000), ">".repeat(9_000));
    let brackets = format!("cast(null as int{})", "[]".repeat(30_000));
    let intervals = format!("{}'1 day'", "interval ".repeat(7_000));
    let fields = format!("point{}", ".x".repeat(30_000));
    let paths = format!("point{}", "['x']".repeat(12_000));
    let nots = format!("{}paid", "not ".repeat(10_000));
    let aliases = "id as as as".to_owned();
    let surrogate = "name = U&'\\d800'".to_owned();
    for expression in [types, brackets, intervals, fields, paths, nots, aliases, surrogate] {
        let start = Instant::now();
        let error = run(&batch(), std::slice::from_ref(&expression)).expect_err("refused");
        assert!(
            matches!(error.kind(), Kind::BadConfig | Kind::Unsupported | Kind::Limit),
            "{error}"
        );
        assert!(error.to_string().len() < 2_000, "{error}");
        assert!(start.elapsed() < FAST, "{error}");
    }
}

#[test]
fn the_deepest_expressions_allowed_compile_fast_and_run_on_a_small_stack() {
    let nest = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let table = [
        vec!["id"; 127].join("+"),
        vec!["paid"; 127].join(" and "),
        vec!["name"; 127].join("||"),
        nest("abs(", "id", ")", 60),
        nest("upper(", "name", ")", 60),
        nest("concat(name, ", "name", ")", 60),
        nest("coalesce(name, ", "name", ")", 60),
        nest("nullif(", "name", ", 'x')", 60),
        nest("greatest(id, ", "id", ")", 60),
        nest("case when paid then ", "name", " end", 60),
        nest("case when paid then name else ", "name", " end", 60),
        nest("case ", "name", " when 'x' then 'y' else view end", 60),
        nest("cast(cast(", "id", " as int) as varchar)", 30),
        nest("- ", "id", "", 60),
        nest("not ", "paid", "", 60),
        nest("[", "id", "]", 40),
        nest("named_struct('a', ", "id", ")", 60),
        nest("(id + ", "id", ")", 60),
        nest("(id + ", "id", ")", 120),
        nest("case when paid then ", "name", " end", 120),
        nest("concat(name, ", "name", ")", 120),
        nest("nvl2(name, name, ", "name", ")", 120),
        nest("paid and (id = 1 or ", "paid", ")", 60),
    ];
    for expression in table {
        let start = Instant::now();
        let batch = batch();
        let program = match Program::compile(
            batch.schema_ref(),
            std::slice::from_ref(&expression),
            &Limits::default(),
        ) {
            Ok(program) => program,
            Err(error) => {
                assert!(matches!(error.kind(), Kind::Limit | Kind::Unsupported), "{error}");
                continue;
            }
        };
        let compiled = start.elapsed();
        let outcome = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || program.project(&batch).map(|_| ()))
            .expect("a thread")
            .join()
            .expect("no panic");
        assert!(
            start.elapsed() < FAST,
            "{expression}: compiled in {compiled:?}, all in {:?}",
            start.elapsed()
        );
        if let Err(error) = outcome {
            assert_ne!(error.kind(), Kind::Internal, "{expression}: {error}");
        }
    }
}

#[test]
fn many_expressions_that_are_slow_to_plan() {
    let deep = format!("{}name{}", "nvl2(name, name, ".repeat(60), ")".repeat(60));
    let expressions: Vec<String> = (0..50).map(|n| format!("{deep} as a{n}")).collect();
    let limits = Limits {
        compile_time: Duration::from_millis(100),
        ..Limits::default()
    };
    refused("slow to plan", "compile_time", || {
        Program::compile(batch().schema_ref(), &expressions, &limits)?.project(&batch())
    });
}

#[test]
fn results_that_explode() {
    let many = rows(100_000);
    let table = [
        "repeat('a', 4000000000)",
        "repeat(t, 4000000000)",
        "repeat(t, 9223372036854775807)",
        "repeat(repeat(repeat(repeat('a', 1000), 1000), 1000), 1000)",
        "repeat('a', n * 1000000)",
        "repeat('a', 200000)",
        "length(repeat('a', 200000000) || t)",
        "lpad('a', 2000000000, 'x')",
        "rpad(t, 2000000000, 'xyz')",
        "lpad(t, n * 100000)",
        "replace(t, 'a', repeat('b', 60000))",
        "replace(t, '', repeat('b', 10000))",
        "regexp_replace(t, '', repeat('b', 10000), 'g')",
        "regexp_replace(t, '.*', '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0', 'g')",
        "translate(repeat(t, 1000), 'a', 'b')",
        "overlay(t placing repeat('x', 60000) from 1)",
        "t || repeat('x', 60000)",
        "case when n = 1 then repeat('x', 60000) else repeat('y', 60000) end",
        "coalesce(nullif(t, t), repeat('x', 60000))",
        "case repeat('x', 60000) when t then 1 else 2 end",
        "array_repeat(t, 1000000)",
        "array_repeat(array_repeat(1, 1000000), 1000000)",
        "array_resize(l, 1000000000, 1)",
        "array_resize(l, n * 100000, 1)",
        "string_to_array(repeat(t, 100), '')",
        "array_to_string(array_repeat(1, 10000), repeat('x', 60000))",
        "array_replace_all(array_repeat(1, 100), 1, 2)[1] + length(repeat(t, 1000000))",
        "encode(repeat(t, 2000), 'hex')",
        "repeat('x', 60000)",
        "[t, t, t, t, t]",
        "concat_ws(repeat('x', 60000), t, t, t)",
        "split_part(repeat(t, 100000), 'a', 1)",
        "initcap(repeat(t, 100000))",
        "md5(repeat(t, 100000))",
        "to_char(arrow_cast(n, 'Timestamp(Second, None)'), repeat('%c', 20000))",
        "repeat(t, 1000000) in (t, 'a')",
        "repeat(t, 1000000) like 'a%'",
        "repeat(t, 1000000) ~ 'a'",
        "repeat(t, 1000000) = t",
    ];
    for expression in table {
        refused(expression, "output_bytes", || run(&many, &[expression.to_owned()]));
    }
    let concat = format!("concat({})", vec!["t"; 1_000].join(","));
    refused("concat of 1,000", "output_bytes", || run(&many, &[concat]));
    let outputs: Vec<String> = (0..1_000).map(|n| format!("n + {n}")).collect();
    refused("many outputs", "output_bytes", || run(&many, &outputs));
    let texts: Vec<String> = (0..100).map(|n| format!("upper(t) as t{n}")).collect();
    refused("many texts", "output_bytes", || run(&many, &texts));
}

#[test]
fn work_that_grows_faster_than_the_data() {
    let many = rows(100_000);
    refused("levenshtein", "steps", || {
        run(&rows(10_000), &["levenshtein(t, t)".to_owned()])
    });
    let patterns = [
        "(a{1000}){1000}",
        "((a{100}){100}){100}",
        "(\\w{200}){200}",
        "[\\p{L}\\p{N}]{5000}",
    ];
    for pattern in patterns {
        for expression in [
            format!("t ~ '{pattern}'"),
            format!("regexp_replace(t, '{pattern}', 'x', 'g')"),
        ] {
            refused(&expression, "pattern_bytes", || {
                run(&many, std::slice::from_ref(&expression))
            });
        }
    }
}

#[test]
fn arrays_whose_rows_share_values() {
    let values: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1 << 20)]));
    let dictionary: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(
        Int32Array::from(vec![0; 100_000]),
        Arc::clone(&values),
    ));
    let long = StringViewArray::from_iter_values(["x".repeat(1 << 20)]);
    let views: ArrayRef = Arc::new(
        StringViewArray::try_new(
            ScalarBuffer::from(vec![long.views()[0]; 100_000]),
            long.data_buffers().to_vec(),
            None,
        )
        .expect("well formed"),
    );
    let batch = RecordBatch::try_from_iter([("d", dictionary), ("v", views)]).expect("well formed");
    for expression in [
        "cast(d as varchar)",
        "arrow_cast(v, 'LargeUtf8')",
        "upper(d)",
        "upper(v)",
        "v || 'x'",
        "reverse(v)",
        "substr(d, 2)",
        "[d]",
        "concat(v, v)",
    ] {
        refused(expression, "output_bytes", || run(&batch, &[expression.to_owned()]));
    }
    // Kernels that go on sharing are not refused.
    let limits = Limits::default();
    assert_eq!(
        take(&batch, &vec![0; 50_000], &limits).expect("takes").num_rows(),
        50_000
    );
    assert_eq!(
        concat(&[batch.clone(), batch.clone()], &limits)
            .expect("joins")
            .num_rows(),
        200_000
    );
    assert_eq!(
        run(&batch, &["d = 'y'".to_owned()]).expect("compares").num_rows(),
        100_000
    );
}

#[test]
fn take_and_concat_that_explode() {
    let limits = Limits::default();
    let few = rows(10);
    refused("take of a text", "output_bytes", || {
        take(&few, &vec![0; 1_000_000], &limits)
    });
    let long_list = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int64, true)),
        OffsetBuffer::from_lengths([1_000_000]),
        Arc::new(Int64Array::from(vec![1; 1_000_000])),
        None,
    );
    let lists = RecordBatch::try_from_iter([("l", Arc::new(long_list) as ArrayRef)]).expect("well formed");
    refused("take of a list", "output_bytes", || {
        take(&lists, &vec![0; 1_000], &limits)
    });
    refused("concat of a list", "output_bytes", || {
        concat(&vec![lists.clone(); 1_000], &limits)
    });
    refused("concat of text", "output_bytes", || {
        concat(&vec![rows(1_000); 1_000], &limits)
    });
    let numbers =
        RecordBatch::try_from_iter([("n", Arc::new(UInt32Array::from(vec![1])) as ArrayRef)]).expect("formed");
    assert_eq!(
        concat(&vec![numbers; 10_000], &limits).expect("joins").num_rows(),
        10_000
    );
    let nothing = RecordBatch::try_new_with_options(
        Arc::new(Schema::empty()),
        Vec::new(),
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(u32::MAX as usize)),
    )
    .expect("well formed");
    assert_eq!(
        concat(&vec![nothing; 1_000], &limits).unwrap_err().kind(),
        Kind::BadConfig
    );
}
