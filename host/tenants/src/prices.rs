//! What usage costs, in whole numbers throughout.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::usage::UsageLine;
use crate::{Error, Usage};

const GIB: i128 = 1 << 30;
const SECOND: i128 = 1_000_000;
/// Parts of a price's unit: a billionth of the currency.
const NANO: i128 = 1_000_000_000;
/// No price is more.
const GREATEST: i128 = 1_000_000 * NANO;

/// A price, exact to nine decimal places: "0.000012".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    billionths: i128,
}

/// What things cost, as a file in TOML says. What is not given costs nothing. Prices are texts ("0.05") or numbers.
///
/// ```
/// use tenon_tenants::{PriceList, Usage};
///
/// let prices = PriceList::parse("currency = 'EUR'\ncpu_second = '0.000012'\ngib_read = '0.01'\n")?;
/// let usage = Usage { cpu_sandbox_us: 1_500_000, bytes_in: 3 << 30, ..Usage::default() };
/// assert_eq!(prices.cost(&usage).to_string(), "0.030018 EUR");
/// # Ok::<(), tenon_tenants::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriceList {
    /// The currency, as it is to be shown: "EUR".
    pub currency: String,
    /// A second of CPU time, in sandboxes or kernels.
    pub cpu_second: Price,
    /// 2^30 bytes that are read.
    pub gib_read: Price,
    /// 2^30 bytes that are written.
    pub gib_written: Price,
    /// A million rows, read or written.
    pub million_rows: Price,
    /// A run.
    pub run: Price,
}

impl Default for PriceList {
    fn default() -> Self {
        Self {
            currency: "EUR".to_owned(),
            cpu_second: Price::default(),
            gib_read: Price::default(),
            gib_written: Price::default(),
            million_rows: Price::default(),
            run: Price::default(),
        }
    }
}

/// What something costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cost {
    /// In millionths of the currency.
    pub millionths: i64,
    /// The currency.
    pub currency: String,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PricedLine {
    /// What was used.
    #[serde(flatten)]
    pub line: UsageLine,
    /// What it costs.
    pub cost: Cost,
}

impl PriceList {
    /// Reads a price list in TOML.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is not right in it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let list: Self = toml::from_str(text).map_err(|error| Error::invalid("the price list", error.message()))?;
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        if !(1..=8).contains(&list.currency.chars().count()) || !list.currency.chars().all(is_plain) {
            return Err(Error::invalid("the price list", "`currency` is not 1 to 8 characters"));
        }
        Ok(list)
    }

    /// What usage costs. The exact sum of all that it is made of is rounded once, to the nearest millionth of the
    /// currency, halves up.
    pub fn cost(&self, usage: &Usage) -> Cost {
        let cpu = i128::from(usage.cpu_sandbox_us) + i128::from(usage.cpu_kernels_us);
        let rows = i128::from(usage.rows_in) + i128::from(usage.rows_out);
        // All over one denominator, which makes the sum exact: a second, a million rows and a GiB divide it. What leaves
        // 128 bits costs more than a cost can say anyway.
        let denominator = SECOND * GIB;
        let sum = [
            (self.cpu_second, cpu, GIB),
            (self.gib_read, i128::from(usage.bytes_in), SECOND),
            (self.gib_written, i128::from(usage.bytes_out), SECOND),
            (self.million_rows, rows, GIB),
            (self.run, i128::from(usage.runs), denominator),
        ]
        .into_iter()
        .map(|(price, amount, factor)| price.billionths.saturating_mul(amount).saturating_mul(factor))
        .fold(0, i128::saturating_add);
        let millionth = denominator * (NANO / 1_000_000);
        let millionths = sum.saturating_add(millionth / 2) / millionth;
        Cost {
            millionths: i64::try_from(millionths).unwrap_or(i64::MAX),
            currency: self.currency.clone(),
        }
    }

    /// A report with the cost of each line, and of all: the sum of the lines as they are rounded, so that it adds up.
    pub fn bill(&self, lines: Vec<UsageLine>) -> (Vec<PricedLine>, Cost) {
        let priced = |line: UsageLine| PricedLine {
            cost: self.cost(&line.usage),
            line,
        };
        let lines: Vec<PricedLine> = lines.into_iter().map(priced).collect();
        let add = |sum: i64, line: &PricedLine| sum.saturating_add(line.cost.millionths);
        let total = Cost {
            millionths: lines.iter().fold(0, add),
            currency: self.currency.clone(),
        };
        (lines, total)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.millionths / 1_000_000, self.millionths % 1_000_000);
        write!(formatter, "{whole}.{part:06} {}", self.currency)
    }
}

