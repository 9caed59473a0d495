//! What is read, what is refused and how, and what it means in English.

use tenon_schedule::{Error, Expression, MissedPolicy, Schedule, Zone};

fn refused(text: &str) -> String {
    Expression::parse(text).expect_err(text).to_string()
}

#[test]
fn errors_name_the_field_the_text_what_is_allowed_and_the_nearest_name() {
    assert_eq!(
        refused("cron(0 10 ? * MOM *)"),
        "day-of-week has `MOM`: `MOM` is not a value, did you mean MON?; allowed are 1-7 or SUN-SAT and the wildcards \
         , - * / ? L #"
    );
    assert_eq!(
        refused("cron(60 10 ? * MON *)"),
        "minutes has `60`: 60 is not within 0-59; allowed are 0-59 and the wildcards , - * /"
    );
    assert_eq!(
        refused("0 22-4 * * *"),
        "hours has `22-4`: a range goes from the smaller value to the larger: 22-23,0-4; allowed are 0-23 and the \
         wildcards , - * /"
    );
    assert_eq!(
        refused("cron(0 10 * * MON *)"),
        "day-of-month has `*` and day-of-week has `MON`: exactly one of the two has to be `?`, as in cron(0 10 * * ? *)"
    );
    assert!(refused("cron(0 10 ? * ? *)").contains("exactly one of the two"));
    assert_eq!(
        refused("cron(0 10 * * ?)"),
        "`0 10 * * ?` has 5 fields, and cron(...) has 6: cron(minutes hours day-of-month month day-of-week year)"
    );
    assert!(refused("0 10 * * * *").contains("has 6 fields, and the usual form has 5"));
    assert!(refused("@dayly").contains("did you mean `@daily`?"));
    assert!(refused("rate(5 minuts)").contains("did you mean minutes?"));
    assert!(refused("rate(0 minutes)").contains("it is never"));
    assert!(refused("rate(36501 days)").contains("too long"));
    assert!(refused("rate(4294967295 days)").contains("too long"));
    assert!(refused("at noon").contains("has 2 fields"));
    assert!(refused("noon").contains("is not a schedule: write cron(0 10 * * ? *)"));
    assert_eq!(
        "Europe/Berln".parse::<Zone>().unwrap_err().to_string(),
        "`Europe/Berln` is not a time zone, did you mean `Europe/Berlin`?; zones are named as in the IANA database: \
         UTC, Europe/Berlin, America/New_York"
    );
}

#[test]
fn nonsense_is_refused_in_every_field() {
    for bad in [
        "",
        "cron()",
        "cron(* * * * ? *",
        "cron * * * * ? *)",
        "* * * *",
        "* * * * 8",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * 0 *",
        "*/0 * * * *",
        "*/60 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "1,,2 * * * *",
        ",1 * * * *",
        "1, * * * *",
        "1/ * * * *",
        "/5 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "** * * * *",
        "*-5 * * * *",
        "L * * * *",
        "* W * * *",
        "* * * L *",
        "? * * * *",
        "* * W * *",
        "* * 0W * *",
        "* * 32W * *",
        "* * 1-5W * *",
        "* * L-0 * *",
        "* * L-31 * *",
        "* * LWW * *",
        "* * ?,1 * *",
        "* * * * 1#6",
        "* * * * 1#0",
        "* * * * #1",
        "* * * * 1-5#1",
        "* * * * *L",
        "* * * * 1-2L",
        "* * * * MON/2x",
        "* * * * 7/2",
        "+1 * * * *",
        "1.5 * * * *",
        "٣ * * * *",
        "* * * * MONDAZE",
        "cron(0 0 * * ? 1969)",
        "cron(0 0 * * ? 2200)",
        "cron(0 0 * * ? 2030-2020)",
        "cron(0 0 * * ? */0)",
        "cron(0 0 * * ? 2026x)",
        "cron(0 0 * * ? ?)",
        "cron(0 0 L * L *)",
        "cron(0 0 ? * 0 *)",
        "cron(0 0 ? * 8 *)",
        "99999999999999999999 * * * *",
        "rate()",
        "rate(5)",
        "rate(minutes)",
        "rate(5 minutes or so)",
        "rate(-5 minutes)",
        "rate(1.5 hours)",
        "@",
        "@reboot",
    ] {
        let error = Expression::parse(bad).expect_err(bad).to_string();
        assert!(error.len() < 400, "{bad}: {error}");
    }
    let long = format!("{} * * * *", "1,".repeat(300));
    assert!(matches!(Expression::parse(&long), Err(Error::TooLong { .. })));
    let wide = format!("{} * * * *", "x".repeat(400));
    assert!(refused(&wide).len() < 400);
}

