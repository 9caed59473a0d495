//! Clocks that are put forward and back.

use crate::upcoming;

#[test]
fn a_time_that_is_skipped_fires_once_right_after_the_gap() {
    // Clocks go from 02:00 to 03:00 on 29 March 2026.
    let eve = "2026-03-28T12:00:00Z";
    assert_eq!(
        upcoming("30 2 * * *", "Europe/Berlin", eve, 2),
        ["2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]
    );
    assert_eq!(
        upcoming("0,30 2,3 * * *", "Europe/Berlin", eve, 3),
        [
            "2026-03-29 03:00 +0200",
            "2026-03-29 03:30 +0200",
            "2026-03-30 02:00 +0200"
        ]
    );
    assert_eq!(
        upcoming("*/20 2 * * *", "Europe/Berlin", eve, 2),
        ["2026-03-29 03:00 +0200", "2026-03-30 02:00 +0200"]
    );
    assert_eq!(
        upcoming("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
        [
            "2026-03-29 01:30 +0100",
            "2026-03-29 03:30 +0200",
            "2026-03-29 04:30 +0200"
        ]
    );
    assert_eq!(
        upcoming("30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", 2),
        ["2026-03-08 03:00 -0400", "2026-03-09 02:30 -0400"]
    );
    // Half an hour: 02:00 to 02:30.
    assert_eq!(
        upcoming("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
        ["2026-10-04 02:30 +1100", "2026-10-05 02:15 +1100"]
    );
    assert_eq!(
        upcoming("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1),
        ["2026-10-04 02:45 +1100"]
    );
    // A whole day: there was no 30 December 2011 in Samoa.
    assert_eq!(
        upcoming("0 10 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        [
            "2011-12-29 10:00 -1000",
            "2011-12-31 00:00 +1400",
            "2011-12-31 10:00 +1400"
        ]
    );
    assert_eq!(
        upcoming("cron(0 10 30 12 ? 2011)", "Pacific/Apia", "2011-12-01T00:00:00Z", 2),
        ["2011-12-31 00:00 +1400"]
    );
    assert_eq!(
        upcoming("0 0 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 2),
        ["2011-12-31 00:00 +1400", "2012-01-01 00:00 +1400"]
    );
    // Midnight itself is skipped in Cairo.
    assert_eq!(
        upcoming("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", 2),
        ["2026-04-24 01:00 +0300", "2026-04-25 00:00 +0300"]
    );
}

#[test]
fn a_time_that_comes_twice_fires_once_unless_it_is_an_interval() {
    // Clocks go from 03:00 back to 02:00 on 25 October 2026.
    let eve = "2026-10-24T22:00:00Z";
    assert_eq!(
        upcoming("30 2 * * *", "Europe/Berlin", eve, 2),
        ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"]
    );
    assert_eq!(
        upcoming("30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4),
        [
            "2026-10-25 01:30 +0200",
            "2026-10-25 02:30 +0200",
            "2026-10-25 02:30 +0100",
            "2026-10-25 03:30 +0100"
        ]
    );
    assert_eq!(
        upcoming("0/30 2 * * *", "Europe/Berlin", eve, 5),
        [
            "2026-10-25 02:00 +0200",
            "2026-10-25 02:30 +0200",
            "2026-10-25 02:00 +0100",
            "2026-10-25 02:30 +0100",
            "2026-10-26 02:00 +0100"
        ]
    );
    assert_eq!(
        upcoming("0,30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", 3),
        [
            "2026-11-01 01:00 -0400",
            "2026-11-01 01:30 -0400",
            "2026-11-02 01:00 -0500"
        ]
    );
    assert_eq!(
        upcoming("*/15 * * * *", "Australia/Lord_Howe", "2026-04-04T14:29:00Z", 5),
        [
            "2026-04-05 01:30 +1100",
            "2026-04-05 01:45 +1100",
            "2026-04-05 01:30 +1030",
            "2026-04-05 01:45 +1030",
            "2026-04-05 02:00 +1030"
        ]
    );
    assert_eq!(
        upcoming("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:29:00Z", 2),
        ["2026-04-05 01:45 +1100", "2026-04-06 01:45 +1030"]
    );
}
