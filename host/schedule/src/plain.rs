//! Fields of values, ranges and steps.
//!
//! The crate `cron` reads them, except for two things that it doesn't know: years after 2100, and the usual numbering
//! of weekdays from 0. It isn't used for what follows from them, as it has no `L`, `W`, `#`, no "either of the days",
//! skips times that daylight saving time takes away, and keeps a tree of numbers for every field, where we keep bits.

use cron::TimeUnitSpec;

use crate::error::{Error, nearest, shown};
use crate::field::{Field, Form};

/// The values of a field, bit by bit. Weekdays of both forms are 0 (Sunday) to 6. Not for years.
pub(crate) fn values(field: Field, form: Form, text: &str) -> Result<u64, Error> {
    text.split(',')
        .try_fold(0, |bits, item| Ok(bits | item_values(field, form, item)?))
}

/// The values of one item of the list.
pub(crate) fn item_values(field: Field, form: Form, item: &str) -> Result<u64, Error> {
    check(field, form, item)?;
    let read = match (field, form) {
        (Field::Minutes, _) => read(&format!("0 {item} * * * *"), |schedule| bits(schedule.minutes())),
        (Field::Hours, _) => read(&format!("0 * {item} * * *"), |schedule| bits(schedule.hours())),
        (Field::DayOfMonth, _) => read(&format!("0 * * {item} * *"), |schedule| bits(schedule.days_of_month())),
        (Field::Month, _) => read(&format!("0 * * * {item} *"), |schedule| bits(schedule.months())),
        (Field::DayOfWeek, Form::Glue) => read(&format!("0 * * * * {item}"), |schedule| {
            bits(schedule.days_of_week()) >> 1
        }),
        (Field::DayOfWeek, Form::Classic) => {
            // Hours count from 0 too, and `check` has seen to it that nothing is above 7, which is Sunday again.
            let item = numbered(item);
            read(&format!("0 * {item} * * *"), |schedule| {
                let bits = bits(schedule.hours());
                (bits & 0x7f) | (bits >> 7 & 1)
            })
        }
        (Field::Year, _) => None,
    };
    read.ok_or_else(|| refused(field, form, item, "it cannot be read"))
}

/// The years of the field, sorted.
pub(crate) fn years(form: Form, text: &str) -> Result<Vec<u32>, Error> {
    let field = Field::Year;
    let mut years = Vec::new();
    for item in text.split(',') {
        check(field, form, item)?;
        let (first, last) = field.range(form);
        let (span, step) = item
            .split_once('/')
            .map_or((item, None), |(span, step)| (span, Some(step)));
        let (from, to) = match span.split_once('-') {
            Some((from, to)) => (from.parse().ok(), to.parse().ok()),
            None if span == "*" => (Some(first), Some(last)),
            None => (
                span.parse().ok(),
                if step.is_some() { Some(last) } else { span.parse().ok() },
            ),
        };
        let step = step.map_or(Some(1), |step| step.parse().ok());
        let (Some(from), Some(to), Some(step)) = (from, to, step) else {
            return Err(refused(field, form, item, "it cannot be read"));
        };
        years.extend((from..=to).step_by(step));
    }
    years.sort_unstable();
    years.dedup();
    Ok(years)
}

/// The error of an item.
pub(crate) fn refused(field: Field, form: Form, item: &str, why: impl Into<String>) -> Error {
    Error::Field {
        field,
        text: shown(item),
        why: why.into(),
        allowed: field.allowed(form),
    }
}

fn read(expression: &str, values: impl FnOnce(&cron::Schedule) -> u64) -> Option<u64> {
    expression.parse().ok().as_ref().map(values)
}

fn bits(values: &impl TimeUnitSpec) -> u64 {
    values
        .iter()
        .filter(|value| *value < 64)
        .fold(0, |bits, value| bits | 1 << value)
}

