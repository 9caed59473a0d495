//! Guests that end badly.

use tenon_runtime::{ErrorKind, Limits};
use tenon_tests::arena::{Arena, assert_says, limits};

#[tokio::test]
async fn a_panic_says_where_and_why() {
    let attempt = Arena::new().await.attack("panic", "these are my last words").await;
    attempt.trapped(&[
        "`evil`",
        "function `panic`",
        "unreachable",
        "these are my last words",
        "crash.rs",
    ]);
}

#[tokio::test]
async fn a_panic_with_a_large_message_is_clipped() {
    let arena = Arena::new().await;
    let limits = Limits {
        memory: 256 << 20,
        call_bytes: 256 << 20,
        ..limits()
    };
    let attempt = arena.attack_within(limits, "panic-large", "").await;
    assert_says(attempt.error(), ErrorKind::BadConfig, &["trapped", "panicked"]);
}

#[tokio::test]
async fn traps_are_named() {
    let arena = Arena::new().await;
    arena.attack("abort", "").await.trapped(&["unreachable"]);
    arena.attack("unreachable", "").await.trapped(&["unreachable"]);
    arena.attack("exit", "").await.trapped(&["unreachable"]);
    arena.attack("out-of-bounds", "").await.trapped(&["out of bounds"]);
}

/// An earlier call's misfortune must not be taken for the cause of a later one.
#[tokio::test]
async fn only_what_happened_in_a_call_explains_its_end() {
    let arena = Arena::new().await;
    let run = tenon_runtime::Run::builder("evil", "later").limits(limits()).build();
    let mut sandbox = arena.open(&run, "grow-then-trap", "").await;
    let batch = tenon_tests::arena::numbers(3);
    sandbox.process(batch.clone()).await.unwrap();
    let error = sandbox.process(batch).await.unwrap_err();
    assert_says(&error, ErrorKind::BadConfig, &["trapped", "unreachable"]);
    assert!(!error.to_string().contains("said long ago"), "{error}");
    drop(sandbox);
    arena.assert_well().await;
}
