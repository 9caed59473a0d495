//! The days that an expression means.

use chrono::{DateTime, Utc};

use crate::{at, dates, schedule};

#[test]
fn days_with_l_w_and_number_signs() {
    let new_year = "2026-01-01T00:00:00Z";
    assert_eq!(
        dates("cron(0 5 L * ? *)", new_year, 3),
        ["2026-01-31", "2026-02-28", "2026-03-31"]
    );
    assert_eq!(
        dates("cron(0 5 L-2 2 ? *)", new_year, 3),
        ["2026-02-26", "2027-02-26", "2028-02-27"]
    );
    // 15 February and 15 March 2026 are Sundays; 1 August 2026 is a Saturday, 31 May 2026 a Sunday.
    assert_eq!(
        dates("cron(0 5 15W 2-4 ? *)", new_year, 3),
        ["2026-02-16", "2026-03-16", "2026-04-15"]
    );
    assert_eq!(dates("cron(0 5 1W 8 ? *)", new_year, 1), ["2026-08-03"]);
    assert_eq!(dates("cron(0 5 31W 5 ? *)", new_year, 1), ["2026-05-29"]);
    assert_eq!(dates("cron(0 5 31W * ? *)", "2026-02-01T00:00:00Z", 1), ["2026-03-31"]);
    assert_eq!(
        dates("cron(0 5 LW 1-5 ? *)", new_year, 5),
        ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"]
    );
    assert_eq!(dates("cron(0 5 ? * 6#3 *)", new_year, 2), ["2026-01-16", "2026-02-20"]);
    assert_eq!(dates("0 5 * * FRI#5", new_year, 2), ["2026-01-30", "2026-05-29"]);
    assert_eq!(dates("cron(0 5 ? * 6L *)", new_year, 2), ["2026-01-30", "2026-02-27"]);
    assert_eq!(dates("0 5 * * 5L", new_year, 2), ["2026-01-30", "2026-02-27"]);
    assert_eq!(dates("cron(0 5 ? * L *)", new_year, 2), ["2026-01-03", "2026-01-10"]);
    assert_eq!(dates("cron(0 5 ? * 1 *)", new_year, 1), ["2026-01-04"]);
    assert_eq!(dates("0 5 * * 7", new_year, 1), ["2026-01-04"]);
    // Either of the days in the usual form, as both are restricted. A star is no restriction, even with a step.
    assert_eq!(
        dates("0 5 13 * 5", new_year, 4),
        ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]
    );
    assert_eq!(
        dates("0 5 */2 * 5", new_year, 3),
        ["2026-01-09", "2026-01-23", "2026-02-13"]
    );
    assert_eq!(dates("0 0 29 2 *", new_year, 2), ["2028-02-29", "2032-02-29"]);
}

#[test]
fn what_is_over_or_never_comes_is_never_due() {
    let now = at("2026-06-01T00:00:00Z");
    for never in [
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "cron(0 0 1 1 ? 2020)",
        "cron(0 0 1 1 ? 1970-2025)",
        "cron(0 0 29 2 ? 2027)",
    ] {
        assert_eq!(schedule(never, "Europe/Berlin").next_after(now), None, "{never}");
    }
    assert_eq!(schedule("0 0 30 2 *", "UTC").previous(now), None);
    let past = schedule("cron(0 0 1 1 ? 2020)", "UTC");
    assert_eq!(past.previous(now), Some(at("2020-01-01T00:00:00Z")));
    for far in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        for text in ["* * * * *", "rate(5 minutes)", "cron(0 0 1 1 ? 2199)"] {
            let schedule = schedule(text, "Pacific/Auckland");
            let (next, previous) = (schedule.next_after(far), schedule.previous(far));
            assert!(
                next.is_none_or(|next| next > far) && previous.is_none_or(|previous| previous < far),
                "{text}"
            );
        }
    }
    assert_eq!(
        schedule("cron(59 23 31 12 ? 2199)", "UTC").next_after(now),
        Some(at("2199-12-31T23:59:00Z"))
    );
}
