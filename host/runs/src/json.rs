//! Values in columns: JSON, and names.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tenon_metadata::{Name, Row};

use crate::Error;

/// JSON for a column.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Unreadable {
        reason: error.to_string(),
    })
}

/// What a column of JSON holds.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Unreadable {
        reason: error.to_string(),
    })
}

/// What a column of JSON holds, if anything.
pub(crate) fn read_some<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, Error> {
    let text: Option<String> = row.get(column)?;
    text.as_deref().map(read).transpose()
}

/// A name in a column.
pub(crate) fn name(row: &Row, column: usize) -> Result<Name, Error> {
    Name::new(row.get::<String>(column)?).map_err(|error| Error::Unreadable {
        reason: error.to_string(),
    })
}
