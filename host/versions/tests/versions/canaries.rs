//! Canaries: promoted, rolled back, by rule and by hand.

use tenon_metadata::{Name, PageRequest, Transaction};
use tenon_versions::{
    Alias, CanaryRules, Counts, Decision, Error, MoveKind, Outcome, StartCanary, alias, moves, record_outcome,
    review_canaries, rollback, start_canary, version,
};

use crate::{Place, name};

fn start(version: i64, share: u8) -> StartCanary {
    StartCanary {
        alias: name("stable"),
        version,
        share,
        rules: CanaryRules::default(),
        by: "ada".to_owned(),
        reason: "to try it out".to_owned(),
        if_revision: None,
    }
}

async fn started(place: &Place, start: StartCanary) -> Result<Alias, Error> {
    place
        .write(move |tx| start_canary(tx, &name("shop"), &name("clean"), &start))
        .await
}

async fn stable(place: &Place) -> Alias {
    place
        .write(|tx| alias(tx, &name("shop"), &name("clean"), &name("stable")))
        .await
        .unwrap()
}

fn ended(tx: &mut Transaction<'_>, version: i64, reason: Option<&str>) -> Result<Vec<Decision>, Error> {
    let outcome = match reason {
        None => Outcome::Succeeded,
        Some(reason) => Outcome::Failed {
            reason: reason.to_owned(),
        },
    };
    record_outcome(tx, &name("shop"), &name("clean"), version, &outcome)
}

/// Tells of runs in one transaction; what was decided.
async fn runs(place: &Place, version: i64, succeeded: u32, failed: u32) -> Vec<Decision> {
    place
        .write(move |tx| {
            let mut decisions = Vec::new();
            for _ in 0..succeeded {
                decisions.extend(ended(tx, version, None)?);
            }
            for number in 0..failed {
                decisions.extend(ended(tx, version, Some(&format!("trap {number}")))?);
            }
            Ok(decisions)
        })
        .await
        .unwrap()
}

async fn place() -> Place {
    let place = Place::new().await;
    place.ready(b"one").await;
    place.ready(b"two").await;
    place
}

#[tokio::test]
async fn a_version_that_does_well_is_promoted() {
    let place = place().await;
    assert_eq!(runs(&place, 1, 10, 0).await, [], "without a canary nothing is counted");
    let alias = started(&place, start(2, 10)).await.unwrap();
    assert_eq!(
        alias.canary.as_ref().map(|canary| (canary.version, canary.share)),
        Some((2, 10))
    );
    assert_eq!(runs(&place, 1, 900, 9).await, []);
    assert_eq!(runs(&place, 2, 99, 0).await, []);
    let counted = stable(&place).await.canary.unwrap();
    let expected = |succeeded, failed| Counts { succeeded, failed };
    assert_eq!((counted.old, counted.new), (expected(900, 9), expected(99, 0)));
    let decisions = runs(&place, 2, 1, 0).await;
    let [decision] = decisions.as_slice() else {
        panic!("{decisions:?}")
    };
    assert_eq!(
        (decision.kind, decision.old_version, decision.new_version),
        (MoveKind::CanaryPromoted, 1, 2)
    );
    let now = stable(&place).await;
    assert_eq!((now.version, now.canary), (2, None));
    assert_eq!(place.events("plugin.promoted").await[0]["new"]["succeeded"], 100);
}

#[tokio::test]
async fn a_version_that_fails_at_once_is_rolled_back_at_once() {
    let place = place().await;
    started(&place, start(2, 100)).await.unwrap();
    assert_eq!(runs(&place, 2, 0, 2).await, []);
    let decisions = runs(&place, 2, 0, 1).await;
    assert_eq!(decisions[0].kind, MoveKind::CanaryRolledBack);
    let now = stable(&place).await;
    assert_eq!((now.version, now.canary), (1, None));
    let [event] = &place.events("plugin.rolled_back").await[..] else {
        panic!("one event")
    };
    assert_eq!((&event["from"], &event["to"]), (&2.into(), &1.into()));
    assert_eq!(event["new"]["failed"], 3);
    let said = "3 of 3 runs failed with version 2, and 0 of 0 runs failed with version 1; the last failure: trap 0";
    assert_eq!(event["reason"], said);
}

