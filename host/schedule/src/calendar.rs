//! A cron expression as bits: which minutes of the local calendar it means, whatever the zone.

use chrono::{Datelike, Days as DayCount, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::days::Days;
use crate::error::{Error, shown};
use crate::field::{FIRST_YEAR, Field, Form, LAST_YEAR};
use crate::plain;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) minutes: u64,
    pub(crate) hours: u32,
    /// From bit 1.
    pub(crate) months: u16,
    pub(crate) days: Days,
    /// The years, sorted; all of them without.
    pub(crate) years: Option<Box<[u32]>>,
    /// Means intervals: fires both times when a local time occurs twice.
    pub(crate) repeats: bool,
}

const EVERY_HOUR: u32 = (1 << 24) - 1;

impl Calendar {
    pub(crate) fn parse(form: Form, text: &str) -> Result<Self, Error> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let (minutes, hours, of_month, month, of_week, year) = match (form, fields.as_slice()) {
            (Form::Glue, &[minutes, hours, of_month, month, of_week, year]) => {
                (minutes, hours, of_month, month, of_week, year)
            }
            (Form::Classic, &[minutes, hours, of_month, month, of_week]) => {
                (minutes, hours, of_month, month, of_week, "*")
            }
            _ => {
                return Err(Error::Fields {
                    text: shown(text),
                    found: fields.len(),
                    form,
                });
            }
        };
        Ok(Self {
            minutes: plain::values(Field::Minutes, form, minutes)?,
            hours: plain::values(Field::Hours, form, hours)? as u32,
            months: plain::values(Field::Month, form, month)? as u16,
            days: Days::parse(form, of_month, of_week)?,
            years: if year == "*" {
                None
            } else {
                Some(plain::years(form, year)?.into())
            },
            repeats: is_wildcard(minutes) || is_wildcard(hours),
        })
    }

    /// Every hour of the day is meant.
    pub(crate) fn every_hour(&self) -> bool {
        self.hours == EVERY_HOUR
    }

    /// The first minute that is meant, `from` or later.
    pub(crate) fn first_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut date = from.date();
        if self.contains(date)
            && let Some(time) = self.time_from(from.hour(), from.minute())
        {
            return Some(date.and_time(time));
        }
        date = date.checked_add_days(DayCount::new(1))?;
        let first = self.time_from(0, 0)?;
        loop {
            let year = date.year() as u32;
            if year > LAST_YEAR {
                return None;
            }
            if !self.has_year(year) {
                let next = (year + 1..=LAST_YEAR).find(|year| self.has_year(*year))?;
                date = NaiveDate::from_ymd_opt(next as i32, 1, 1)?;
            } else if self.months >> date.month() & 1 == 0 {
                date = next_month(date)?;
            } else if self.days.contain(date) {
                return Some(date.and_time(first));
            } else {
                date = date.checked_add_days(DayCount::new(1))?;
            }
        }
    }

    fn contains(&self, date: NaiveDate) -> bool {
        self.has_year(date.year() as u32) && self.months >> date.month() & 1 == 1 && self.days.contain(date)
    }

    fn has_year(&self, year: u32) -> bool {
        match &self.years {
            Some(years) => years.binary_search(&year).is_ok(),
            None => (FIRST_YEAR..=LAST_YEAR).contains(&year),
        }
    }

    /// The first time of a day, from this one on.
    fn time_from(&self, hour: u32, minute: u32) -> Option<NaiveTime> {
        let minutes = self.minutes & (u64::MAX << minute);
        if self.hours >> hour & 1 == 1 && minutes != 0 {
            return NaiveTime::from_hms_opt(hour, minutes.trailing_zeros(), 0);
        }
        let hours = self.hours & (u32::MAX << (hour + 1));
        NaiveTime::from_hms_opt(hours.trailing_zeros(), self.minutes.trailing_zeros(), 0)
    }
}

/// `*`, `*/5` and `0/5`, also in a list.
fn is_wildcard(text: &str) -> bool {
    text.split(',')
        .any(|item| item.starts_with('*') || item.contains('/') && !item.contains('-'))
}

fn next_month(date: NaiveDate) -> Option<NaiveDate> {
    match date.month() {
        12 => NaiveDate::from_ymd_opt(date.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(date.year(), month + 1, 1),
    }
}
