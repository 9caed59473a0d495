//! Numbers of any length, which sums of integers are.

use crate::Value;

const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0;

/// A number as it is sent: a whole one that is small enough as such.
pub(super) fn value(raw: &[u8]) -> Option<Value> {
    let mut words = raw.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let digits = words.next()?;
    let weight = i32::from(words.next()? as i16);
    let sign = words.next()?;
    let _scale = words.next()?;
    if sign != NEGATIVE && sign != POSITIVE {
        return Some(Value::Real(f64::NAN));
    }
    let digits: Vec<u16> = words.take(usize::from(digits)).collect();
    whole(&digits, weight, sign == NEGATIVE).map_or_else(
        || real(&digits, weight, sign == NEGATIVE).map(Value::Real),
        |whole| Some(Value::Integer(whole)),
    )
}

fn whole(digits: &[u16], weight: i32, is_negative: bool) -> Option<i64> {
    let mut whole: i128 = 0;
    let places = usize::try_from(weight + 1).unwrap_or_default();
    if places > 5 || digits.iter().skip(places).any(|digit| *digit != 0) {
        return None;
    }
    for place in 0..places {
        whole = whole * 10_000 + i128::from(digits.get(place).copied().unwrap_or_default());
    }
    i64::try_from(if is_negative { -whole } else { whole }).ok()
}

fn real(digits: &[u16], weight: i32, is_negative: bool) -> Option<f64> {
    let sign = if is_negative { "-" } else { "" };
    let text = digits.iter().map(|digit| format!("{digit:04}"));
    let text = text.collect::<Vec<_>>().concat();
    let exponent = (weight + 1 - digits.len() as i32) * 4;
    format!("{sign}0{text}e{exponent}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, digits: &[u16]) -> Option<Value> {
        let head = [digits.len() as u16, weight as u16, sign, 0];
        let words = head.iter().chain(digits);
        let raw: Vec<u8> = words.flat_map(|word| word.to_be_bytes()).collect();
        value(&raw)
    }

    #[test]
    fn whole_numbers_are_integers_and_others_real() {
        assert_eq!(numeric(0, POSITIVE, &[]), Some(Value::Integer(0)));
        assert_eq!(numeric(1, NEGATIVE, &[1, 2345]), Some(Value::Integer(-12_345)));
        assert_eq!(numeric(2, POSITIVE, &[7]), Some(Value::Integer(700_000_000)));
        assert_eq!(
            numeric(4, POSITIVE, &[922, 3372, 368, 5477, 5807]),
            Some(Value::Integer(i64::MAX))
        );
        assert_eq!(
            numeric(4, NEGATIVE, &[922, 3372, 368, 5477, 5808]),
            Some(Value::Integer(i64::MIN))
        );
        assert_eq!(
            numeric(4, POSITIVE, &[922, 3372, 368, 5477, 5808]),
            Some(Value::Real(9_223_372_036_854_775_808.0))
        );
        assert_eq!(numeric(0, POSITIVE, &[1, 5000]), Some(Value::Real(1.5)));
        assert_eq!(numeric(-1, NEGATIVE, &[25]), Some(Value::Real(-0.0025)));
        assert!(matches!(numeric(0, 0xC000, &[]), Some(Value::Real(nan)) if nan.is_nan()));
        assert_eq!(value(&[0]), None);
    }
}
