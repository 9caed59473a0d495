//! The binary forms of values.

/// How the values of a column are written. Several types share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres::write) enum Wire {
    /// `boolean`.
    Boolean,
    /// `smallint`.
    Int2,
    /// `integer`.
    Int4,
    /// `bigint`.
    Int8,
    /// `real`.
    Float4,
    /// `double precision`.
    Float8,
    /// `numeric`. Digits after those of a scale have to be zero, since the server would cut them off.
    Numeric {
        /// The column's scale, if it has one.
        scale: Option<i32>,
    },
    /// `text`, `varchar`, `char`, and enums by their labels.
    Text,
    /// `bytea`.
    Bytes,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `timestamp`, and `timestamptz` as if it were UTC.
    Timestamp,
    /// `interval`.
    Interval,
    /// `uuid`.
    Uuid,
    /// `json`, and text that holds it.
    Json,
    /// `jsonb`.
    Jsonb,
    /// Any type, of which there are only nulls.
    Null,
    /// An array with one dimension.
    Array {
        /// The type of the items.
        oid: u32,
        /// How they are written.
        item: Box<Wire>,
    },
}
