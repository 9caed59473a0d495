//! When a new version is as good as the old one, and when it is not.
//!
//! The rule, with what has been counted since the canary began:
//!
//! 1. The first [`first_failures`](CanaryRules::first_failures) runs of the new version all fail: roll back.
//! 2. If both versions failed equally often, failures would be spread over the runs of both by chance. Fisher's exact
//!    test says how likely as many failures of the new version, or more, would be then. Below 0.1 %: roll back. The figure
//!    is that low because it is looked at after each run: simulated, a version that is as good as the old one is rolled
//!    back in less than 1 of 100 canaries where up to 5 % of the runs fail. Where 20 % fail it is less than 2 of 100, half
//!    of them by the first rule, which [`first_failures`](CanaryRules::first_failures) can be raised for.
//! 3. The new version has [`promote_after_runs`](CanaryRules::promote_after_runs) successes, or has had its share for
//!    [`promote_after_seconds`](CanaryRules::promote_after_seconds) and [`least_runs`](CanaryRules::least_runs) successes,
//!    and the same likelihood is above 10 %, so that nothing speaks for it being worse: promote.
//! 4. Otherwise: wait.

use crate::canary::{CanaryRules, Counts};

/// Below it, the new version is worse.
const WORSE: f64 = 0.001;
/// Above it, nothing speaks for the new version being worse.
const NOT_WORSE: f64 = 0.1;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wait,
    Promote,
    RollBack,
}

/// What is to be done after `seconds`.
pub(crate) fn verdict(rules: &CanaryRules, old: Counts, new: Counts, seconds: u64) -> Verdict {
    if new.succeeded == 0 && new.failed >= u64::from(rules.first_failures.max(1)) {
        return Verdict::RollBack;
    }
    let likelihood = likelihood(old, new);
    if likelihood < WORSE {
        return Verdict::RollBack;
    }
    let has_run = new.succeeded >= rules.promote_after_runs.max(1);
    let has_lasted = rules
        .promote_after_seconds
        .is_some_and(|enough| seconds >= enough && new.succeeded >= rules.least_runs.max(1));
    if (has_run || has_lasted) && likelihood > NOT_WORSE {
        return Verdict::Promote;
    }
    Verdict::Wait
}

/// How likely it is that the new version fails as often as it did, or more often, if both are equally good: one-sided, by
/// Fisher's exact test. 1 if there is nothing to compare.
pub(crate) fn likelihood(old: Counts, new: Counts) -> f64 {
    let (new_runs, runs) = (new.runs(), old.runs() + new.runs());
    let failed = old.failed + new.failed;
    if new_runs == 0 || new_runs == runs || failed == 0 {
        return 1.0;
    }
    let all = ln_choose(runs, failed);
    let at_least = new.failed..=failed.min(new_runs);
    let terms = at_least
        .filter(|of_new| failed - of_new <= old.runs())
        .map(|of_new| (ln_choose(new_runs, of_new) + ln_choose(old.runs(), failed - of_new) - all).exp());
    terms.sum::<f64>().min(1.0)
}

/// The logarithm of the number of ways to choose.
fn ln_choose(from: u64, choose: u64) -> f64 {
    ln_factorial(from) - ln_factorial(choose) - ln_factorial(from - choose)
}

