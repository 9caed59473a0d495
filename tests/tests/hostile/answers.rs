//! Answers that are too large, or not what was announced.

use tenon_runtime::{ErrorKind, Limits, Run};
use tenon_tests::arena::{Arena, Attempt, assert_says, limits, numbers};

/// Limits that let a guest make something large.
fn roomy() -> Limits {
    Limits {
        memory: 512 << 20,
        call_bytes: 256 << 20,
        cpu_per_call_ms: 8_000,
        ..limits()
    }
}

#[tokio::test]
async fn an_error_message_of_100_mb_is_clipped() {
    let arena = Arena::new().await;
    let attempt = arena.attack_within(roomy(), "error-large", "100000000").await;
    assert_says(
        attempt.error(),
        ErrorKind::BadData,
        &["function `error-large` failed: xxxx", "100000000 bytes"],
    );
    // Within small limits it does not even get that far.
    arena
        .attack("error-large", "20000000")
        .await
        .met_limit("call_bytes", "16 MiB");
    arena
        .attack("error-large", "100000000")
        .await
        .met_limit("memory", "32 MiB");
}

#[tokio::test]
async fn a_context_of_a_million_entries_is_clipped() {
    let arena = Arena::new().await;
    let attempt = arena.attack_within(roomy(), "error-context", "1000000").await;
    let message = attempt.error().to_string();
    assert!(
        message.contains("step 15: deep inside") && !message.contains("step 16"),
        "{message}"
    );
    let attempt = arena.attack_within(roomy(), "error-context-large", "100000").await;
    assert_says(attempt.error(), ErrorKind::BadData, &["yyyy", "xxxx"]);
}

#[tokio::test]
async fn rejections_that_lie_are_refused() {
    let arena = Arena::new().await;
    arena
        .attack("reject-outside", "3")
        .await
        .broke_the_contract(&["row 3 of a batch of 3 rows"]);
    arena
        .attack("reject-outside", "4294967295")
        .await
        .broke_the_contract(&["row 4294967295"]);
    arena
        .attack("reject-twice", "")
        .await
        .broke_the_contract(&["row 0 twice"]);
    arena
        .attack_within(roomy(), "reject-many", "3000000")
        .await
        .broke_the_contract(&["row 3 of a batch of 3 rows"]);
    arena
        .attack("reject-many", "1000000")
        .await
        .met_limit("call_bytes", "16 MiB");
    let attempt = arena.attack("reject-large", "1000000").await;
    let output = attempt.result.as_ref().unwrap();
    assert!(
        output.rejected[0].reason.len() < 1_100,
        "{} bytes",
        output.rejected[0].reason.len()
    );
}

#[tokio::test]
async fn another_schema_than_announced_is_refused() {
    let arena = Arena::new().await;
    arena
        .attack("other-type", "")
        .await
        .broke_the_contract(&["column `x`", "Float64", "announced Int64"]);
    let attempt = arena.attack("other-name", "").await;
    attempt.broke_the_contract(&["1000 bytes", "announced `x`"]);
    assert!(attempt.error().to_string().len() < 1_000);
    arena
        .attack("more-columns", "")
        .await
        .broke_the_contract(&["2 columns", "announced 1"]);
}

async fn announce(arena: &Arena, function: &str, size: &str) -> Attempt {
    arena.attack_within(roomy(), function, size).await
}

#[tokio::test]
async fn announced_schemas_are_bounded() {
    let arena = Arena::new().await;
    announce(&arena, "announce-deep", "10000")
        .await
        .broke_the_contract(&["nesting depth", "limit of 64"]);
    announce(&arena, "announce-deep", "1000000")
        .await
        .broke_the_contract(&["number of fields", "16384"]);
    announce(&arena, "announce-wide", "100000")
        .await
        .broke_the_contract(&["number of fields of 100000"]);
    announce(&arena, "announce-long", "1000000")
        .await
        .broke_the_contract(&["name length", "1000000"]);
    announce(&arena, "announce-format", "1000000")
        .await
        .broke_the_contract(&["qqqq"]);
    let attempt = announce(&arena, "announce-error", "100000000").await;
    assert_says(attempt.error(), ErrorKind::BadConfig, &["100000000 bytes"]);
}

/// The same batch many times is many batches for whoever writes them.
#[tokio::test]
async fn batches_are_bounded_by_handles() {
    let arena = Arena::new().await;
    let attempt = arena.attack("share-and-return", "900").await;
    assert_eq!(attempt.result.as_ref().unwrap().batches.len(), 900);
    arena
        .attack("share-and-return", "1001")
        .await
        .met_limit("handles", "1000 handles");
}

#[tokio::test]
async fn an_unknown_function_is_refused_without_listing_all_there_are() {
    let arena = Arena::new().await;
    let run = Run::builder("evil", "unknown").build();
    let mut sandbox = arena.evil.checkout(&run).await.unwrap();
    let error = sandbox.open("innocent", "", numbers(1).schema_ref()).await.unwrap_err();
    assert_says(&error, ErrorKind::BadConfig, &["no function `innocent`", "more"]);
    assert!(error.to_string().len() < 1_000, "{error}");
    drop(sandbox);
    arena.assert_well().await;
}
