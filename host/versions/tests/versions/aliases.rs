//! Aliases: moved, contended, gone back.

use futures::future::join_all;
use tenon_metadata::{ErrorKind, Name, PageRequest};
use tenon_versions::{Error, Move, MoveKind, alias, aliases, moves, remove_alias, retire, rollback};

use crate::{Place, name};

async fn points_to(place: &Place, alias_name: &str) -> Option<i64> {
    let wanted = name(alias_name);
    let found = place
        .write(move |tx| alias(tx, &name("shop"), &name("clean"), &wanted))
        .await;
    match found {
        Ok(alias) => Some(alias.version),
        Err(Error::NoAlias { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn history(place: &Place, of: &str) -> Vec<Move> {
    let of = name(of);
    place
        .write(move |tx| moves(tx, &name("shop"), &name("clean"), Some(&of), &PageRequest::default()))
        .await
        .unwrap()
        .items
}

async fn go_back(place: &Place, alias: &str) -> Result<i64, Error> {
    let alias = name(alias);
    place
        .write(move |tx| rollback(tx, &name("shop"), &name("clean"), &alias, "bob", "it is slow", None))
        .await
        .map(|alias| alias.version)
}

#[tokio::test]
async fn latest_follows_and_stable_is_promoted() {
    let place = Place::new().await;
    place.ready(b"one").await;
    assert_eq!(
        (points_to(&place, "latest").await, points_to(&place, "stable").await),
        (Some(1), Some(1))
    );
    place.ready(b"two").await;
    assert_eq!(
        (points_to(&place, "latest").await, points_to(&place, "stable").await),
        (Some(2), Some(1))
    );
    place.push(b"three").await.unwrap();
    assert_eq!(points_to(&place, "latest").await, Some(2), "it is not ready");
    place.promote("stable", 2, None).await.unwrap();
    place.promote("night", 1, None).await.unwrap();
    let listed = place
        .write(|tx| aliases(tx, &name("shop"), &name("clean")))
        .await
        .unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|alias| (alias.alias.as_str(), alias.version))
        .collect();
    assert_eq!(listed, [("latest", 2), ("night", 1), ("stable", 2)]);
    let history = history(&place, "stable").await;
    assert_eq!(
        (history[0].from, history[0].to, history[0].kind),
        (Some(1), Some(2), MoveKind::Promoted)
    );
    assert_eq!(
        (history[0].by.as_str(), history[0].reason.as_str()),
        ("ada", "it is better")
    );
    assert_eq!(
        (history[1].from, history[1].to, history[1].kind),
        (None, Some(1), MoveKind::Followed)
    );
    assert_eq!(place.events("plugin.promoted").await[0]["to"], 2);
}

#[tokio::test]
async fn of_those_who_promote_at_once_one_wins() {
    let place = Place::new().await;
    for number in 1..=8_u8 {
        place.ready(&[number]).await;
    }
    let results = join_all((1..=8).map(|version| place.promote("stable", version, Some(1)))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for error in results.into_iter().filter_map(Result::err) {
        assert!(
            matches!(
                error,
                Error::Changed {
                    found: 2,
                    expected: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
    let made = join_all((1..=8).map(|version| place.promote("new", version, Some(0)))).await;
    assert_eq!(made.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(history(&place, "new").await.len(), 1);
}

#[tokio::test]
async fn going_back_goes_further_each_time() {
    let place = Place::new().await;
    for number in 1..=3_u8 {
        place.ready(&[number]).await;
    }
    for version in [2, 3] {
        place.promote("stable", version, None).await.unwrap();
    }
    assert_eq!(go_back(&place, "stable").await.unwrap(), 2);
    assert_eq!(
        points_to(&place, "latest").await,
        Some(2),
        "what was rolled back is not the latest"
    );
    assert_eq!(go_back(&place, "stable").await.unwrap(), 1);
    let error = go_back(&place, "stable").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    place.promote("stable", 3, None).await.unwrap();
    assert_eq!(points_to(&place, "latest").await, Some(3), "somebody knows better");
    assert_eq!(go_back(&place, "stable").await.unwrap(), 1);
    assert_eq!(place.events("plugin.rolled_back").await[0]["reason"], "it is slow");
}

#[tokio::test]
async fn what_is_in_use_is_not_retired() {
    let place = Place::new().await;
    place.ready(b"one").await;
    place.ready(b"two").await;
    let retired = |version| place.write(move |tx| retire(tx, &name("shop"), &name("clean"), version));
    let error = retired(1).await.unwrap_err();
    assert!(
        matches!(&error, Error::InUse { alias, .. } if alias == "stable"),
        "{error}"
    );
    retired(2).await.unwrap();
    assert_eq!(points_to(&place, "latest").await, Some(1));
    let error = place.promote("stable", 2, None).await.unwrap_err();
    assert!(matches!(error, Error::State { state: "retired", .. }), "{error}");
}

#[tokio::test]
async fn aliases_have_rules() {
    let place = Place::new().await;
    place.ready(b"one").await;
    for alias in ["latest", "3"] {
        let error = place.promote(alias, 1, None).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "alias", .. }), "{error}");
    }
    for number in 0..98 {
        place.promote(&format!("alias-{number}"), 1, None).await.unwrap();
    }
    let error = place.promote("one-more", 1, None).await.unwrap_err();
    assert!(error.to_string().contains("100"), "{error}");
    let removed = |alias: Name, revision| {
        place.write(move |tx| remove_alias(tx, &name("shop"), &name("clean"), &alias, "ada", revision))
    };
    assert!(matches!(
        removed(name("alias-1"), Some(2)).await,
        Err(Error::Changed { .. })
    ));
    removed(name("alias-1"), Some(1)).await.unwrap();
    assert_eq!(points_to(&place, "alias-1").await, None);
    assert!(matches!(
        removed(name("alias-1"), None).await,
        Err(Error::NoAlias { .. })
    ));
}

#[tokio::test]
async fn other_tenants_see_nothing() {
    let place = Place::new().await;
    place.ready(b"one").await;
    let error = place
        .write(|tx| alias(tx, &name("bank"), &name("clean"), &name("stable")))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "there is no plugin `clean`; upload it first");
    let error = place
        .write(|tx| tenon_versions::version(tx, &name("bank"), &name("clean"), 1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