fn ln_factorial(n: u64) -> f64 {
    if n < 32 {
        return (2..=n).map(|factor| (factor as f64).ln()).sum();
    }
    // Stirling's series; from 32 on it is exact to 13 digits.
    let n = n as f64;
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
        + 1.0 / (1260.0 * n.powi(5))
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn counts(succeeded: u64, failed: u64) -> Counts {
        Counts { succeeded, failed }
    }

    #[test]
    fn likelihoods_are_those_of_the_books() {
        // Fisher's tea: 3 of 4 right is 17/70.
        let likelihood_of = |old, new| likelihood(old, new);
        assert!((likelihood_of(counts(3, 1), counts(1, 3)) - 17.0 / 70.0).abs() < 1e-12);
        assert!((likelihood_of(counts(4, 0), counts(0, 4)) - 1.0 / 70.0).abs() < 1e-12);
        assert!(likelihood(counts(10, 0), counts(10, 0)) >= 1.0);
        assert!(likelihood(counts(0, 0), counts(0, 10)) >= 1.0);
        assert!(likelihood(counts(1_000_000, 10), counts(900, 100)) < 1e-100);
        let exact: f64 = (2..=40).map(|factor| f64::from(factor).ln()).sum();
        assert!((ln_factorial(40) - exact).abs() < 1e-10);
    }

    #[test]
    fn the_first_failures_are_enough() {
        let rules = CanaryRules::default();
        assert_eq!(verdict(&rules, counts(0, 0), counts(0, 2), 0), Verdict::Wait);
        assert_eq!(verdict(&rules, counts(0, 0), counts(0, 3), 0), Verdict::RollBack);
        assert_eq!(verdict(&rules, counts(0, 0), counts(1, 3), 0), Verdict::Wait);
    }

    #[test]
    fn time_counts_only_with_runs() {
        let rules = CanaryRules {
            promote_after_seconds: Some(600),
            ..CanaryRules::default()
        };
        assert_eq!(verdict(&rules, counts(99, 1), counts(9, 0), 6000), Verdict::Wait);
        assert_eq!(verdict(&rules, counts(99, 1), counts(10, 0), 599), Verdict::Wait);
        assert_eq!(verdict(&rules, counts(99, 1), counts(10, 0), 600), Verdict::Promote);
        assert_eq!(verdict(&rules, counts(99, 1), counts(10, 2), 600), Verdict::Wait);
    }

    /// How many of 1000 canaries end how within 5000 runs, from 500 that are simulated: promoted, rolled back, and runs of
    /// the new version that failed before a rollback, on average.
    fn simulate(share: f64, old_fails: f64, new_fails: f64) -> (u32, u32, f64) {
        let rules = CanaryRules::default();
        let mut random = SmallRng::seed_from_u64(7);
        let (mut promoted, mut rolled_back, mut failures) = (0, 0, 0);
        for _ in 0..500 {
            let (mut old, mut new) = (counts(0, 0), counts(0, 0));
            for _ in 0..5000 {
                let is_new = random.random_bool(share);
                let (side, fails) = if is_new {
                    (&mut new, new_fails)
                } else {
                    (&mut old, old_fails)
                };
                if random.random_bool(fails) {
                    side.failed += 1;
                } else {
                    side.succeeded += 1;
                }
                match verdict(&rules, old, new, 0) {
                    Verdict::Wait => continue,
                    Verdict::Promote => promoted += 1,
                    Verdict::RollBack => {
                        rolled_back += 1;
                        failures += new.failed;
                    }
                }
                break;
            }
        }
        (
            promoted * 2,
            rolled_back * 2,
            failures as f64 / f64::from(rolled_back.max(1)),
        )
    }

    #[test]
    fn versions_that_are_as_good_are_promoted() {
        for (share, fails, most) in [
            (0.1, 0.0, 0),
            (0.1, 0.01, 9),
            (0.1, 0.05, 9),
            (0.5, 0.05, 9),
            (0.5, 0.2, 19),
        ] {
            let (promoted, rolled_back, _) = simulate(share, fails, fails);
            assert!(
                rolled_back <= most,
                "share {share}, {fails} fail: {rolled_back} of 1000 rolled back"
            );
            assert!(
                promoted > 950,
                "share {share}, {fails} fail: {promoted} of 1000 promoted"
            );
        }
    }

    #[test]
    fn versions_that_are_worse_are_rolled_back() {
        for (share, old, new, least) in [
            (0.1, 0.01, 0.3, 990),
            (0.5, 0.01, 0.3, 990),
            (0.1, 0.0, 1.0, 1000),
            (0.1, 0.05, 0.5, 990),
        ] {
            let (_, rolled_back, failures) = simulate(share, old, new);
            assert!(
                rolled_back >= least,
                "share {share}, {old} against {new}: {rolled_back} of 1000"
            );
            assert!(
                failures < 12.0,
                "{old} against {new}: {failures} failures before the rollback"
            );
        }
    }

    #[test]
    fn better_versions_are_promoted() {
        let (promoted, rolled_back, _) = simulate(0.2, 0.2, 0.05);
        assert!(promoted > 990 && rolled_back < 5, "{promoted} {rolled_back}");
    }
}