#[tokio::test]
async fn a_version_that_is_worse_is_rolled_back_and_not_promoted_again() {
    let place = place().await;
    started(&place, start(2, 50)).await.unwrap();
    assert_eq!(runs(&place, 1, 99, 1).await, []);
    assert_eq!(runs(&place, 2, 20, 0).await, []);
    let decisions = runs(&place, 2, 0, 10).await;
    let [decision] = decisions.as_slice() else {
        panic!("{decisions:?}")
    };
    assert_eq!(decision.kind, MoveKind::CanaryRolledBack);
    assert!((3..8).contains(&decision.new.failed), "{decision:?}");
    let latest = place
        .write(|tx| {
            assert!(version(tx, &name("shop"), &name("clean"), 2)?.rolled_back);
            alias(tx, &name("shop"), &name("clean"), &name("latest"))
        })
        .await
        .unwrap();
    assert_eq!(latest.version, 1);
    // Ready again, by a check that was on its way: it stays where it is.
    place.ready(b"two").await;
    assert_eq!(stable(&place).await.version, 1);
    // Somebody tries again.
    started(&place, start(2, 50)).await.unwrap();
    assert_eq!(stable(&place).await.canary.unwrap().new, Counts::default());
    let moves = place
        .write(|tx| {
            moves(
                tx,
                &name("shop"),
                &name("clean"),
                Some(&name("stable")),
                &PageRequest::default(),
            )
        })
        .await
        .unwrap();
    let kinds: Vec<MoveKind> = moves.items.iter().map(|moved| moved.kind).collect();
    let expected = [
        MoveKind::CanaryStarted,
        MoveKind::CanaryRolledBack,
        MoveKind::CanaryStarted,
        MoveKind::Followed,
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn what_is_not_the_plugins_fault_does_not_count() {
    let place = place().await;
    started(&place, start(2, 100)).await.unwrap();
    place
        .write(|tx| {
            for _ in 0..100 {
                record_outcome(tx, &name("shop"), &name("clean"), 2, &Outcome::Unrelated)?;
                record_outcome(tx, &name("bank"), &name("clean"), 2, &Outcome::Succeeded)?;
                record_outcome(tx, &name("shop"), &name("other"), 2, &Outcome::Succeeded)?;
                record_outcome(tx, &name("shop"), &name("clean"), 3, &Outcome::Succeeded)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let canary = stable(&place).await.canary.unwrap();
    assert_eq!((canary.old, canary.new), (Counts::default(), Counts::default()));
}

#[tokio::test]
async fn time_promotes_if_the_rules_say_so() {
    let place = place().await;
    let mut slow = start(2, 10);
    slow.rules.promote_after_seconds = Some(600);
    started(&place, slow).await.unwrap();
    assert_eq!(runs(&place, 2, 20, 0).await, []);
    let review = || place.write(review_canaries);
    place.pass(-3600);
    assert_eq!(review().await.unwrap(), [], "a clock that was set back");
    place.pass(3600 + 599);
    assert_eq!(review().await.unwrap(), []);
    place.pass(1);
    assert_eq!(review().await.unwrap()[0].kind, MoveKind::CanaryPromoted);
    assert_eq!(review().await.unwrap(), []);
    assert_eq!(stable(&place).await.version, 2);
}

#[tokio::test]
async fn canaries_have_rules() {
    let place = place().await;
    place.ready(b"three").await;
    let refused = started(&place, start(1, 10)).await.unwrap_err();
    assert!(matches!(refused, Error::Canary { .. }), "{refused}");
    let refused = started(&place, start(2, 101)).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid { field: "share", .. }), "{refused}");
    started(&place, start(2, 10)).await.unwrap();
    let refused = started(&place, start(3, 10)).await.unwrap_err();
    assert!(
        refused.to_string().contains("gives another version a share already"),
        "{refused}"
    );
    runs(&place, 2, 5, 0).await;
    let mut more = start(2, 50);
    more.if_revision = Some(1);
    assert!(matches!(
        started(&place, more).await,
        Err(Error::Changed { found: 2, .. })
    ));
    let more = started(&place, start(2, 50)).await.unwrap().canary.unwrap();
    assert_eq!(
        (more.share, more.new.succeeded),
        (50, 5),
        "a larger share of the same canary"
    );
    let back =
        |alias: Name| place.write(move |tx| rollback(tx, &name("shop"), &name("clean"), &alias, "bob", "", None));
    let alias = back(name("stable")).await.unwrap();
    assert_eq!((alias.version, alias.canary), (1, None));
    // A promotion ends it as well.
    started(&place, start(3, 10)).await.unwrap();
    place.promote("stable", 3, None).await.unwrap();
    assert_eq!(stable(&place).await.canary, None);
}

#[tokio::test]
async fn runs_that_end_at_once_are_all_counted() {
    let place = place().await;
    let mut patient = start(2, 50);
    patient.rules.promote_after_runs = 1_000;
    started(&place, patient).await.unwrap();
    let results = futures::future::join_all((0..200).map(|number| runs(&place, 1 + number % 2, 1, 0))).await;
    assert!(results.iter().all(Vec::is_empty));
    let canary = stable(&place).await.canary.unwrap();
    assert_eq!((canary.old.succeeded, canary.new.succeeded), (100, 100));
}
