//! Expressions that cost more than they say.

use tenon_runtime::{ErrorKind, Limits};
use tenon_tests::arena::{Arena, limits};

#[tokio::test]
async fn texts_that_explode_are_refused() {
    let arena = Arena::new().await;
    let nested = (0..8).fold("'x'".to_owned(), |inner, _| format!("repeat({inner}, 100)"));
    let expressions = [
        "repeat('x', 2000000000) as x",
        "repeat(repeat('x', 100000), 100000) as x",
        &format!("{nested} as x"),
        "lpad('x', 2000000000, 'y') as x",
        "rpad('x', 2000000000) as x",
        "array_repeat(array_repeat(1, 100000), 100000) as x",
        "range(0, 9000000000000000000) as x",
    ];
    for expression in expressions {
        let attempt = arena.attack("project", expression).await;
        let error = attempt.error();
        let refused = matches!(
            error.kind(),
            ErrorKind::Limit | ErrorKind::Unsupported | ErrorKind::BadConfig
        );
        assert!(refused, "{expression}: {error}");
        // Whatever is refused names itself.
        let function = expression.split('(').next().unwrap();
        assert!(error.to_string().contains(function), "{expression}: {error}");
    }
    arena
        .attack("project", "repeat('x', 2000000000) as x")
        .await
        .was_refused(ErrorKind::Limit, &["output_bytes"]);
}

#[tokio::test]
async fn expressions_nested_without_end_are_refused() {
    let arena = Arena::new().await;
    for depth in [200, 5_000, 30_000] {
        let deep = format!("{}x{} as x", "(".repeat(depth), ")".repeat(depth));
        arena
            .attack("project", &deep)
            .await
            .was_refused(ErrorKind::Limit, &["`depth`"]);
    }
    let calls = format!("{}x{} as x", "abs(".repeat(5_000), ")".repeat(5_000));
    arena
        .attack("project", &calls)
        .await
        .was_refused(ErrorKind::Limit, &["`depth`"]);
    let not = format!("{}true as x", "not ".repeat(10_000));
    arena
        .attack("project", &not)
        .await
        .was_refused(ErrorKind::Limit, &["`depth`"]);
    let minus = format!("{}x as x", "- ".repeat(10_000));
    arena
        .attack("project", &minus)
        .await
        .was_refused(ErrorKind::Limit, &["`depth`"]);
    let case = format!("{}x{} as x", "case when true then ".repeat(1_000), " end".repeat(1_000));
    arena
        .attack("project", &case)
        .await
        .was_refused(ErrorKind::Limit, &["`depth`"]);
    let sum = format!("x{} as x", " + x".repeat(10_000));
    arena
        .attack("project", &sum)
        .await
        .was_refused(ErrorKind::Limit, &["`depth`"]);
}

#[tokio::test]
async fn long_lists_and_texts_are_refused() {
    let arena = Arena::new().await;
    let list = format!("x in ({}1) as x", "1,".repeat(15_000));
    arena
        .attack("project", &list)
        .await
        .was_refused(ErrorKind::Limit, &["`nodes`"]);
    let text = format!("'{}' as x", "y".repeat(1 << 20));
    arena
        .attack("project", &text)
        .await
        .was_refused(ErrorKind::Limit, &["`expression_bytes`"]);
    let many = "x\n".repeat(2_000);
    arena
        .attack("project", &many)
        .await
        .was_refused(ErrorKind::Limit, &["`expressions`"]);
}

#[tokio::test]
async fn statements_and_subqueries_are_refused() {
    let arena = Arena::new().await;
    let expressions = [
        "(select 1) as x",
        "x; drop table t",
        "exists (select 1)",
        "x in (select 1)",
        "sum(x) over () as x",
        "now() as x",
        "random() as x",
        "version() as x",
        "current_date as x",
        "$1 as x",
        "@@version as x",
        "\0",
        "x as x from t",
        "*",
        "'unfinished",
    ];
    for expression in expressions {
        let attempt = arena.attack("project", expression).await;
        let Err(error) = &attempt.result else {
            panic!("`{expression}` was computed")
        };
        let kinds = [ErrorKind::BadConfig, ErrorKind::Unsupported];
        assert!(kinds.contains(&error.kind()), "{expression}: {error}");
    }
}

#[tokio::test]
async fn patterns_that_explode_are_refused() {
    let arena = Arena::new().await;
    let pattern = "regexp_like('aaaa', '((((a{100}){100}){100}){100}){100}') as x";
    arena
        .attack("project", pattern)
        .await
        .was_refused(ErrorKind::Limit, &["`pattern_bytes`"]);
}

/// Compiled programs live in the host's memory.
#[tokio::test]
async fn programs_are_charged() {
    let arena = Arena::new().await;
    let limits = Limits {
        cpu_per_call_ms: 8_000,
        ..limits()
    };
    let attempt = arena.attack_within(limits, "programs", "900").await;
    attempt.was_refused(ErrorKind::Limit, &["`held_bytes` of 16 MiB"]);
    assert!(attempt.counted("programs") > 0);
}

#[tokio::test]
async fn a_program_for_another_schema_is_refused() {
    let attempt = Arena::new().await.attack("foreign-program", "").await;
    attempt.was_refused(ErrorKind::BadConfig, &["other"]);
}

#[tokio::test]
async fn a_filter_needs_one_boolean() {
    let arena = Arena::new().await;
    arena
        .attack("filter", "x")
        .await
        .was_refused(ErrorKind::BadConfig, &["boolean"]);
    arena
        .attack("filter", "x > 1\nx > 2")
        .await
        .was_refused(ErrorKind::BadConfig, &["exactly one"]);
    arena
        .attack("filter", "x / 0 > 1")
        .await
        .was_refused(ErrorKind::BadData, &["x / 0"]);
}
