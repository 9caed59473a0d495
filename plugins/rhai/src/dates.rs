//! What scripts can do with dates and timestamps.

use std::cmp::Ordering;

use rhai::{Dynamic, Engine, ImmutableString};
use tenon::Error;

use crate::clock::{Date, Timestamp};
use crate::fault::{Thrown, throw};

/// Adds the functions.
pub fn register(engine: &mut Engine) {
    dates(engine);
    timestamps(engine);
    engine.register_fn("date", |text: ImmutableString| {
        read(&text, "a date like \"2024-12-31\"", Date::parse)
    });
    engine.register_fn("date", |year: i64, month: i64, day: i64| {
        let message = || Error::bad_data(format!("there is no day {year}-{month}-{day}"));
        Date::of(year, month, day).ok_or_else(|| throw(message()))
    });
    engine.register_fn("timestamp", |text: ImmutableString| {
        read(&text, "a timestamp like \"2024-12-31T23:59:59Z\"", Timestamp::parse)
    });
    engine.register_fn("timestamp", |seconds: i64| Timestamp {
        seconds,
        nanos: 0,
        zoned: true,
    });
    engine.register_fn("timestamp", Timestamp::midnight);
}

fn read<T>(text: &str, what: &str, parse: fn(&str) -> Option<T>) -> Result<T, Thrown> {
    parse(text).ok_or_else(|| throw(Error::bad_data(format!("{text:?} isn't {what}"))))
}

fn in_range<T>(value: Option<T>) -> Result<T, Thrown> {
    value.ok_or_else(|| throw(Error::bad_data("that is past the last day that there is")))
}

fn dates(engine: &mut Engine) {
    engine.register_type_with_name::<Date>("date");
    engine.register_get("year", |date: &mut Date| date.civil().0);
    engine.register_get("month", |date: &mut Date| date.civil().1);
    engine.register_get("day", |date: &mut Date| date.civil().2);
    engine.register_get("weekday", |date: &mut Date| date.weekday());
    engine.register_fn("+", |date: Date, days: i64| in_range(date.plus(days)));
    engine.register_fn("-", |date: Date, days: i64| {
        in_range(days.checked_neg().and_then(|days| date.plus(days)))
    });
    engine.register_fn("-", |date: Date, other: Date| i64::from(date.0) - i64::from(other.0));
    compared(engine, |date: Date, other: Date| date.cmp(&other));
    shown::<Date>(engine);
}

fn timestamps(engine: &mut Engine) {
    engine.register_type_with_name::<Timestamp>("timestamp");
    engine.register_get("date", |of: &mut Timestamp| in_range(of.date()));
    engine.register_get("year", |of: &mut Timestamp| {
        in_range(of.date()).map(|date| date.civil().0)
    });
    engine.register_get("month", |of: &mut Timestamp| {
        in_range(of.date()).map(|date| date.civil().1)
    });
    engine.register_get("day", |of: &mut Timestamp| {
        in_range(of.date()).map(|date| date.civil().2)
    });
    engine.register_get("weekday", |of: &mut Timestamp| in_range(of.date()).map(Date::weekday));
    engine.register_get("hour", |of: &mut Timestamp| of.second_of_day() / 3600);
    engine.register_get("minute", |of: &mut Timestamp| of.second_of_day() / 60 % 60);
    engine.register_get("second", |of: &mut Timestamp| of.second_of_day() % 60);
    engine.register_get("nanosecond", |of: &mut Timestamp| i64::from(of.nanos));
    engine.register_get("unix", |of: &mut Timestamp| of.seconds);
    engine.register_fn("+", |of: Timestamp, seconds: i64| in_range(of.plus(seconds as f64)));
    engine.register_fn("-", |of: Timestamp, seconds: i64| in_range(of.plus(-(seconds as f64))));
    engine.register_fn("+", |of: Timestamp, seconds: f64| in_range(of.plus(seconds)));
    engine.register_fn("-", |of: Timestamp, seconds: f64| in_range(of.plus(-seconds)));
    engine.register_fn("-", Timestamp::since);
    compared(engine, Timestamp::compare);
    shown::<Timestamp>(engine);
}

fn compared<T: Clone + 'static>(engine: &mut Engine, compare: fn(T, T) -> Ordering) {
    engine.register_fn("==", move |left: T, right: T| compare(left, right).is_eq());
    engine.register_fn("!=", move |left: T, right: T| compare(left, right).is_ne());
    engine.register_fn("<", move |left: T, right: T| compare(left, right).is_lt());
    engine.register_fn("<=", move |left: T, right: T| compare(left, right).is_le());
    engine.register_fn(">", move |left: T, right: T| compare(left, right).is_gt());
    engine.register_fn(">=", move |left: T, right: T| compare(left, right).is_ge());
}

fn shown<T: Clone + std::fmt::Display + 'static>(engine: &mut Engine) {
    engine.register_fn("to_string", |value: &mut T| value.to_string());
    engine.register_fn("to_debug", |value: &mut T| value.to_string());
    engine.register_fn("+", |text: ImmutableString, value: T| {
        Dynamic::from(format!("{text}{value}"))
    });
    engine.register_fn("+", |value: T, text: ImmutableString| {
        Dynamic::from(format!("{value}{text}"))
    });
}
