//! The one error of this crate.

use crate::field::{Field, Form};

/// Why a schedule was refused. All of them are faults of what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text has none of the forms.
    #[error(
        "`{text}` is not a schedule: write cron(0 10 * * ? *), the usual five fields as in 0 10 * * *, @daily, or \
         rate(5 minutes)"
    )]
    Unknown {
        /// The text, shortened.
        text: String,
    },

    /// The text is longer than any schedule needs to be.
    #[error("the schedule has {length} characters, and at most {limit} are read")]
    TooLong {
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },

    /// A name like `@dayly`.
    #[error("`{text}` is not the name of a schedule{}; there are {known}", meant(nearest.as_deref()))]
    Shorthand {
        /// The name.
        text: String,
        /// The name that was probably meant.
        nearest: Option<String>,
        /// All names.
        known: String,
    },

    /// Too few or too many fields.
    #[error("`{text}` has {found} fields, and {form} has {}: {}", form.fields().len(), form.outline())]
    Fields {
        /// The expression.
        text: String,
        /// Fields found.
        found: usize,
        /// The form it is taken for.
        form: Form,
    },

    /// A field that can't be read.
    #[error("{field} has `{text}`: {why}; allowed are {allowed}")]
    Field {
        /// The field.
        field: Field,
        /// The part of it that is wrong.
        text: String,
        /// What is wrong.
        why: String,
        /// What may be written there.
        allowed: String,
    },

    /// Glue's form with both day fields set, or neither.
    #[error(
        "day-of-month has `{day_of_month}` and day-of-week has `{day_of_week}`: exactly one of the two has to be `?`, \
         as in cron(0 10 * * ? *)"
    )]
    Days {
        /// The text of day-of-month.
        day_of_month: String,
        /// The text of day-of-week.
        day_of_week: String,
    },

    /// A rate that can't be read.
    #[error("rate has `{text}`: {why}; write rate(1 hour), rate(5 minutes) or rate(7 days), up to 36500 days")]
    Rate {
        /// What is between the brackets.
        text: String,
        /// What is wrong.
        why: String,
    },

    /// No such time zone.
    #[error(
        "`{text}` is not a time zone{}; zones are named as in the IANA database: UTC, Europe/Berlin, America/New_York",
        meant(nearest.as_deref())
    )]
    Zone {
        /// The name.
        text: String,
        /// The zone that was probably meant.
        nearest: Option<String>,
    },

    /// A schedule that ends before it starts.
    #[error("the schedule ends at {end}, before it starts at {start}")]
    Ends {
        /// When it starts.
        start: String,
        /// When it ends.
        end: String,
    },

    /// A number outside of its limits.
    #[error("{what} is {value}, and has to be {min} to {max}")]
    Limit {
        /// Which setting, with its unit.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest
        .map(|nearest| format!(", did you mean `{nearest}`?"))
        .unwrap_or_default()
}

/// The one of `known` that `text` is probably meant to be.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_ascii_lowercase();
    let scored = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&text, &name.to_ascii_lowercase()), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// Text of a user's for a message: what is long is cut.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain("...".chars()).collect()
}
