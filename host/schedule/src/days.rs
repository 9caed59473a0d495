//! Which days a cron expression means.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::error::Error;
use crate::field::{Field, Form};
use crate::plain::{item_values, refused};

/// The two day fields, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) of_month: OfMonth,
    pub(crate) of_week: OfWeek,
    /// One field suffices. In the usual form, when both are restricted.
    either: bool,
}

/// Day-of-month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OfMonth {
    /// `*` or `?`.
    pub(crate) any: bool,
    /// Days by number, from bit 1.
    pub(crate) days: u32,
    /// Days before the last one: bit 0 is `L`, bit 2 is `L-2`.
    pub(crate) before_last: u32,
    /// `15W`, by number, from bit 1.
    pub(crate) nearest_weekday: u32,
    /// `LW`.
    pub(crate) last_weekday: bool,
}

/// Day-of-week; bit 0 is Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OfWeek {
    /// `*` or `?`.
    pub(crate) any: bool,
    /// Weekdays.
    pub(crate) days: u8,
    /// `6#3`: the weekdays whose first, second ... of the month is meant.
    pub(crate) nth: [u8; 5],
    /// `6L`: the weekdays whose last of the month is meant.
    pub(crate) last: u8,
}

impl Days {
    pub(crate) fn parse(form: Form, of_month: &str, of_week: &str) -> Result<Self, Error> {
        if form == Form::Glue && (of_month == "?") == (of_week == "?") {
            return Err(Error::Days {
                day_of_month: of_month.to_owned(),
                day_of_week: of_week.to_owned(),
            });
        }
        // As in the original cron, `*/2` counts as unrestricted here: with it, both fields have to match.
        let restricted = |text: &str| !text.starts_with(['*', '?']);
        Ok(Self {
            of_month: OfMonth::parse(form, of_month)?,
            of_week: OfWeek::parse(form, of_week)?,
            either: form == Form::Classic && restricted(of_month) && restricted(of_week),
        })
    }

    pub(crate) fn contain(&self, date: NaiveDate) -> bool {
        if self.either {
            self.of_month.contains(date) || self.of_week.contains(date)
        } else {
            self.of_month.contains(date) && self.of_week.contains(date)
        }
    }

    /// Whether a day that either field has is meant.
    pub(crate) fn either(&self) -> bool {
        self.either
    }
}

impl OfMonth {
    fn parse(form: Form, text: &str) -> Result<Self, Error> {
        let field = Field::DayOfMonth;
        let mut found = Self {
            any: matches!(text, "*" | "?"),
            ..Self::default()
        };
        if found.any {
            return Ok(found);
        }
        for item in text.split(',') {
            let upper = item.to_ascii_uppercase();
            if upper == "L" {
                found.before_last |= 1;
            } else if upper == "LW" || upper == "WL" {
                found.last_weekday = true;
            } else if let Some(before) = upper.strip_prefix("L-") {
                let before = before.parse::<u32>().ok().filter(|before| (1..=30).contains(before));
                let before = before.ok_or_else(|| refused(field, form, item, "L-1 to L-30 count from the last day"))?;
                found.before_last |= 1 << before;
            } else if let Some(day) = upper.strip_suffix('W') {
                let day = day.parse::<u32>().ok().filter(|day| (1..=31).contains(day));
                let day = day.ok_or_else(|| refused(field, form, item, "W follows a day from 1 to 31, or L"))?;
                found.nearest_weekday |= 1 << day;
            } else if item.starts_with('?') {
                return Err(refused(field, form, item, "`?` stands alone"));
            } else {
                found.days |= item_values(field, form, item)? as u32;
            }
        }
        Ok(found)
    }

    fn contains(&self, date: NaiveDate) -> bool {
        let (day, last) = (date.day(), u32::from(date.num_days_in_month()));
        self.any
            || self.days >> day & 1 == 1
            || self.before_last >> (last - day) & 1 == 1
            || self.last_weekday && nearest_weekday(date, last, true) == Some(day)
            || self.nearest_weekday != 0 && {
                // Only its neighbours up to two days away can have moved here.
                let candidates = day.saturating_sub(2).max(1)..=(day + 2).min(last);
                candidates
                    .filter(|candidate| self.nearest_weekday >> candidate & 1 == 1)
                    .any(|candidate| nearest_weekday(date, candidate, false) == Some(day))
            }
    }
}

/// The weekday nearest to a day, in the month of `date`, not after it if `back`.
fn nearest_weekday(date: NaiveDate, day: u32, back: bool) -> Option<u32> {
    let last = u32::from(date.num_days_in_month());
    Some(match date.with_day(day)?.weekday() {
        Weekday::Sat if day == 1 => 3,
        Weekday::Sat => day - 1,
        Weekday::Sun if back || day == last => day - 2,
        Weekday::Sun => day + 1,
        _ => day,
    })
}

impl OfWeek {
    fn parse(form: Form, text: &str) -> Result<Self, Error> {
        let field = Field::DayOfWeek;
        let mut found = Self {
            any: matches!(text, "*" | "?"),
            ..Self::default()
        };
        if found.any {
            return Ok(found);
        }
        for item in text.split(',') {
            if let Some((day, nth)) = item.split_once('#') {
                let nth = nth.parse::<usize>().ok().filter(|nth| (1..=5).contains(nth));
                let nth = nth.ok_or_else(|| refused(field, form, item, "a number from 1 to 5 follows `#`"))?;
                found.nth[nth - 1] |= one_day(form, item, day)?;
            } else if item.eq_ignore_ascii_case("L") {
                // The last day of the week.
                found.days |= 1 << 6;
            } else if let Some(day) = item.strip_suffix(['L', 'l']) {
                found.last |= one_day(form, item, day)?;
            } else if item.starts_with('?') {
                return Err(refused(field, form, item, "`?` stands alone"));
            } else {
                found.days |= item_values(field, form, item)? as u8;
            }
        }
        Ok(found)
    }

    fn contains(self, date: NaiveDate) -> bool {
        let weekday = date.weekday().num_days_from_sunday();
        let nth = (date.day() - 1) / 7;
        let is_last = date.day() + 7 > u32::from(date.num_days_in_month());
        self.any
            || self.days >> weekday & 1 == 1
            || self.nth[nth as usize] >> weekday & 1 == 1
            || is_last && self.last >> weekday & 1 == 1
    }
}

/// The weekday before `L` or `#`, as a bit.
fn one_day(form: Form, item: &str, day: &str) -> Result<u8, Error> {
    let bits = if day.contains(['*', '-', '/']) {
        0
    } else {
        item_values(Field::DayOfWeek, form, day)?
    };
    if bits.is_power_of_two() {
        Ok(bits as u8)
    } else {
        Err(refused(
            Field::DayOfWeek,
            form,
            item,
            "one weekday stands before `L` and `#`",
        ))
    }
}
