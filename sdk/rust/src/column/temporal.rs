//! Dates, times and spans: the integers that Arrow stores, under names of their own.

use crate::buffer::Plain;
use crate::data_type::{DataType, TimeUnit};

use super::Primitive;

macro_rules! temporal {
    ($(#[$doc:meta])* $name:ident($inner:ty), $shown:literal, $accepts:pat, $default:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        // SAFETY: transparent over an integer.
        unsafe impl Plain for $name {}

        impl Primitive for $name {
            const NAME: &'static str = $shown;

            fn accepts(data_type: &DataType) -> bool {
                matches!(data_type, $accepts)
            }

            fn default_type() -> DataType {
                $default
            }
        }
    };
}

temporal!(
    /// Days since the Unix epoch.
    Date(i32), "date", DataType::Date, DataType::Date
);
temporal!(
    /// Milliseconds since the Unix epoch, a whole number of days.
    DateMillis(i64), "date in milliseconds", DataType::DateMillis, DataType::DateMillis
);
temporal!(
    /// Seconds or milliseconds since midnight, as the column's type says; new columns hold milliseconds.
    Time32(i32),
    "time in seconds or milliseconds",
    DataType::Time(TimeUnit::Second | TimeUnit::Millisecond),
    DataType::Time(TimeUnit::Millisecond)
);
temporal!(
    /// Microseconds or nanoseconds since midnight, as the column's type says; new columns hold microseconds.
    Time64(i64),
    "time in microseconds or nanoseconds",
    DataType::Time(TimeUnit::Microsecond | TimeUnit::Nanosecond),
    DataType::Time(TimeUnit::Microsecond)
);
temporal!(
    /// Since the Unix epoch, in the unit of the column's type; new columns hold microseconds without a time zone. For
    /// another unit or a time zone: [`Column::with_type`](super::Column::with_type).
    Timestamp(i64), "timestamp", DataType::Timestamp(..), DataType::Timestamp(TimeUnit::Microsecond, None)
);
temporal!(
    /// A span of time in the unit of the column's type; new columns hold microseconds.
    Duration(i64), "duration", DataType::Duration(_), DataType::Duration(TimeUnit::Microsecond)
);
temporal!(
    /// An interval in months.
    Months(i32), "interval in months", DataType::IntervalMonths, DataType::IntervalMonths
);

/// An interval in days and milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(C)]
pub struct DayMillis {
    /// Whole days.
    pub days: i32,
    /// Milliseconds on top.
    pub milliseconds: i32,
}

// SAFETY: two `i32` in C layout, without padding.
unsafe impl Plain for DayMillis {}

impl Primitive for DayMillis {
    const NAME: &'static str = "interval in days and milliseconds";

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::IntervalDays)
    }

    fn default_type() -> DataType {
        DataType::IntervalDays
    }
}

/// An interval in months, days and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(C)]
pub struct MonthDayNanos {
    /// Whole months.
    pub months: i32,
    /// Whole days on top.
    pub days: i32,
    /// Nanoseconds on top.
    pub nanoseconds: i64,
}

// SAFETY: two `i32` and an `i64` in C layout: 16 bytes, without padding.
unsafe impl Plain for MonthDayNanos {}

impl Primitive for MonthDayNanos {
    const NAME: &'static str = "interval in months, days and nanoseconds";

    fn accepts(data_type: &DataType) -> bool {
        matches!(data_type, DataType::IntervalMonthDayNanos)
    }

    fn default_type() -> DataType {
        DataType::IntervalMonthDayNanos
    }
}

impl Timestamp {
    /// Whole seconds since the Unix epoch (rounded down) and nanoseconds of the second that has begun.
    pub fn split(self, unit: TimeUnit) -> (i64, u32) {
        let per_second = unit.per_second();
        let fraction = self.0.rem_euclid(per_second);
        (
            self.0.div_euclid(per_second),
            (fraction * (1_000_000_000 / per_second)) as u32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_before_the_epoch_rounds_down() {
        assert_eq!(Timestamp(-1).split(TimeUnit::Millisecond), (-1, 999_000_000));
        assert_eq!(Timestamp(1_500_000).split(TimeUnit::Microsecond), (1, 500_000_000));
    }
}
