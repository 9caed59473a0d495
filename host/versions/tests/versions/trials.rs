//! Versions that were promoted for all runs at once, and fail.

use tenon_metadata::PageRequest;
use tenon_versions::{
    CanaryRules, Counts, Decision, Error, MoveKind, Outcome, StartCanary, alias, is_judged, moves, record_outcome,
    retire, rollback, start_canary, version,
};

use crate::{Place, name};

/// A place whose plugin has two versions, of which the second was promoted.
async fn promoted() -> Place {
    let place = Place::new().await;
    place.ready(b"one").await;
    place.ready(b"two").await;
    place.promote("stable", 2, None).await.unwrap();
    place
}

/// Tells of runs of a version, one after the other; what was decided.
async fn runs(place: &Place, version: i64, succeeded: &'static [bool]) -> Vec<Decision> {
    let told = place.write(move |tx| {
        let mut decisions = Vec::new();
        for (number, succeeded) in succeeded.iter().enumerate() {
            let outcome = if *succeeded {
                Outcome::Succeeded
            } else {
                let reason = format!("trap {number}");
                Outcome::Failed { reason }
            };
            decisions.extend(record_outcome(tx, &name("shop"), &name("clean"), version, &outcome)?);
        }
        Ok(decisions)
    });
    told.await.unwrap()
}

async fn stable(place: &Place) -> i64 {
    let found = place.write(|tx| alias(tx, &name("shop"), &name("clean"), &name("stable")));
    found.await.unwrap().version
}

async fn judged(place: &Place) -> bool {
    let judged = place.write(|tx| is_judged(tx, &name("shop"), &name("clean")));
    judged.await.unwrap()
}

#[tokio::test]
async fn a_version_whose_first_runs_all_fail_is_gone_back_from() {
    let place = promoted().await;
    assert!(judged(&place).await);
    // Runs that are still under way with the old version say nothing about the new one.
    assert_eq!(runs(&place, 1, &[true, false]).await, []);
    assert_eq!(runs(&place, 2, &[false, false]).await, []);
    assert_eq!(stable(&place).await, 2);
    let decisions = runs(&place, 2, &[false]).await;
    let [decision] = decisions.as_slice() else {
        panic!("{decisions:?}")
    };
    let (succeeded, failed) = (0, 3);
    assert_eq!(
        (decision.kind, decision.old_version, decision.new_version, decision.new),
        (MoveKind::RolledBack, 1, 2, Counts { succeeded, failed })
    );
    let said = "3 of 3 runs failed with version 2, the first since it was promoted; the last failure: trap 0";
    assert_eq!(decision.reason, said);
    assert_eq!(stable(&place).await, 1);
    assert!(!judged(&place).await, "what was there before is not on trial");
    let event = &place.events("plugin.rolled_back").await[0];
    assert_eq!(
        (&event["from"], &event["to"], &event["reason"]),
        (&2.into(), &1.into(), &said.into())
    );
    let history = place.write(|tx| {
        assert!(version(tx, &name("shop"), &name("clean"), 2)?.rolled_back);
        let stable = name("stable");
        moves(
            tx,
            &name("shop"),
            &name("clean"),
            Some(&stable),
            &PageRequest::default(),
        )
    });
    let last = &history.await.unwrap().items[0];
    assert_eq!(
        (last.kind, last.from, last.to, last.by.as_str()),
        (MoveKind::RolledBack, Some(2), Some(1), "")
    );
}

#[tokio::test]
async fn a_version_that_has_worked_once_stays() {
    let place = promoted().await;
    assert_eq!(runs(&place, 2, &[false, false, true]).await, []);
    assert!(!judged(&place).await);
    assert_eq!(runs(&place, 2, &[false; 20]).await, []);
    assert_eq!(stable(&place).await, 2);
}

#[tokio::test]
async fn who_promotes_it_all_the_same_is_obeyed() {
    let place = promoted().await;
    runs(&place, 2, &[false; 3]).await;
    place.promote("stable", 2, None).await.unwrap();
    assert!(!judged(&place).await);
    assert_eq!(runs(&place, 2, &[false; 20]).await, []);
    assert_eq!(stable(&place).await, 2);
}

#[tokio::test]
async fn where_there_is_no_way_back_it_stays() {
    // The first version of all, also under a name of its own.
    let place = Place::new().await;
    place.ready(b"one").await;
    place.promote("night", 1, None).await.unwrap();
    assert!(!judged(&place).await);
    assert_eq!(runs(&place, 1, &[false; 5]).await, []);
    // The version before is used no more.
    let place = promoted().await;
    let retired = place.write(|tx| retire(tx, &name("shop"), &name("clean"), 1));
    retired.await.unwrap();
    assert_eq!(runs(&place, 2, &[false; 5]).await, []);
    assert_eq!(stable(&place).await, 2);
    assert!(!judged(&place).await);
}

#[tokio::test]
async fn each_alias_has_a_trial_of_its_own() {
    let place = promoted().await;
    assert_eq!(runs(&place, 2, &[false, false]).await, []);
    place.promote("night", 1, None).await.unwrap();
    place.promote("night", 2, None).await.unwrap();
    let decisions = runs(&place, 2, &[false]).await;
    let of: Vec<&str> = decisions.iter().map(|decision| decision.alias.as_str()).collect();
    assert_eq!(of, ["stable"]);
    let decisions = runs(&place, 2, &[false, false]).await;
    let of: Vec<&str> = decisions.iter().map(|decision| decision.alias.as_str()).collect();
    assert_eq!(of, ["night"]);
}

#[tokio::test]
async fn somebodys_rollback_and_a_canary_end_it() {
    let place = promoted().await;
    runs(&place, 2, &[false, false]).await;
    let back = place.write(|tx| rollback(tx, &name("shop"), &name("clean"), &name("stable"), "bob", "slow", None));
    assert_eq!(back.await.unwrap().version, 1);
    assert!(!judged(&place).await);

    let place = promoted().await;
    place.ready(b"three").await;
    runs(&place, 2, &[false, false]).await;
    let started: Result<_, Error> = place
        .write(|tx| {
            let start = StartCanary {
                alias: name("stable"),
                version: 3,
                share: 10,
                rules: CanaryRules::default(),
                by: "ada".to_owned(),
                reason: String::new(),
                if_revision: None,
            };
            start_canary(tx, &name("shop"), &name("clean"), &start)
        })
        .await;
    let canary = started.unwrap().canary.unwrap();
    assert_eq!((canary.old, canary.new), (Counts::default(), Counts::default()));
    assert_eq!(canary.last_failure, None);
    assert_eq!(runs(&place, 2, &[false; 3]).await, []);
    assert_eq!(stable(&place).await, 2);
}
