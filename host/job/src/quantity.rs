//! Sizes, times and shares as people write them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// A number of bytes: `"256MiB"`, `"1.5 GB"`, or a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A length of time: `"5s"`, `"250ms"`, `"1h30m"`. Always with a unit: ms, s, m, h or d.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timespan(pub Duration);

/// A part of a whole: `0.01` or `"1%"`, above 0 and at most 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// How much is too much: a count (a whole number) or a share (`0.01`, `"1%"`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// So many.
    Count(u64),
    /// This part of all.
    Share(Share),
}

const SIZE_UNITS: [(&str, u64); 11] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("kB", 1_000),
    ("B", 1),
    ("", 1),
];
const TIME_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

const SIZE: &str = "a size in bytes such as \"256MiB\"";
const TIME: &str = "a time with a unit such as \"5s\" (ms, s, m, h, d)";
const SHARE: &str = "a share above 0 and at most 1 such as 0.01 or \"1%\"";
const THRESHOLD: &str = "a count such as 100, or a share such as 0.01 or \"1%\"";

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("expected {SIZE}, found the string \"{text}\"");
        let trimmed = text.trim();
        let digits = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let (_, factor) = SIZE_UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))
            .ok_or_else(refused)?;
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(*factor).map(Size).ok_or_else(refused);
        }
        let number: f64 = number.parse().map_err(|_| refused())?;
        let bytes = number * *factor as f64;
        (bytes < i64::MAX as f64)
            .then_some(Size(bytes as u64))
            .ok_or_else(refused)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, factor): &&(&str, u64)| self.0 >= *factor && self.0.is_multiple_of(*factor);
        match SIZE_UNITS[..4].iter().find(fits) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for Timespan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("expected {TIME}, found the string \"{text}\"");
        let mut rest = text.trim();
        let mut total = 0_u64;
        if rest.is_empty() {
            return Err(refused());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let (_, factor) = TIME_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
            let part = number
                .parse::<u64>()
                .ok()
                .and_then(|number| number.checked_mul(*factor))
                .ok_or_else(refused)?;
            total = total.checked_add(part).ok_or_else(refused)?;
            rest = tail.trim_start();
        }
        Ok(Timespan(Duration::from_millis(total)))
    }
}

impl fmt::Display for Timespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, factor) in TIME_UNITS {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

impl Share {
    fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Share(share))
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
            None => text.trim().parse().ok(),
        };
        number
            .and_then(Share::new)
            .ok_or_else(|| format!("expected {SHARE}, found the string \"{text}\""))
    }
}

/// Serde for a quantity that is a string or a number.
macro_rules! quantity {
    ($type:ident, $expected:expr, $count:expr, $fraction:expr, $schema:tt) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl Visitor<'_> for Reader {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        let refused = |_| E::invalid_value(serde::de::Unexpected::Str(text), &self);
                        text.parse().map_err(refused)
                    }

                    fn visit_i64<E: Error>(self, number: i64) -> Result<$type, E> {
                        let count: fn(u64) -> Option<$type> = $count;
                        let count = u64::try_from(number).ok().and_then(count);
                        count.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
                    }

                    fn visit_u64<E: Error>(self, number: u64) -> Result<$type, E> {
                        let count: fn(u64) -> Option<$type> = $count;
                        count(number).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
                    }

                    fn visit_f64<E: Error>(self, number: f64) -> Result<$type, E> {
                        let fraction: fn(f64) -> Option<$type> = $fraction;
                        fraction(number).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(number), &self))
                    }
                }
                deserializer.deserialize_any(Reader)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

quantity!(Size, SIZE, |count| Some(Size(count)), |_| None, {
    "description": "A size in bytes such as \"256MiB\", or a whole number.",
    "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }]
});
quantity!(Timespan, TIME, |_| None, |_| None, {
    "description": "A time with a unit such as \"5s\" or \"1h30m\".",
    "type": "string"
});
quantity!(Share, SHARE, |count| Share::new(count as f64), Share::new, {
    "description": "A share above 0 and at most 1 such as 0.01 or \"1%\".",
    "anyOf": [{ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }, { "type": "string" }]
});
quantity!(
    Threshold,
    THRESHOLD,
    |count| Some(Threshold::Count(count)),
    |share| Share::new(share).map(Threshold::Share),
    {
        "description": "A count such as 100, or a share such as 0.01 or \"1%\".",
        "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string" }]
    }
);

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(count) = text.trim().parse() {
            return Ok(Threshold::Count(count));
        }
        let share = text.parse::<Share>().map(Threshold::Share);
        share.map_err(|_| format!("expected {THRESHOLD}, found the string \"{text}\""))
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Timespan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Threshold::Count(count) => count.serialize(serializer),
            Threshold::Share(share) => share.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes, canonical) in [
            ("256MiB", 256 << 20, "256MiB"),
            ("1.5 GiB", 3 << 29, "1536MiB"),
            ("2GB", 2_000_000_000, "1953125KiB"),
            ("2kb", 2_000, "2000B"),
            ("10", 10, "10B"),
            ("0", 0, "0B"),
        ] {
            let size: Size = text.parse().expect(text);
            assert_eq!(size, Size(bytes));
            assert_eq!(size.to_string(), canonical);
            assert_eq!(canonical.parse(), Ok(size));
        }
        for wrong in ["", "MiB", "-1", "5 parsecs", "1e9", "99999999999999TiB", "1.2.3MB"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_and_written() {
        for (text, millis, canonical) in [
            ("5s", 5_000, "5s"),
            ("90m", 5_400_000, "1h30m"),
            ("1h 30m", 5_400_000, "1h30m"),
            ("250ms", 250, "250ms"),
            ("0s", 0, "0s"),
        ] {
            let time: Timespan = text.parse().expect(text);
            assert_eq!(time, Timespan(Duration::from_millis(millis)));
            assert_eq!(time.to_string(), canonical);
        }
        for wrong in ["", "5", "s", "5 s", "-5s", "5y", "99999999999999999999d"] {
            assert!(wrong.parse::<Timespan>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn thresholds_are_counts_or_shares() {
        assert_eq!("1%".parse(), Ok(Threshold::Share(Share(0.01))));
        assert_eq!("0.5".parse(), Ok(Threshold::Share(Share(0.5))));
        assert_eq!("100".parse(), Ok(Threshold::Count(100)));
        for wrong in ["0%", "101%", "x", "-1", "nan"] {
            assert!(wrong.parse::<Threshold>().is_err(), "{wrong}");
        }
    }
}
