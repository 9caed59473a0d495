use std::sync::Arc;

use tenon_metadata::ErrorKind;
use tenon_tenants::tokens::{self, Issued, LONGEST_GRACE, Rotation, TokenInput};
use tenon_tenants::{Error, Principal, Scope, TokenText};

use crate::server::{SECOND, Server, name};

async fn issue(server: &Server) -> Issued {
    let input = TokenInput {
        name: name("t"),
        scopes: vec![Scope::Write],
        expires: None,
    };
    server
        .write(move |tx| tokens::create(tx, Some(&name("a")), &input, &Principal::server()))
        .await
}

async fn rotate(server: &Server, grace_seconds: u64, if_version: Option<i64>) -> Result<Issued, Error> {
    let rotation = Rotation {
        grace_seconds,
        expires: None,
    };
    server
        .try_write(move |tx| tokens::rotate(tx, Some(&name("a")), "t", &rotation, if_version))
        .await
}

async fn is_valid(server: &Server, text: &TokenText) -> bool {
    let text = text.clone();
    server
        .try_write(move |tx| tokens::authenticate(tx, text.reveal()))
        .await
        .is_ok()
}

#[tokio::test]
async fn the_old_text_is_valid_for_a_while() {
    let server = Server::start().await;
    let first = issue(&server).await;
    let second = rotate(&server, 60, Some(1)).await.expect("rotated");
    assert_eq!((second.token.id, second.token.version), (first.token.id.clone(), 2));
    assert!(is_valid(&server, &first.text).await && is_valid(&server, &second.text).await);
    server.wait(30 * SECOND);
    // A later rotation gives the first no more time than it had.
    let third = rotate(&server, 3600, None).await.expect("rotated");
    server.wait(30 * SECOND);
    assert!(!is_valid(&server, &first.text).await && is_valid(&server, &second.text).await);
    // At once: a text has leaked.
    let fourth = rotate(&server, 0, None).await.expect("rotated");
    assert!(!is_valid(&server, &second.text).await && !is_valid(&server, &third.text).await);
    assert!(is_valid(&server, &fourth.text).await);
}

#[tokio::test]
async fn two_rotations_at_once_leave_what_both_were_given_valid() {
    let server = Arc::new(Server::start().await);
    let first = issue(&server).await;
    let rotations = (0..8).map(|_| {
        let server = Arc::clone(&server);
        tokio::spawn(async move { rotate(&server, 60, None).await })
    });
    let mut texts = vec![first.text];
    for rotation in rotations.collect::<Vec<_>>() {
        texts.push(rotation.await.expect("no panic").expect("rotated").text);
    }
    for text in &texts {
        assert!(is_valid(&server, text).await);
    }
    server.wait(60 * SECOND);
    let mut left = 0;
    for text in &texts {
        left += u32::from(is_valid(&server, text).await);
    }
    assert_eq!(left, 1, "one is the last");
}

#[tokio::test]
async fn of_two_that_have_seen_the_same_version_one_is_told() {
    let server = Arc::new(Server::start().await);
    let first = issue(&server).await;
    let rotations: Vec<_> = (0..2)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { rotate(&server, 0, Some(1)).await })
        })
        .collect();
    let mut ended = Vec::new();
    for rotation in rotations {
        ended.push(rotation.await.expect("no panic"));
    }
    ended.sort_by_key(Result::is_err);
    let [Ok(rotated), Err(error)] = &ended[..] else {
        panic!("{ended:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(is_valid(&server, &rotated.text).await && !is_valid(&server, &first.text).await);
}

#[tokio::test]
async fn rotations_have_bounds() {
    let server = Server::start().await;
    issue(&server).await;
    assert_eq!(
        rotate(&server, LONGEST_GRACE + 1, None)
            .await
            .expect_err("too long")
            .kind(),
        ErrorKind::Invalid
    );
    assert_eq!(
        rotate(&server, u64::MAX, None).await.expect_err("too long").kind(),
        ErrorKind::Invalid
    );
    for _ in 0..9 {
        rotate(&server, LONGEST_GRACE, None).await.expect("rotated");
    }
    let error = rotate(&server, LONGEST_GRACE, None).await.expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    assert!(rotate(&server, 0, None).await.is_ok(), "a leak can always be stopped");

    let other = Rotation::default();
    let error = server
        .fails(move |tx| tokens::rotate(tx, Some(&name("b")), "t", &other, None))
        .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let past = Rotation {
        expires: Some(server.now()),
        ..Rotation::default()
    };
    let error = server
        .fails(move |tx| tokens::rotate(tx, Some(&name("a")), "t", &past, None))
        .await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
}