#[test]
fn random_text_never_panics() {
    const PIECES: [&str; 24] = [
        "*", "?", "L", "W", "#", "/", "-", ",", " ", "0", "1", "7", "31", "59", "MON", "DEC", "(", ")", "cron(",
        "rate(", "@", "é", "LW", "2199",
    ];
    let mut seed = 7_u64;
    for _ in 0..50_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text += PIECES[(seed >> 33) as usize % PIECES.len()];
        }
        if let Ok(schedule) = text.parse::<Schedule>() {
            schedule.describe();
            schedule.next_after(chrono::DateTime::UNIX_EPOCH);
        }
    }
}

#[test]
fn descriptions_read_as_english() {
    for (text, english) in [
        ("cron(0 10 * * ? *)", "at 10:00, every day, UTC"),
        ("cron(15 12 * * ? *)", "at 12:15, every day, UTC"),
        ("cron(0 18 ? * MON-FRI *)", "at 18:00, Monday to Friday, UTC"),
        ("cron(0 8 1 * ? *)", "at 08:00, on day 1 of the month, UTC"),
        ("cron(0/15 * * * ? *)", "every 15 minutes, UTC"),
        ("cron(0/10 * ? * MON-FRI *)", "every 10 minutes, Monday to Friday, UTC"),
        (
            "cron(0/5 8-17 ? * MON-FRI *)",
            "every 5 minutes in hours 8 to 17, Monday to Friday, UTC",
        ),
        ("* * * * *", "every minute, UTC"),
        ("@hourly", "every hour, UTC"),
        ("5 * * * *", "at minute 5 of every hour, UTC"),
        ("0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00, every day, UTC"),
        (
            "30 9,12,15 1,15 5-8 *",
            "at 09:30, 12:30 and 15:30, on days 1 and 15 of the month, in May to August, UTC",
        ),
        ("0 0 13 * 5", "at 00:00, on day 13 of the month or Friday, UTC"),
        (
            "0 0 L,15W * *",
            "at 00:00, on the last day of the month and the weekday nearest to day 15 of the month, UTC",
        ),
        (
            "cron(0 0 ? * 6#3,2L 2026-2028)",
            "at 00:00, on the third Friday of the month and the last Monday of the month, in 2026 to 2028, UTC",
        ),
        ("rate(5 minutes)", "every 5 minutes"),
        ("rate(1 day)", "every day"),
        ("rate(90 minutes)", "every 90 minutes"),
    ] {
        assert_eq!(text.parse::<Schedule>().expect(text).describe(), english, "{text}");
    }
}

#[test]
fn schedules_are_text_within_json() {
    let json = r#"{"expression":"0 3 * * *","time_zone":"Europe/Berlin","start":"2026-01-01T00:00:00Z","jitter_seconds":60,"missed":{"run_all":5}}"#;
    let schedule: Schedule = serde_json::from_str(json).unwrap();
    assert_eq!(schedule.missed, MissedPolicy::RunAll(5));
    assert_eq!(serde_json::to_string(&schedule).unwrap(), json);
    assert_eq!(
        schedule.describe(),
        "at 03:00, every day, Europe/Berlin time, from 2026-01-01 00:00:00 UTC, spread over 60 seconds"
    );

    let least: Schedule = serde_json::from_str(r#"{"expression":"@daily"}"#).unwrap();
    assert_eq!(least, "@daily".parse().unwrap());
    let error = serde_json::from_str::<Schedule>(r#"{"expression":"0 25 * * *"}"#)
        .unwrap_err()
        .to_string();
    assert!(error.contains("hours has `25`"), "{error}");
    assert!(serde_json::from_str::<Schedule>(r#"{"expression":"@daily","timezone":"UTC"}"#).is_err());
}

#[test]
fn what_types_cannot_say_is_checked() {
    let mut schedule: Schedule = "@daily".parse().unwrap();
    assert_eq!(schedule.check(), Ok(()));
    schedule.missed = MissedPolicy::RunAll(0);
    assert!(
        schedule
            .check()
            .unwrap_err()
            .to_string()
            .contains("missed.run_all is 0, and has to be 1 to 1000")
    );
    schedule.missed = MissedPolicy::Skip;
    schedule.jitter_seconds = 86_401;
    assert!(schedule.check().unwrap_err().to_string().contains("jitter_seconds"));
    schedule.jitter_seconds = 0;
    schedule.start = Some("2026-01-02T00:00:00Z".parse().unwrap());
    schedule.end = Some("2026-01-01T00:00:00Z".parse().unwrap());
    assert!(schedule.check().unwrap_err().to_string().contains("before it starts"));
}
