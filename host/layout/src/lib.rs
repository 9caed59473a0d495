//! Arrow record batches in the flattened layout in which they cross the sandbox boundary.
//!
//! WIT has no recursive types, so a nested schema travels as its [`Field`]s in pre-order, and a nested array as a
//! [`Column`]: its [`Node`]s in pre-order, then its buffers in the order in which Arrow IPC writes them. `wit/arrow.wit`
//! is the specification; this crate is its one implementation on the host, in both directions:
//!
//! | | to the guest | from the guest |
//! |---|---|---|
//! | schema | [`fields_of`] | [`schema_of`] |
//! | data | [`column_of`] | [`array_of`] |
//!
//! What goes out is trimmed to the slice and shares memory with the host's arrays wherever the layout allows. What
//! comes in is hostile until checked: every length, count, offset, index and byte of text is validated before an array
//! is built, and whatever is wrong becomes an [`Error`] that names the column, what was expected and what came.
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow_array::{Array, ArrayRef, StringArray};
//! use arrow_schema::{DataType, Field, Schema};
//! use tenon_layout::{Bounds, array_of, column_of, fields_of, schema_of};
//!
//! let schema = Schema::new(vec![Field::new("name", DataType::Utf8, true)]);
//! let names: ArrayRef = Arc::new(StringArray::from(vec![Some("ada"), None, Some("grace"), Some("mary")]));
//!
//! // The host sends rows 2 and 3 only: offsets are rebased, the text is shared.
//! let fields = fields_of(&schema)?;
//! let column = column_of(schema.field(0), &names.slice(2, 2))?;
//! assert_eq!(fields[0].format, "u");
//! assert_eq!(column.buffers[2].as_slice(), b"gracemary");
//!
//! // A guest sends them back.
//! let schema = schema_of(&fields, &Bounds::default())?;
//! let restored = array_of(&schema.fields()[0], 2, column)?;
//! assert_eq!(&restored, &names.slice(2, 2));
//! # Ok::<(), tenon_layout::Error>(())
//! ```

mod array_of;
mod bounds;
mod column;
mod column_of;
mod error;
mod field;
mod fields_of;
mod format;
mod schema_of;
mod shape;

pub use array_of::array_of;
pub use bounds::Bounds;
pub use column::{Column, Node};
pub use column_of::column_of;
pub use error::Error;
pub use field::{DICTIONARY_ORDERED, Encoding, Field, KEYS_SORTED};
pub use fields_of::fields_of;
pub use schema_of::schema_of;
