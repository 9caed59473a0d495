//! A schedule in plain English.

use crate::calendar::Calendar;
use crate::days::{Days, OfMonth, OfWeek};
use crate::expression::Rule;
use crate::schedule::Schedule;

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Times of the day that are listed one by one.
const LISTED: u32 = 6;

pub(crate) fn describe(schedule: &Schedule) -> String {
    let mut parts = match &schedule.expression.rule {
        Rule::Rate(seconds) => vec![rate(*seconds)],
        Rule::Calendar(calendar) => {
            let mut parts = vec![times(calendar)];
            parts.extend(days(calendar));
            parts.push(match schedule.time_zone.name() {
                "UTC" => "UTC".to_owned(),
                zone => format!("{zone} time"),
            });
            parts
        }
    };
    parts.extend(
        schedule
            .start
            .map(|start| format!("from {}", start.format("%Y-%m-%d %H:%M:%S UTC"))),
    );
    parts.extend(
        schedule
            .end
            .map(|end| format!("until {}", end.format("%Y-%m-%d %H:%M:%S UTC"))),
    );
    if schedule.jitter_seconds > 0 {
        parts.push(format!("spread over {} seconds", schedule.jitter_seconds));
    }
    parts.join(", ")
}

fn rate(seconds: u32) -> String {
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    every(count, unit)
}

fn every(count: u32, unit: &str) -> String {
    if count == 1 {
        format!("every {unit}")
    } else {
        format!("every {count} {unit}s")
    }
}

fn times(calendar: &Calendar) -> String {
    let (minutes, hours) = (values(calendar.minutes, 0, 59), values(calendar.hours.into(), 0, 23));
    if (minutes.len() * hours.len()) as u32 <= LISTED {
        let times = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return format!("at {}", and(times));
    }
    let past = match (minutes.as_slice(), step(&minutes, 60)) {
        ([0], _) => None,
        ([minute], _) => Some(format!("at minute {minute}")),
        (_, Some(step)) => Some(every(step, "minute")),
        _ => Some(format!("at minutes {}", and(ranges(&minutes, ToString::to_string)))),
    };
    let of = match (step(&hours, 24), &past) {
        (Some(1), Some(past)) if past.starts_with("every") => return past.clone(),
        (Some(step), None) => return every(step, "hour"),
        (Some(step), Some(_)) => every(step, "hour"),
        (None, _) => format!("hours {}", and(ranges(&hours, ToString::to_string))),
    };
    match past {
        None => format!("on the hour in {of}"),
        Some(past) if past.starts_with("every") => format!("{past} in {of}"),
        Some(past) => format!("{past} of {of}"),
    }
}

fn days(calendar: &Calendar) -> Vec<String> {
    let mut parts = Vec::new();
    let Days { of_month, of_week, .. } = &calendar.days;
    let (month, week) = (days_of_month(of_month), days_of_week(*of_week));
    match (month, week) {
        (Some(month), Some(week)) if calendar.days.either() => parts.push(format!("{month} or {week}")),
        (Some(month), Some(week)) => parts.push(format!("{month} if it is {week}")),
        (Some(only), None) | (None, Some(only)) => parts.push(only),
        (None, None) => {}
    }
    let months = values(calendar.months.into(), 1, 12);
    if months.len() < 12 {
        parts.push(format!(
            "in {}",
            and(ranges(&months, |month| MONTHS[(*month - 1) as usize].to_owned()))
        ));
    } else if parts.is_empty() && times(calendar).starts_with("at ") && !calendar.every_hour() {
        parts.push("every day".to_owned());
    }
    if let Some(years) = &calendar.years {
        parts.push(format!("in {}", and(ranges(years, ToString::to_string))));
    }
    parts
}

fn days_of_month(days: &OfMonth) -> Option<String> {
    if days.any {
        return None;
    }
    let mut named = Vec::new();
    let numbers = values(days.days.into(), 1, 31);
    if !numbers.is_empty() {
        let plural = if numbers.len() == 1 { "day" } else { "days" };
        named.push(format!(
            "{plural} {} of the month",
            and(ranges(&numbers, ToString::to_string))
        ));
    }
    named.extend(
        values(days.before_last.into(), 0, 30)
            .into_iter()
            .map(|before| match before {
                0 => "the last day of the month".to_owned(),
                1 => "the day before the last of the month".to_owned(),
                _ => format!("{before} days before the last of the month"),
            }),
    );
    named.extend(
        values(days.nearest_weekday.into(), 1, 31)
            .into_iter()
            .map(|day| format!("the weekday nearest to day {day} of the month")),
    );
    if days.last_weekday {
        named.push("the last weekday of the month".to_owned());
    }
    Some(format!("on {}", and(named)))
}

fn days_of_week(days: OfWeek) -> Option<String> {
    if days.any {
        return None;
    }
    let weekday = |day: &u32| WEEKDAYS[*day as usize].to_owned();
    let plain = ranges(&values(days.days.into(), 0, 6), weekday);
    if days.last == 0 && days.nth == [0; 5] {
        return Some(and(plain));
    }
    let mut named = plain;
    for (nth, ordinal) in days.nth.iter().zip(["first", "second", "third", "fourth", "fifth"]) {
        named.extend(
            values((*nth).into(), 0, 6)
                .iter()
                .map(|day| format!("the {ordinal} {} of the month", weekday(day))),
        );
    }
    named.extend(
        values(days.last.into(), 0, 6)
            .iter()
            .map(|day| format!("the last {} of the month", weekday(day))),
    );
    Some(format!("on {}", and(named)))
}

/// The numbers whose bits are set.
fn values(bits: u64, min: u32, max: u32) -> Vec<u32> {
    (min..=max).filter(|value| bits >> value & 1 == 1).collect()
}

/// The step between the values, if they fill the whole evenly.
fn step(values: &[u32], whole: u32) -> Option<u32> {
    let step = whole / values.len() as u32;
    let even = values.len() > 1 && values.iter().enumerate().all(|(at, value)| *value == at as u32 * step);
    (even && step * values.len() as u32 == whole).then_some(step)
}

/// Values as ranges of three and more, and single ones.
fn ranges(values: &[u32], name: impl Fn(&u32) -> String) -> Vec<String> {
    let runs = values.chunk_by(|a, b| a + 1 == *b);
    runs.flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{} to {}", name(first), name(last))],
        short => short.iter().map(&name).collect(),
    })
    .collect()
}

/// "a, b and c"
fn and(names: impl IntoIterator<Item = String>) -> String {
    let mut names: Vec<String> = names.into_iter().collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() {
        last
    } else {
        format!("{} and {last}", names.join(", "))
    }
}