/// Weekdays of the usual form as numbers.
fn numbered(item: &str) -> String {
    let (span, step) = item
        .split_once('/')
        .map_or((item, None), |(span, step)| (span, Some(step)));
    let number = |text: &str| match Field::DayOfWeek.number(Form::Classic, text) {
        Some(number) => number.to_string(),
        None => text.to_owned(),
    };
    let span = match span.split_once('-') {
        Some((from, to)) => format!("{}-{}", number(from), number(to)),
        // Not 0-7: the first and the last would be the same day.
        None if span == "*" => "0-6".to_owned(),
        None if step.is_some() => format!("{}-6", number(span)),
        None => number(span),
    };
    step.map_or(span.clone(), |step| format!("{span}/{step}"))
}

/// Says what is wrong with an item, in our words.
fn check(field: Field, form: Form, item: &str) -> Result<(), Error> {
    let refused = |why: String| refused(field, form, item, why);
    if item.is_empty() {
        return Err(refused("a value is missing".to_owned()));
    }
    let (span, step) = item
        .split_once('/')
        .map_or((item, None), |(span, step)| (span, Some(step)));
    let (_, max) = field.range(form);
    if let Some(step) = step
        && !step.parse::<u32>().is_ok_and(|step| (1..=max).contains(&step))
    {
        return Err(refused(format!(
            "the step `{}` is not a number from 1 to {max}",
            shown(step)
        )));
    }
    if span == "*" {
        return Ok(());
    }
    let Some((from, to)) = span.split_once('-') else {
        let number = value(field, form, span).map_err(refused)?;
        // 7 is the second name of Sunday, from where no step leads on.
        return if step.is_some() && number == 7 && form == Form::Classic && field == Field::DayOfWeek {
            Err(refused("steps from Sunday start at 0".to_owned()))
        } else {
            Ok(())
        };
    };
    let (first, last) = (
        value(field, form, from).map_err(refused)?,
        value(field, form, to).map_err(refused)?,
    );
    if first > last {
        let (min, _) = field.range(form);
        return Err(refused(format!(
            "a range goes from the smaller value to the larger: {from}-{max},{min}-{to}"
        )));
    }
    Ok(())
}

fn value(field: Field, form: Form, text: &str) -> Result<u32, String> {
    let (min, max) = field.range(form);
    if text.is_empty() {
        return Err("a value is missing".to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        return number.ok_or_else(|| format!("{} is not within {min}-{max}", shown(text)));
    }
    if let Some(number) = field.number(form, text) {
        return Ok(number);
    }
    let unknown = format!("`{}` is not a value", shown(text));
    Err(match nearest(text, field.names().iter().copied()) {
        Some(name) => format!("{unknown}, did you mean {name}?"),
        None => unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_ranges_steps_and_names() {
        let minutes = |text| values(Field::Minutes, Form::Glue, text);
        assert_eq!(minutes("0,30"), Ok(1 | 1 << 30));
        assert_eq!(minutes("10/20"), Ok(1 << 10 | 1 << 30 | 1 << 50));
        assert_eq!(minutes("2-6/2"), Ok(0b101_0100));
        assert_eq!(minutes("*").map(u64::count_ones), Ok(60));
        assert_eq!(values(Field::Month, Form::Glue, "jan,MAR-apr"), Ok(0b1_1010));
        assert_eq!(years(Form::Glue, "2150-2199/20,2026"), Ok(vec![2026, 2150, 2170, 2190]));
    }

    #[test]
    fn weekdays_of_both_forms_begin_with_sunday() {
        let glue = |text| values(Field::DayOfWeek, Form::Glue, text);
        let classic = |text| values(Field::DayOfWeek, Form::Classic, text);
        assert_eq!(glue("1"), Ok(1));
        assert_eq!(glue("7"), Ok(1 << 6));
        assert_eq!(glue("2-6"), classic("1-5"));
        assert_eq!(glue("MON-FRI"), classic("mon-fri"));
        assert_eq!(classic("0"), classic("7"));
        assert_eq!(classic("5-7"), Ok(0b110_0001));
        assert_eq!(classic("*/2"), Ok(0b101_0101));
        assert_eq!(classic("1/2"), Ok(0b10_1010));
        assert_eq!(glue("*"), Ok(0x7f));
        assert_eq!(classic("*"), Ok(0x7f));
    }
}
