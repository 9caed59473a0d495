//! Attacks on the processor and the stack.

use std::time::Duration;

use tenon_runtime::{Limits, Run};
use tenon_tests::arena::{Arena, limits, numbers};

#[tokio::test]
async fn an_endless_loop_ends_at_its_cpu_time() {
    let attempt = Arena::new().await.attack("loop", "").await;
    attempt.met_limit("cpu_per_call_ms", "400ms");
    assert!(attempt.run.statistics().cpu >= Duration::from_millis(400));
}

#[tokio::test]
async fn endless_copying_ends_at_its_cpu_time() {
    let arena = Arena::new().await;
    arena
        .attack("copy", "8000000")
        .await
        .met_limit("cpu_per_call_ms", "400ms");
    arena
        .attack("fill", "16000000")
        .await
        .met_limit("cpu_per_call_ms", "400ms");
}

#[tokio::test]
async fn time_that_the_host_spends_for_a_guest_counts() {
    Arena::new()
        .await
        .attack("call-host", "")
        .await
        .met_limit("cpu_per_call_ms", "400ms");
}

#[tokio::test]
async fn endless_recursion_meets_the_end_of_the_guests_own_stack() {
    // A Rust guest keeps a stack in its memory, below everything else.
    Arena::new()
        .await
        .attack("recurse", "")
        .await
        .trapped(&["out of bounds", "recurse"]);
}

#[tokio::test]
async fn a_run_has_no_more_cpu_time_than_all_its_calls_together() {
    let arena = Arena::new().await;
    let limits = Limits {
        cpu_per_call_ms: 10_000,
        cpu_per_run_ms: 300,
        ..limits()
    };
    arena
        .attack_within(limits, "loop", "")
        .await
        .met_limit("cpu_per_run_ms", "300ms");
}

/// Calls that are too short to be interrupted must not get around the run's limit.
#[tokio::test]
async fn short_calls_add_up() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "short")
        .limits(Limits {
            cpu_per_run_ms: 20,
            ..limits()
        })
        .build();
    let mut sandbox = arena.open(&run, "burn", "50000").await;
    let batch = numbers(3);
    let error = loop {
        match sandbox.process(batch.clone()).await {
            Ok(_) => assert!(
                run.statistics().cpu < Duration::from_millis(40),
                "{:?}",
                run.statistics()
            ),
            Err(error) => break error,
        }
    };
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("cpu_per_run_ms"),
        "{error}"
    );
    drop(sandbox);
    // The run has nothing left: its next sandbox is refused at once.
    let mut sandbox = arena.evil.checkout(&run).await.unwrap();
    let error = sandbox.open("burn", "1", batch.schema_ref()).await.unwrap_err();
    assert_eq!(
        error.limit().map(|reached| reached.limit),
        Some("cpu_per_run_ms"),
        "{error}"
    );
    drop(sandbox);
    arena.assert_well().await;
}

#[tokio::test]
async fn a_sandbox_that_met_a_limit_is_not_used_again() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "again").limits(limits()).build();
    let mut sandbox = arena.open(&run, "loop", "").await;
    assert!(sandbox.process(numbers(3)).await.unwrap_err().limit().is_some());
    assert!(sandbox.is_spoiled());
    let error = sandbox.process(numbers(3)).await.unwrap_err().to_string();
    assert!(error.contains("check out another"), "{error}");
    drop(sandbox);
    assert_eq!(arena.evil.statistics().retired, 1);
    arena.assert_well().await;
}

/// Whoever waits for a looping guest may give up: the guest is gone at once.
#[tokio::test]
async fn a_cancelled_call_leaves_nothing_running() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "cancelled").build();
    let mut sandbox = arena.open(&run, "loop", "").await;
    let waited = tokio::time::timeout(Duration::from_millis(50), sandbox.process(numbers(3))).await;
    assert!(waited.is_err(), "it was still running");
    assert!(sandbox.is_spoiled());
    drop(sandbox);
    arena.assert_well().await;
}
