//! Whole numbers of JSON, however they are written.

/// Whether a number is a whole one, and what the decoder makes of it is that very number. What is not written as a whole
/// number it parses by way of a float.
pub(super) fn is_whole(number: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(number) else {
        return false;
    };
    if !text.contains(['.', 'e', 'E']) {
        // Eighteen digits always fit; more are rare enough to be parsed twice.
        return text.len() <= 18 || text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok();
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole.strip_prefix('-').unwrap_or(whole), fraction].concat();
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return true;
    }
    let Ok(exponent) = exponent.parse::<i64>() else {
        return false;
    };
    // The number is the significant digits with so many zeros behind them.
    let zeros = exponent
        .saturating_sub(fraction.len() as i64)
        .saturating_add((digits.len() - significant.len()) as i64);
    let power = u32::try_from(zeros).ok().and_then(|zeros| 10_u64.checked_pow(zeros));
    let value = significant.parse::<u64>().ok().zip(power);
    let value = value.and_then(|(value, power)| value.checked_mul(power));
    // A float keeps so many binary digits.
    value.is_some_and(|value| u64::BITS - value.leading_zeros() - value.trailing_zeros() <= f64::MANTISSA_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for whole in [
            "0",
            "-0",
            "-12",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "1.0",
            "-1.000",
            "0.0e7",
            "1e3",
            "1.5E+1",
            "1500e-2",
            "1e18",
            "9007199254740992.0",
        ] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
        for other in [
            "1.5",
            "-0.5",
            "1e-1",
            "15e-2",
            "0.00000000000000000000000000001",
            "1e40",
            "1e99999999999999999999",
            "-9223372036854775809",
            "18446744073709551616",
            "9007199254740993.0",
            "1e",
            "1-2.0",
        ] {
            assert!(!is_whole(other.as_bytes()), "{other}");
        }
    }
}
