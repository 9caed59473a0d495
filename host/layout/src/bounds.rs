//! What a schema from a guest may ask for.

/// Bounds on what a guest may send, checked before anything is allocated for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Fields of a schema, children included. Default: 16,384.
    pub max_fields: usize,
    /// Levels of nesting; a flat column has one, a list of integers two. Default: 64. Checking and dropping nested
    /// types take stack in proportion, so keep it below 1,000.
    pub max_depth: usize,
    /// Bytes of one field's name. Default: 1,024.
    pub max_name_bytes: usize,
    /// Bytes of all keys and values of all fields' metadata, and of their format strings, together. Default: 1 MiB.
    pub max_metadata_bytes: usize,
    /// Rows of a batch. Default: 16,777,216. [`array_of`](crate::array_of) takes its rows from its caller, who checks
    /// them against this; within a column it holds arrays whose values take no bytes to the default.
    pub max_rows: u32,
}

impl Bounds {
    /// Rows that an array may have whose values take no bytes, unless the batch itself has more. Nothing else ties the
    /// length of such an array to what was sent.
    pub(crate) const MAX_WEIGHTLESS_ROWS: u32 = 1 << 24;
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_fields: 16_384,
            max_depth: 64,
            max_name_bytes: 1_024,
            max_metadata_bytes: 1 << 20,
            max_rows: Self::MAX_WEIGHTLESS_ROWS,
        }
    }
}
