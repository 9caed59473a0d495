//! The fields of a cron expression, and what may be written in them.

use std::fmt;

/// How the fields of a cron expression are numbered and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// AWS Glue's six fields, `cron(0 10 * * ? *)`.
    Glue,
    /// The usual five fields, `0 10 * * *`.
    Classic,
}

impl Form {
    pub(crate) fn fields(self) -> &'static [Field] {
        use Field::{DayOfMonth, DayOfWeek, Hours, Minutes, Month, Year};
        match self {
            Self::Glue => &[Minutes, Hours, DayOfMonth, Month, DayOfWeek, Year],
            Self::Classic => &[Minutes, Hours, DayOfMonth, Month, DayOfWeek],
        }
    }

    pub(crate) fn outline(self) -> &'static str {
        match self {
            Self::Glue => "cron(minutes hours day-of-month month day-of-week year)",
            Self::Classic => "minutes hours day-of-month month day-of-week",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Glue => "cron(...)",
            Self::Classic => "the usual form",
        })
    }
}

/// A field of a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// 0 to 59.
    Minutes,
    /// 0 to 23.
    Hours,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12 or JAN to DEC.
    Month,
    /// 1 to 7 from Sunday in Glue's form, 0 to 7 from Sunday to Sunday in the usual one, or SUN to SAT.
    DayOfWeek,
    /// 1970 to 2199.
    Year,
}

pub(crate) const FIRST_YEAR: u32 = 1970;
pub(crate) const LAST_YEAR: u32 = 2199;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Field {
    /// The least and the greatest number.
    pub(crate) fn range(self, form: Form) -> (u32, u32) {
        match (self, form) {
            (Self::Minutes, _) => (0, 59),
            (Self::Hours, _) => (0, 23),
            (Self::DayOfMonth, _) => (1, 31),
            (Self::Month, _) => (1, 12),
            (Self::DayOfWeek, Form::Glue) => (1, 7),
            (Self::DayOfWeek, Form::Classic) => (0, 7),
            (Self::Year, _) => (FIRST_YEAR, LAST_YEAR),
        }
    }

    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            _ => &[],
        }
    }

    /// The number that a name stands for.
    pub(crate) fn number(self, form: Form, name: &str) -> Option<u32> {
        let at = self.names().iter().position(|known| known.eq_ignore_ascii_case(name))? as u32;
        Some(at + self.range(form).0)
    }

    pub(crate) fn allowed(self, form: Form) -> String {
        let (min, max) = self.range(form);
        let names = match self.names() {
            [first, .., last] => format!(" or {first}-{last}"),
            _ => String::new(),
        };
        let wildcards = match self {
            Self::DayOfMonth => ", - * / ? L W",
            Self::DayOfWeek => ", - * / ? L #",
            _ => ", - * /",
        };
        format!("{min}-{max}{names} and the wildcards {wildcards}")
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::DayOfMonth => "day-of-month",
            Self::Month => "month",
            Self::DayOfWeek => "day-of-week",
            Self::Year => "year",
        })
    }
}