impl Price {
    /// Reads a decimal number with at most nine places, from 0 to a million.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let digits = is_digits(whole, 7) && is_digits(part, 9);
        let billionths = digits
            .then(|| format!("{whole}{part:0<9}").parse::<i128>().ok())
            .flatten();
        match billionths {
            Some(billionths) if billionths <= GREATEST => Ok(Self { billionths }),
            _ => Err(Error::invalid(
                "a price",
                "it is no number from 0 to 1000000 with at most nine decimal places",
            )),
        }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:09}", self.billionths / NANO, self.billionths % NANO)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Price;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a price, as \"0.05\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Price, E> {
                Price::parse(text).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Price, E> {
                self.visit_str(&number.to_string())
            }

            // The shortest text that is this number is the one that was written.
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Price, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(text: &str) -> PriceList {
        PriceList::parse(text).expect("a price list")
    }

    #[test]
    fn prices_are_exact() {
        let list = prices("currency = 'EUR'\ncpu_second = 0.000012\nrun = 1\nmillion_rows = '0.1'");
        assert_eq!(list.cpu_second, Price::parse("0.000012000").expect("a price"));
        // A tenth, a hundred thousand times, is what no binary fraction would be.
        let usage = Usage {
            rows_in: 7,
            rows_out: 100_000_000_000 - 7,
            ..Usage::default()
        };
        assert_eq!(list.cost(&usage).to_string(), "10000.000000 EUR");
        for wrong in [
            "run = -1",
            "run = '1e3'",
            "run = nan",
            "run = inf",
            "run = '0.0000000001'",
            "run = 1000001",
            "run = '.5'",
            "run = '1.'",
            "run = ''",
            "runs = 1",
            "currency = ''",
            "run = true",
            "run = '١'",
        ] {
            assert!(PriceList::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cost_is_rounded_once_and_halves_up() {
        let list = prices("cpu_second = '0.000001'");
        let cost = |us| {
            list.cost(&Usage {
                cpu_sandbox_us: us,
                ..Usage::default()
            })
            .millionths
        };
        assert_eq!(
            (cost(499_999), cost(500_000), cost(1_499_999), cost(1_500_000)),
            (0, 1, 1, 2)
        );
        // Two halves of different sorts make one.
        let list = prices("cpu_second = '0.0000005'\nrun = '0.0000005'");
        let both = Usage {
            cpu_kernels_us: 1_000_000,
            runs: 1,
            ..Usage::default()
        };
        assert_eq!(list.cost(&both).millionths, 1);
    }

    #[test]
    fn no_usage_is_too_much() {
        let list = prices(
            "cpu_second = 1000000\ngib_read = 1000000\ngib_written = 1000000\nmillion_rows = 1000000\nrun = 1000000",
        );
        let most = i64::MAX as u64;
        let usage = Usage {
            runs: most,
            cpu_sandbox_us: most,
            cpu_kernels_us: most,
            peak_memory: most,
            rows_in: most,
            rows_out: most,
            bytes_in: most,
            bytes_out: most,
        };
        assert_eq!(list.cost(&usage).millionths, i64::MAX);
    }
}
