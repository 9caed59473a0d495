//! How far before the last row a source is read again.

use tenon_database::{Order, Overlap, Value};

const NANOS: i128 = 1_000_000_000;

/// A key's value so far back against the order in which keys grow.
///
/// # Errors
/// A sentence where the overlap is no such thing, or not for a key like this one.
pub(super) fn back(value: &Value, overlap: &Overlap, order: Order) -> Result<Value, String> {
    let sign: i128 = match order {
        Order::Ascending => -1,
        Order::Descending => 1,
    };
    let clamped = |value: i128| value.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    match (value, overlap) {
        (Value::Integer(key), Overlap::Number(by)) => {
            Ok(Value::Integer(clamped(i128::from(*key) + sign * i128::from(*by))))
        }
        (Value::Unsigned(key), Overlap::Number(by)) => {
            let moved = i128::from(*key) + sign * i128::from(*by);
            Ok(Value::Unsigned(moved.clamp(0, u64::MAX.into()) as u64))
        }
        (Value::Float(key), Overlap::Number(by)) => Ok(Value::Float(key + (sign as f64) * (*by as f64))),
        (Value::Decimal(key), Overlap::Number(by)) => decimal(key, sign * i128::from(*by)).map(Value::Decimal),
        (Value::Date(key), Overlap::Time(by)) => {
            // A part of a day is a day.
            let days = seconds(by)?.div_ceil(86_400);
            let moved = i128::from(*key) + sign * i128::from(days);
            Ok(Value::Date(moved.clamp(i32::MIN.into(), i32::MAX.into()) as i32))
        }
        (Value::Timestamp(key), Overlap::Time(by)) => {
            Ok(Value::Timestamp(key + sign * NANOS * i128::from(seconds(by)?)))
        }
        (Value::Instant(key), Overlap::Time(by)) => Ok(Value::Instant(key + sign * NANOS * i128::from(seconds(by)?))),
        (Value::Date(_) | Value::Timestamp(_) | Value::Instant(_), Overlap::Number(_)) => Err(
            "`bookmark_overlap` is a number, but the first key is a date or timestamp; say a time such as \"2h\""
                .to_owned(),
        ),
        (_, Overlap::Time(_)) => {
            Err("`bookmark_overlap` is a time, but the first key is no date or timestamp; say a number".to_owned())
        }
        (_, Overlap::Number(_)) => {
            Err("`bookmark_overlap` needs a first key that is a number, a date or a timestamp".to_owned())
        }
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 0,
    };
    let seconds = number.parse::<u64>().ok().filter(|_| factor > 0);
    seconds
        .and_then(|number| number.checked_mul(factor))
        // Ten thousand years: nothing is older.
        .filter(|seconds| *seconds < 315_576_000_000)
        .ok_or_else(|| {
            format!("`{text}` is no time; expected a number with s, m, h or d, such as `15m`, for `bookmark_overlap`")
        })
}

/// Adds a whole number to a decimal one that is written out.
fn decimal(text: &str, by: i128) -> Result<String, String> {
    let too_large = || format!("the key {text} has too many digits for `bookmark_overlap`");
    let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits: i128 = text.replace('.', "").parse().map_err(|_| too_large())?;
    let unit = 10_i128.checked_pow(scale as u32).ok_or_else(too_large)?;
    let moved = by
        .checked_mul(unit)
        .and_then(|by| digits.checked_add(by))
        .ok_or_else(too_large)?;
    if scale == 0 {
        return Ok(moved.to_string());
    }
    let sign = if moved < 0 { "-" } else { "" };
    let padded = format!("{:0>width$}", moved.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    Ok(format!("{sign}{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_back_against_their_order() {
        let time = |text: &str| Overlap::Time(text.to_owned());
        for (value, overlap, order, expected) in [
            (
                Value::Integer(10),
                Overlap::Number(3),
                Order::Ascending,
                Value::Integer(7),
            ),
            (
                Value::Integer(10),
                Overlap::Number(3),
                Order::Descending,
                Value::Integer(13),
            ),
            (
                Value::Integer(i64::MIN),
                Overlap::Number(3),
                Order::Ascending,
                Value::Integer(i64::MIN),
            ),
            (
                Value::Unsigned(2),
                Overlap::Number(3),
                Order::Ascending,
                Value::Unsigned(0),
            ),
            (Value::Date(10), time("25h"), Order::Ascending, Value::Date(8)),
            (
                Value::Instant(90 * NANOS),
                time("1m"),
                Order::Ascending,
                Value::Instant(30 * NANOS),
            ),
            (
                Value::Decimal("1.25".to_owned()),
                Overlap::Number(2),
                Order::Ascending,
                Value::Decimal("-0.75".to_owned()),
            ),
        ] {
            assert_eq!(back(&value, &overlap, order), Ok(expected));
        }
    }

    #[test]
    fn overlaps_that_do_not_fit_are_refused() {
        let time = |text: &str| Overlap::Time(text.to_owned());
        for (value, overlap, expected) in [
            (Value::Integer(1), time("2h"), "say a number"),
            (Value::Date(1), Overlap::Number(2), "say a time"),
            (Value::Text("a".to_owned()), Overlap::Number(2), "needs a first key"),
            (Value::Date(1), time("2 weeks"), "expected a number with"),
            (Value::Date(1), time("99999999999999d"), "expected a number with"),
        ] {
            let error = back(&value, &overlap, Order::Ascending).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        }
    }
}
