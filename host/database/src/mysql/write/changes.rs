//! Columns that say what is to be done with a row, and in which order.

use crate::mysql::dialect::MySqlDialect;
use crate::sql::Dialect;
use crate::{LoadRequest, Mode, OnError};

/// The column that says what a change did.
pub(crate) const OPERATION: &str = "_op";

/// Columns of a source of changes, beside the table's own.
const CHANGES: [&str; 4] = [OPERATION, "_position", "_sequence", "_committed_at"];

/// Columns of the rows that mark what is to be done with them, and are not written.
pub(crate) fn marks(request: &LoadRequest, is_in_table: impl Fn(&str) -> bool) -> Vec<String> {
    let Some(delete_when) = &request.config.delete_when else {
        return Vec::new();
    };
    let mut marks = vec![delete_when.clone()];
    if delete_when == OPERATION {
        let absent = CHANGES
            .iter()
            .filter(|name| !is_in_table(name))
            .map(|name| (*name).to_owned());
        marks.extend(absent);
    }
    marks
}

/// What the changes of a row are ordered by; nothing where there is at most one change of each.
pub(crate) fn order(request: &LoadRequest, marks: &[String]) -> Vec<String> {
    if marks.is_empty() || request.config.mode != Mode::Upsert {
        return Vec::new();
    }
    let mut order = Vec::new();
    for name in ["_position", "_sequence"] {
        let Some((_, field)) = request.schema.column_with_name(name) else {
            continue;
        };
        let column = MySqlDialect.quote(name);
        if field.data_type().is_numeric() {
            order.push(column);
        } else {
            // A place in a log, in hexadecimal digits: `16/B374D848`.
            order.push(format!("lpad(substring_index({column}, '/', 1), 20, '0')"));
            order.push(format!("lpad(substring_index({column}, '/', -1), 20, '0')"));
        }
    }
    order
}

/// Whether the staging table has to number its rows.
pub(crate) fn is_numbered(request: &LoadRequest, marks: &[String]) -> bool {
    request.config.on_error == OnError::Reject || !order(request, marks).is_empty()
}
