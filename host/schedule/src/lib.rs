//! When jobs are due: cron expressions in AWS Glue's six-field form and in the usual five-field one, rates, time zones
//! with daylight saving time, runs that were missed, and timers for a hundred thousand schedules.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use tenon_schedule::Schedule;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut schedule: Schedule = "cron(30 2 ? * MON-FRI *)".parse()?;
//! schedule.time_zone = "Europe/Berlin".parse()?;
//! assert_eq!(schedule.describe(), "at 02:30, Monday to Friday, Europe/Berlin time");
//!
//! let friday: DateTime<Utc> = "2026-01-30T12:00:00Z".parse()?;
//! let monday = schedule.next_after(friday).expect("weekdays don't run out");
//! assert_eq!(monday.to_rfc3339(), "2026-02-02T01:30:00+00:00");
//! # Ok(())
//! # }
//! ```
//!
//! # Expressions
//!
//! | form | example | notes |
//! |---|---|---|
//! | Glue's | `cron(0 10 ? * 6#3 *)` | minutes, hours, day-of-month, month, day-of-week (1 is Sunday), year; one of the two day fields is `?` |
//! | usual | `0 10 * * 1-5` | no year; day-of-week 0 to 7, where 0 and 7 are Sunday; when both day fields are restricted, either may match |
//! | names | `@hourly` | also `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually` |
//! | rates | `rate(5 minutes)` | minutes, hours, or days of 24 hours; counted from [`Schedule::start`], else from 1970 |
//!
//! Wildcards are `,` `-` `*` `/` everywhere; `?`, `L` (last day, `L-2` two days before it, `6L` the last Friday), `W`
//! (`15W` the weekday nearest to the 15th, `LW` the last weekday) and `#` (`6#3` the third Friday) in the day fields.
//!
//! # Daylight saving time
//!
//! - A local time that a change to summer time skips fires once, right after the gap: `30 2 * * *` fires at 03:00 that
//!   day. Schedules of every hour (`*` in hours) make up for nothing, as the next hour follows at once.
//! - A local time that occurs twice fires the first time only. Where minutes or hours are a wildcard (`*`, `*/5`,
//!   `0/5`), so that the schedule means intervals, it fires both times.
//! - Rates count elapsed time and know no zones.

mod alarm;
mod calendar;
mod clock;
mod days;
mod describe;
mod error;
mod expression;
mod field;
mod instants;
mod jumps;
mod missed;
mod plain;
mod schedule;
mod timers;
mod zone;

pub use alarm::{Alarm, Woken};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::Error;
pub use expression::Expression;
pub use field::{Field, Form};
pub use jumps::Jumps;
pub use missed::{CatchUp, MissedPolicy};
pub use schedule::Schedule;
pub use timers::Timers;
pub use zone::Zone;
