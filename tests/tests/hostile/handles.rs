//! Attacks with handles.

use std::sync::Arc;

use tenon_runtime::{ErrorKind, Limits, Run};
use tenon_tests::arena::{Arena, assert_says, counted, limits, numbers};

const MANY: &str = "1000000";

#[tokio::test]
async fn a_million_handles_end_at_the_limit() {
    let arena = Arena::new().await;
    arena.attack("share", MANY).await.met_limit("handles", "1000 handles");
    arena
        .attack("compile", MANY)
        .await
        .was_refused(ErrorKind::Limit, &["`handles` of 1000 handles"]);
    let attempt = arena.attack("build-many", MANY).await;
    attempt.was_refused(ErrorKind::Limit, &["`handles` of 1000 handles"]);
    assert!(attempt.counted("built") <= 1_000);
}

#[tokio::test]
async fn handles_are_given_back_with_the_sandbox() {
    let arena = Arena::new().await;
    for _ in 0..20 {
        arena.attack("share", "900").await.result.unwrap();
    }
}

#[tokio::test]
async fn forged_handles_trap() {
    let arena = Arena::new().await;
    for handle in ["0", "2", "77", "2147483647", "4294967295"] {
        let attempt = arena.attack("forge", handle).await;
        attempt.trapped(&["unknown handle index"]);
        assert_eq!(attempt.counted("answered"), 0);
        arena
            .attack("forge-drop", handle)
            .await
            .trapped(&["unknown handle index"]);
    }
    arena.attack("confuse", "").await.trapped(&["handle"]);
}

#[tokio::test]
async fn dropped_and_returned_handles_trap() {
    let arena = Arena::new().await;
    for attack in ["use-after-drop", "drop-twice", "return-twice"] {
        arena.attack(attack, "").await.trapped(&["unknown handle index"]);
    }
}

#[tokio::test]
async fn a_handle_that_was_returned_is_gone_in_the_next_call() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "returned").limits(limits()).build();
    let mut sandbox = arena.open(&run, "use-returned", "").await;
    assert_eq!(
        sandbox.process(numbers(3)).await.unwrap().batches,
        [numbers(3), numbers(3)]
    );
    let error = sandbox.process(numbers(3)).await.unwrap_err();
    assert!(error.to_string().contains("unknown handle index"), "{error}");
    assert_eq!(counted(&run, "rows of another"), 0);
    drop(sandbox);
    arena.assert_well().await;
}

/// A batch is the guest's own; it may keep it, and pays for it.
#[tokio::test]
async fn batches_kept_across_calls_are_charged() {
    let arena = Arena::new().await;
    let limits = Limits {
        held_bytes: 1 << 20,
        ..limits()
    };
    let run = Run::builder("evil", "keep").limits(limits).build();
    let batch = numbers(10_000);
    let mut sandbox = arena.evil.checkout(&run).await.unwrap();
    sandbox.open("keep", "", batch.schema_ref()).await.unwrap();
    let mut calls = 0;
    let error = loop {
        match sandbox.process(batch.clone()).await {
            Ok(_) => calls += 1,
            Err(error) => break error,
        }
    };
    // 80,000 bytes each.
    assert_eq!(calls, 13, "{error}");
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("held_bytes"),
        "{error}"
    );
    assert_eq!(counted(&run, "kept rows"), (1..=14).sum::<u64>() * 10_000);
    drop(sandbox);
    assert_eq!(Arc::strong_count(batch.column(0)), 1, "the host has let go of it");
    arena.assert_well().await;
}

/// What is not kept is not charged, however much of it passes through.
#[tokio::test]
async fn batches_returned_or_dropped_cost_nothing() {
    let arena = Arena::new().await;
    for attack in ["pass", "keep-one"] {
        let limits = Limits {
            held_bytes: 1 << 20,
            ..limits()
        };
        let run = Run::builder("evil", attack).limits(limits).build();
        let mut sandbox = arena.open(&run, attack, "").await;
        for _ in 0..100 {
            sandbox.process(numbers(10_000)).await.expect(attack);
        }
    }
}

/// Every handle on a wide batch costs the host memory, even where no data are copied.
#[tokio::test]
async fn handles_on_wide_batches_are_charged() {
    let arena = Arena::new().await;
    for attack in ["slice", "share"] {
        let run = Run::builder("evil", attack).limits(limits()).build();
        let batch = wide(2_000);
        let mut sandbox = arena.evil.checkout(&run).await.unwrap();
        sandbox.open(attack, "900", batch.schema_ref()).await.unwrap();
        let error = sandbox.process(batch).await.expect_err(attack);
        assert_eq!(error.kind(), ErrorKind::Limit, "{attack}: {error}");
        assert!(
            error.to_string().contains("`held_bytes` of 16 MiB"),
            "{attack}: {error}"
        );
    }
    arena.assert_well().await;
}

/// One handle, many times in one list.
#[tokio::test]
async fn many_parts_are_refused_before_they_cost_anything() {
    let arena = Arena::new().await;
    arena.attack("concat", MANY).await.met_limit("handles", "1000 handles");
    let run = Run::builder("evil", "concat").limits(limits()).build();
    let batch = wide(2_000);
    let mut sandbox = arena.evil.checkout(&run).await.unwrap();
    sandbox.open("concat", "900", batch.schema_ref()).await.unwrap();
    let error = sandbox.process(batch).await.unwrap_err();
    assert_says(&error, ErrorKind::Limit, &["900 parts", "`call_bytes` of 16 MiB"]);
    drop(sandbox);
    arena.assert_well().await;
}

/// Views travel as bytes: reading one column many times must not make the host hold it many times.
#[tokio::test]
async fn reading_a_column_again_and_again_is_bounded() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "read").limits(limits()).build();
    let views = arrow::array::StringViewArray::from_iter_values(std::iter::repeat_n("x".repeat(1_000), 1_000));
    let views: arrow::array::ArrayRef = Arc::new(views);
    let batch =
        arrow::array::RecordBatch::try_from_iter((0..1_000).map(|column| (format!("c{column}"), Arc::clone(&views))))
            .unwrap();
    let mut sandbox = arena.evil.checkout(&run).await.unwrap();
    sandbox.open("read-again", "1000", batch.schema_ref()).await.unwrap();
    let error = sandbox.process(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    assert!(error.to_string().contains("`memory` of 32 MiB"), "{error}");
    drop(sandbox);
    arena.assert_well().await;
}

#[tokio::test]
async fn pointers_and_levels_that_are_none_trap() {
    let arena = Arena::new().await;
    arena
        .attack("log-pointer", "4294967295")
        .await
        .trapped(&["out of bounds"]);
    arena.attack("log-level", "77").await.trapped(&["77"]);
    arena.attack("log-not-utf8", "").await.trapped(&["utf-8"]);
}

fn wide(columns: usize) -> arrow::array::RecordBatch {
    let column: arrow::array::ArrayRef = Arc::new(arrow::array::NullArray::new(2));
    arrow::array::RecordBatch::try_from_iter_with_nullable(
        (0..columns).map(|index| (format!("c{index}"), Arc::clone(&column), true)),
    )
    .unwrap()
}
