//! Sizes, times and counts, as people write and read them.

use std::time::Duration;

const SIZES: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("k", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
];

const TIMES: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// Bytes from a text such as `64MiB`, `1GB` or `4096`.
pub fn parse_bytes(text: &str) -> Result<usize, String> {
    let (number, factor) = with_unit(text, &SIZES).unwrap_or((text, 1));
    let bytes = number
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| "expected a size such as 64MiB, 1GiB or 4096".to_owned())
}

/// A time from a text such as `90s`, `5m`, `250ms` or `2d`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time such as 250ms, 90s, 5m, 1h or 2d".to_owned();
    let (number, factor) = with_unit(text, &TIMES).ok_or_else(expected)?;
    let millis = number
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    millis
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
        .ok_or_else(expected)
}

fn with_unit<'a>(text: &'a str, units: &[(&str, u64)]) -> Option<(&'a str, u64)> {
    units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
}

/// `336776` as `336,776`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `8200162` as `7.8 MiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} bytes");
    }
    let mut value = number as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `0.81` as `0.81 s`; short times in milliseconds.
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    }
}

/// A time span as `1.2 s`, `3 min 5 s` or `2 h 10 min`.
pub fn elapsed(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..60 => seconds(time.as_secs_f64()),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_understood() {
        assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
        assert_eq!(parse_bytes("1 GB"), Ok(1_000_000_000));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert!(parse_bytes("much").is_err());
        assert!(parse_bytes("99999999999999GiB").is_err());
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2d"), Ok(Duration::from_secs(2 * 24 * 60 * 60)));
        assert!(parse_duration("5").is_err());
        assert!(parse_duration("0s").is_err());
    }

    #[test]
    fn counts_sizes_and_times_are_readable() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(336_776)],
            ["0", "999", "1,000", "336,776"]
        );
        assert_eq!([bytes(512), bytes(8_200_162)], ["512 bytes", "7.8 MiB"]);
        let times = [5, 185, 7_800].map(|time| elapsed(Duration::from_secs(time)));
        assert_eq!(times, ["5.00 s", "3 min 5 s", "2 h 10 min"]);
        assert_eq!([seconds(0.0123), seconds(0.81)], ["12.3 ms", "0.81 s"]);
    }
}
