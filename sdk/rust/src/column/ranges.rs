//! What columns of lists and of maps have in common: each row has a range of items, and those of all rows are one column.

/// The methods by which rows are looked at, of a column with `offsets` and `nulls`. `$items` is what a row has a range of.
macro_rules! ranges {
    ($items:literal) => {
        /// The same rows, of which those that are not `valid` are null.
        ///
        /// # Errors
        /// `bad-data` if it isn't said of each row.
        pub fn with_nulls(mut self, valid: impl IntoIterator<Item = bool>) -> $crate::error::Result<Self> {
            self.nulls = $crate::column::children::nulls_where(valid, self.len())?;
            Ok(self)
        }

        /// Number of rows.
        pub fn len(&self) -> usize {
            self.offsets.len()
        }

        /// Whether there are no rows.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Number of nulls.
        pub fn null_count(&self) -> usize {
            self.nulls.count()
        }

        /// Whether a row is null.
        pub fn is_null(&self, row: usize) -> bool {
            self.nulls.is_null(row)
        }

        #[doc = concat!("Which ", $items, " a row has; `None` if it is null or past the end.")]
        pub fn get(&self, row: usize) -> Option<std::ops::Range<usize>> {
            if self.is_null(row) {
                return None;
            }
            self.offsets.range(row)
        }

        #[doc = concat!("Which ", $items, " belong to a row, also where it is null; none past the end.")]
        pub fn range(&self, row: usize) -> std::ops::Range<usize> {
            self.offsets.range(row).unwrap_or_default()
        }

        #[doc = concat!("Each row's ", $items, ", or `None` for null.")]
        pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<std::ops::Range<usize>>> + DoubleEndedIterator {
            (0..self.len()).map(|row| self.get(row))
        }
    };
}

pub(super) use ranges;
