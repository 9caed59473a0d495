//! Values as SQLite holds them, as what they stand for. Strict: what is not exactly a value of the type is an error, whose
//! text says what it is.

use std::borrow::Cow;

use arrow::datatypes::i256;
use rusqlite::types::ValueRef;

use super::moments;

/// Floating point numbers up to here hold every whole number.
const EXACT_WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) fn integer(value: ValueRef<'_>) -> Result<i64, String> {
    match value {
        ValueRef::Integer(number) => Ok(number),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() <= EXACT_WHOLE => Ok(number as i64),
        ValueRef::Text(bytes) => utf8(bytes)?.trim().parse().map_err(|_| unlike(value, "a whole number")),
        _ => Err(unlike(value, "a whole number")),
    }
}

pub(super) fn unsigned(value: ValueRef<'_>) -> Result<u64, String> {
    if let ValueRef::Text(bytes) = value {
        return utf8(bytes)?
            .trim()
            .parse()
            .map_err(|_| unlike(value, "a whole number from 0 on"));
    }
    u64::try_from(integer(value)?).map_err(|_| unlike(value, "a whole number from 0 on"))
}

pub(super) fn float(value: ValueRef<'_>) -> Result<f64, String> {
    match value {
        ValueRef::Real(number) => Ok(number),
        ValueRef::Integer(number) if number.unsigned_abs() <= EXACT_WHOLE as u64 => Ok(number as f64),
        ValueRef::Text(bytes) => utf8(bytes)?.trim().parse().map_err(|_| unlike(value, "a number")),
        _ => Err(unlike(value, "a floating point number")),
    }
}

pub(super) fn boolean(value: ValueRef<'_>) -> Result<bool, String> {
    match value {
        ValueRef::Integer(0) => Ok(false),
        ValueRef::Integer(1) => Ok(true),
        ValueRef::Text(text)
            if ["true", "t", "1"]
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word.as_bytes())) =>
        {
            Ok(true)
        }
        ValueRef::Text(text)
            if ["false", "f", "0"]
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word.as_bytes())) =>
        {
            Ok(false)
        }
        _ => Err(unlike(value, "true or false (1 or 0)")),
    }
}

/// Text, or the text of a number.
pub(super) fn text(value: ValueRef<'_>) -> Result<Cow<'_, str>, String> {
    match value {
        ValueRef::Text(bytes) => Ok(Cow::Borrowed(utf8(bytes)?)),
        ValueRef::Integer(number) => Ok(Cow::Owned(number.to_string())),
        ValueRef::Real(number) => Ok(Cow::Owned(format!("{number:?}"))),
        ValueRef::Blob(_) | ValueRef::Null => Err(unlike(value, "text")),
    }
}

pub(super) fn binary(value: ValueRef<'_>) -> Result<&[u8], String> {
    match value {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Ok(bytes),
        _ => Err(unlike(value, "bytes")),
    }
}

/// A decimal number's digits, with `scale` of them behind the point.
pub(super) fn decimal(value: ValueRef<'_>, precision: u8, scale: i8) -> Result<i256, String> {
    let text = match value {
        // The shortest text that stands for this very number, without an exponent.
        ValueRef::Real(number) => Cow::Owned(format!("{number}")),
        other => text(other)?,
    };
    let digits = unscaled(text.trim(), scale as usize).ok_or_else(|| {
        unlike(
            value,
            &format!("a decimal number with at most {scale} digits after the point"),
        )
    })?;
    if digits.trim_start_matches('-').len() > precision as usize {
        return Err(unlike(
            value,
            &format!("a decimal number of at most {precision} digits"),
        ));
    }
    i256::from_string(&digits).ok_or_else(|| unlike(value, "a decimal number"))
}

/// The digits of a decimal number with exactly so many behind the point, and without zeros in front.
pub(super) fn unscaled(text: &str, scale: usize) -> Option<String> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction = fraction.trim_end_matches('0');
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || unsigned.len() < 2 && whole.is_empty() || fraction.len() > scale {
        return None;
    }
    let mut digits = String::with_capacity(whole.len() + scale + 1);
    digits.push_str(whole);
    digits.push_str(fraction);
    digits.extend(std::iter::repeat_n('0', scale - fraction.len()));
    let digits = digits.trim_start_matches('0');
    Some(match (digits.is_empty(), negative) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("-{digits}"),
        (false, false) => digits.to_owned(),
    })
}

pub(super) fn date(value: ValueRef<'_>) -> Result<i32, String> {
    let wrong = || unlike(value, "a date (`2024-12-31`)");
    let micros = match value {
        ValueRef::Text(bytes) => moments::parse(bytes),
        _ => moments::of_number(value),
    };
    let micros = micros.ok_or_else(wrong)?;
    if micros.rem_euclid(moments::DAY) != 0 {
        return Err(unlike(value, "a date without a time of day"));
    }
    i32::try_from(micros.div_euclid(moments::DAY)).map_err(|_| wrong())
}

pub(super) fn time(value: ValueRef<'_>) -> Result<i64, String> {
    match value {
        ValueRef::Text(bytes) => moments::parse_time(bytes),
        _ => None,
    }
    .ok_or_else(|| unlike(value, "a time (`23:59:59.999999`)"))
}

/// Microseconds since 1970, in UTC where the value says how far it is from that.
pub(super) fn timestamp(value: ValueRef<'_>) -> Result<i64, String> {
    match value {
        ValueRef::Text(bytes) => moments::parse(bytes),
        _ => moments::of_number(value),
    }
    .ok_or_else(|| {
        unlike(
            value,
            "a timestamp (`2024-12-31 23:59:59.999999`, seconds since 1970, or a Julian day)",
        )
    })
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "holds text that is not UTF-8".to_owned())
}

fn unlike(value: ValueRef<'_>, expected: &str) -> String {
    let shown = match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => format!("the integer {number}"),
        ValueRef::Real(number) => format!("the number {number:?}"),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let clipped: String = text.chars().take(40).collect();
            let dots = if clipped.len() < text.len() { "..." } else { "" };
            format!("the text '{clipped}{dots}'")
        }
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    };
    format!("holds {shown}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        let of = |value: ValueRef<'_>| decimal(value, 10, 2).map(|digits| digits.to_string());
        assert_eq!(of(ValueRef::Real(12.5)).as_deref(), Ok("1250"));
        assert_eq!(of(ValueRef::Text(b"-0.07")).as_deref(), Ok("-7"));
        assert_eq!(of(ValueRef::Integer(3)).as_deref(), Ok("300"));
        assert_eq!(of(ValueRef::Text(b".5")).as_deref(), Ok("50"));
        for wrong in [&b"1.234"[..], b"abc", b"", b".", b"-", b"1e3", b"123456789"] {
            assert!(of(ValueRef::Text(wrong)).is_err(), "{wrong:?}");
        }
        assert!(of(ValueRef::Real(0.1 + 0.2)).is_err());
    }
}
