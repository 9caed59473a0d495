//! Dates, times and intervals. Postgres counts from the year 2000, in days and microseconds.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::{Put, Wire, fixed};

/// From 1970 to 2000.
const EPOCH_DAYS: i64 = 10_957;
const DAY_MILLISECONDS: i64 = 86_400_000;
const DAY_MICROSECONDS: i64 = DAY_MILLISECONDS * 1000;
const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS * DAY_MICROSECONDS;
/// The first and last day, counted from 2000: 4714-11-24 BC and 5874897-12-31.
const DATES: std::ops::RangeInclusive<i64> = -2_451_545..=2_145_031_948;
/// The first microsecond and the one after the last, counted from 2000: 4714-11-24 BC and the end of 294276.
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

/// None where a type cannot be written so.
pub(super) fn put<'a>(array: &'a ArrayRef, wire: &Wire) -> Option<Put<'a>> {
    match wire {
        Wire::Date => date(array),
        Wire::Time => time(array),
        Wire::Timestamp => timestamp(array),
        _ => interval(array),
    }
}

fn date(array: &ArrayRef) -> Option<Put<'_>> {
    let days = days(array)?;
    Some(fixed(move |row| {
        let days = days(row)? - EPOCH_DAYS;
        if !DATES.contains(&days) {
            return Err("the date is outside of what Postgres holds, 4714-11-24 BC to 5874897-12-31".to_owned());
        }
        Ok((days as i32).to_be_bytes())
    }))
}

type Number<'a> = Box<dyn Fn(usize) -> Result<i64, String> + Send + 'a>;

fn days(array: &ArrayRef) -> Option<Number<'_>> {
    Some(match array.data_type() {
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>().values();
            Box::new(move |row| Ok(values[row].into()))
        }
        DataType::Date64 => {
            let values = array.as_primitive::<Date64Type>().values();
            Box::new(move |row| {
                let milliseconds = values[row];
                if milliseconds % DAY_MILLISECONDS == 0 {
                    return Ok(milliseconds / DAY_MILLISECONDS);
                }
                Err("the date has a time of day, which would be lost; cast it to a timestamp".to_owned())
            })
        }
        _ => return None,
    })
}

fn time(array: &ArrayRef) -> Option<Put<'_>> {
    let microseconds = match array.data_type() {
        DataType::Time32(TimeUnit::Second) => scaled(array.as_primitive::<Time32SecondType>(), 1_000_000),
        DataType::Time32(_) => scaled(array.as_primitive::<Time32MillisecondType>(), 1000),
        DataType::Time64(TimeUnit::Microsecond) => scaled(array.as_primitive::<Time64MicrosecondType>(), 1),
        DataType::Time64(_) => divided(array.as_primitive::<Time64NanosecondType>().values()),
        _ => return None,
    };
    Some(fixed(move |row| {
        let microseconds = microseconds(row)?;
        if !(0..=DAY_MICROSECONDS).contains(&microseconds) {
            return Err("the time is not within a day".to_owned());
        }
        Ok(microseconds.to_be_bytes())
    }))
}

fn timestamp(array: &ArrayRef) -> Option<Put<'_>> {
    let microseconds = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => scaled(array.as_primitive::<TimestampSecondType>(), 1_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => scaled(array.as_primitive::<TimestampMillisecondType>(), 1000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = array.as_primitive::<TimestampMicrosecondType>().values();
            return Some(fixed(move |row| since_2000(values[row])));
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            divided(array.as_primitive::<TimestampNanosecondType>().values())
        }
        _ => {
            let days = days(array)?;
            Box::new(move |row| days(row)?.checked_mul(DAY_MICROSECONDS).ok_or_else(too_far))
        }
    };
    Some(fixed(move |row| since_2000(microseconds(row)?)))
}

fn since_2000(microseconds: i64) -> Result<[u8; 8], String> {
    let since = microseconds
        .checked_sub(EPOCH_MICROSECONDS)
        .filter(|since| TIMESTAMPS.contains(since));
    Ok(since.ok_or_else(too_far)?.to_be_bytes())
}

fn too_far() -> String {
    "the timestamp is outside of what Postgres holds, 4714-11-24 BC to 294276-12-31".to_owned()
}

/// Units of at least a microsecond.
fn scaled<T>(array: &PrimitiveArray<T>, factor: i64) -> Number<'_>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i64>,
{
    let values = array.values();
    Box::new(move |row| values[row].into().checked_mul(factor).ok_or_else(too_far))
}

/// Nanoseconds.
fn divided(values: &[i64]) -> Number<'_> {
    Box::new(|row| {
        let nanoseconds = values[row];
        if nanoseconds % 1000 == 0 {
            return Ok(nanoseconds / 1000);
        }
        Err("it has nanoseconds, and Postgres keeps microseconds; round it before it is written".to_owned())
    })
}

/// Microseconds, days and months, as Postgres keeps them.
fn interval(array: &ArrayRef) -> Option<Put<'_>> {
    let microseconds = match array.data_type() {
        DataType::Duration(TimeUnit::Second) => scaled(array.as_primitive::<DurationSecondType>(), 1_000_000),
        DataType::Duration(TimeUnit::Millisecond) => scaled(array.as_primitive::<DurationMillisecondType>(), 1000),
        DataType::Duration(TimeUnit::Microsecond) => scaled(array.as_primitive::<DurationMicrosecondType>(), 1),
        DataType::Duration(TimeUnit::Nanosecond) => divided(array.as_primitive::<DurationNanosecondType>().values()),
        DataType::Interval(unit) => return Some(calendar(array, *unit)),
        _ => return None,
    };
    Some(fixed(move |row| Ok(parts(microseconds(row)?, 0, 0))))
}

fn calendar(array: &ArrayRef, unit: IntervalUnit) -> Put<'_> {
    match unit {
        IntervalUnit::YearMonth => {
            let values = array.as_primitive::<IntervalYearMonthType>().values();
            fixed(move |row| Ok(parts(0, 0, values[row])))
        }
        IntervalUnit::DayTime => {
            let values = array.as_primitive::<IntervalDayTimeType>().values();
            fixed(move |row| Ok(parts(i64::from(values[row].milliseconds) * 1000, values[row].days, 0)))
        }
        IntervalUnit::MonthDayNano => {
            let values = array.as_primitive::<IntervalMonthDayNanoType>().values();
            fixed(move |row| {
                let value = values[row];
                if value.nanoseconds % 1000 != 0 {
                    return Err(
                        "it has nanoseconds, and Postgres keeps microseconds; round it before it is written".to_owned(),
                    );
                }
                Ok(parts(value.nanoseconds / 1000, value.days, value.months))
            })
        }
    }
}

fn parts(microseconds: i64, days: i32, months: i32) -> [u8; 16] {
    let mut parts = [0; 16];
    parts[..8].copy_from_slice(&microseconds.to_be_bytes());
    parts[8..12].copy_from_slice(&days.to_be_bytes());
    parts[12..].copy_from_slice(&months.to_be_bytes());
    parts
}
