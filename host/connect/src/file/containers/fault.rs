//! What goes wrong in decoders, as errors that name the file.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::error::ArrowError;
use orc_rust::error::OrcError;

use crate::Error;
use crate::file::stored::StoredFile;

/// Runs what decodes a file. Decoders panic over some damages, and rows must not be missing for that: it is an error.
pub(in super::super) fn guarded<T, E: From<Error>>(
    file: &StoredFile,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    // Whatever has panicked is not used again.
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        let place = "in a way that its decoder does not foresee".to_owned();
        Err(damaged(file, place, message(panic.as_ref())).into())
    })
}

/// Where a file is damaged that can't even be opened.
pub(super) fn at_opening() -> String {
    "at its start or end".to_owned()
}

/// Where a file is damaged of which this many rows were read.
pub(super) fn behind(rows: u64) -> String {
    format!("behind row {rows}")
}

/// An error of Arrow's decoders, or of Avro's, which are made into these.
pub(super) fn of_arrow(file: &StoredFile, place: String, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, io) => file.damaged(place, io),
        ArrowError::ExternalError(inner) => match inner.downcast::<io::Error>() {
            Ok(io) => file.damaged(place, *io),
            Err(inner) => damaged(file, place, inner.to_string()),
        },
        error => damaged(file, place, error.to_string()),
    }
}

/// An error of ORC's decoder.
pub(super) fn of_orc(file: &StoredFile, place: String, error: OrcError) -> Error {
    match error {
        OrcError::IoError { source, .. } => file.damaged(place, source),
        error => damaged(file, place, error.to_string()),
    }
}

/// An error of our own making.
pub(super) fn damaged(file: &StoredFile, place: String, reason: String) -> Error {
    Error::Damaged {
        file: file.name.to_string(),
        place,
        reason,
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it gave no reason").to_owned()
}
