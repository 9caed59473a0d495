//! Batches that lie, through a guest's eyes: every lie is refused, and the error says what was expected where.

use tenon_runtime::ErrorKind;
use tenon_tests::arena::Arena;

#[tokio::test]
async fn every_lie_is_refused_naming_the_column() {
    let lies = [
        ("length", "expected a length of 2, but got 3"),
        ("length-absurd", "expected a length of 2, but got 4294967295"),
        ("short-buffer", "16 bytes"),
        ("nulls-more-than-rows", "expected at most"),
        ("nulls-miscounted", "expected 1 nulls"),
        ("nulls-without-validity", "validity buffer"),
        ("nulls-not-allowed", "null"),
        ("offsets-fall", "offsets that never fall"),
        ("offsets-past-the-end", "but got 1000000"),
        ("offsets-negative", "-1"),
        ("offsets-missing", "12 bytes"),
        ("not-utf8", "UTF-8"),
        ("split-character", "UTF-8"),
        ("too-few-buffers", "3 buffers"),
        ("too-many-buffers", "but got 1 nodes and 3 buffers"),
        ("no-nodes", "but got 0 nodes"),
        ("other-type", "3 buffers"),
        ("unknown-format", "`?`"),
        ("missing-children", "the 5 children"),
        ("children-absurd", "4294967295 children"),
        ("list-child-too-short", "`a"),
        ("struct-child-too-short", "`a.child`"),
        ("fixed-list-weightless", "`a"),
        ("dictionary-index", "7"),
        ("run-ends", "run end"),
        ("union-type-id", "9"),
        ("union-offset", "77"),
        ("decimal-precision", "200"),
    ];
    let arena = Arena::new().await;
    for (lie, words) in lies {
        let attempt = arena.attack("lie", lie).await;
        let error = attempt.error();
        assert!(
            matches!(error.kind(), ErrorKind::BadData | ErrorKind::Limit),
            "{lie}: {error}"
        );
        let message = error.to_string();
        assert!(message.contains("`a"), "{lie} names no column: {message}");
        assert!(message.contains(words), "{lie}: `{words}` is missing in: {message}");
        assert!(message.len() < 1_000, "{lie}: {message}");
    }
}

#[tokio::test]
async fn columns_and_schema_must_agree_in_number() {
    let arena = Arena::new().await;
    arena
        .attack("lie", "no-columns")
        .await
        .was_refused(ErrorKind::BadData, &["expected 1 columns", "got 0"]);
    arena
        .attack("lie", "too-many-columns")
        .await
        .was_refused(ErrorKind::BadData, &["expected 1 columns", "got 2"]);
    arena
        .attack("lie-with-columns", "")
        .await
        .was_refused(ErrorKind::BadData, &["`more`", "length of 3, but got 4"]);
}

#[tokio::test]
async fn rows_without_end_are_refused() {
    let arena = Arena::new().await;
    for rows in ["16777217", "4294967295"] {
        arena
            .attack("rows", rows)
            .await
            .was_refused(ErrorKind::Limit, &[rows, "16777216"]);
    }
    arena
        .attack("lie", "fixed-list-overflow")
        .await
        .was_refused(ErrorKind::BadData, &["`a"]);
    arena
        .attack("lie", "a-million-nodes")
        .await
        .was_refused(ErrorKind::Limit, &["`out_bytes`"]);
}

#[tokio::test]
async fn nesting_10_000_deep_is_refused() {
    let arena = Arena::new().await;
    for levels in ["65", "10000", "16383"] {
        arena
            .attack("deep", levels)
            .await
            .was_refused(ErrorKind::Limit, &["nesting depth of 65", "limit of 64"]);
    }
    arena
        .attack("deep", "100000")
        .await
        .was_refused(ErrorKind::Limit, &["100001", "limit of 16384"]);
}

#[tokio::test]
async fn schemas_without_end_are_refused() {
    let arena = Arena::new().await;
    arena
        .attack("wide", "16385")
        .await
        .was_refused(ErrorKind::Limit, &["number of fields of 16385", "16384"]);
    arena
        .attack("name", "1000000")
        .await
        .was_refused(ErrorKind::Limit, &["name length", "1000000", "1024"]);
    arena
        .attack("metadata", "2000000")
        .await
        .was_refused(ErrorKind::Limit, &["metadata", "2000005", "1048576"]);
}

/// Two columns of one name are allowed in Arrow, and not announced here.
#[tokio::test]
async fn a_name_that_comes_twice_is_another_schema() {
    let attempt = Arena::new().await.attack("lie", "names-twice").await;
    attempt.broke_the_contract(&["2 columns", "announced 1"]);
}
