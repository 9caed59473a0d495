//! Decimals: exact, or refused.

use rhai::Dynamic;
use rust_decimal::Decimal;

use crate::kind::Misfit;

/// A column's value: an integer, scaled. `None` past the 28 digits that a script's decimals have.
pub fn load(value: i128, scale: i8) -> Option<Decimal> {
    if scale < 0 {
        let value = value.checked_mul(power(u32::from(scale.unsigned_abs()))?)?;
        return Decimal::try_from_i128_with_scale(value, 0).ok();
    }
    Decimal::try_from_i128_with_scale(value, u32::from(scale.unsigned_abs())).ok()
}

/// A script's value as a column of this precision and scale stores it.
pub fn store(value: &Dynamic, precision: u8, scale: i8) -> Result<i128, Misfit> {
    let number = match value.as_int() {
        Ok(number) => Decimal::from(number),
        Err(_) => value.as_decimal().map_err(|_| Misfit::Type)?.normalize(),
    };
    let (digits, has) = (number.mantissa(), number.scale() as i32);
    let shift = i32::from(scale) - has;
    let factor = power(shift.unsigned_abs());
    let stored = if shift >= 0 {
        factor.and_then(|factor| digits.checked_mul(factor))
    } else {
        factor
            .filter(|factor| digits % factor == 0)
            .map(|factor| digits / factor)
    };
    let Some(stored) = stored else {
        let message = if shift >= 0 {
            "is out of the column's range".to_owned()
        } else {
            format!("has more than {scale} digits after the point; round it first: `x.round({scale})`")
        };
        return Err(Misfit::Value(message));
    };
    match power(u32::from(precision)) {
        Some(limit) if stored.abs() >= limit => Err(Misfit::Value("is out of the column's range".to_owned())),
        _ => Ok(stored),
    }
}

fn power(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str, precision: u8, scale: i8) -> Option<i128> {
        store(&Dynamic::from_decimal(text.parse().unwrap()), precision, scale).ok()
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(load(1234, 2).unwrap().to_string(), "12.34");
        assert_eq!(load(-5, -3).unwrap().to_string(), "-5000");
        assert!(load(i128::MAX, 2).is_none());
        assert_eq!(stored("12.340", 10, 2), Some(1234));
        assert_eq!(stored("12.345", 10, 2), None);
        assert_eq!(stored("7", 10, 2), Some(700));
        assert_eq!(stored("100", 4, 2), None);
        assert_eq!(stored("5000", 4, -3), Some(5));
        assert_eq!(store(&Dynamic::from_int(-3), 10, 1).ok(), Some(-30));
        assert!(store(&Dynamic::from_float(1.5), 10, 1).is_err());
    }
}
