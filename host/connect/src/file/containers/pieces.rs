//! Batches in pieces of a bounded number of rows.

use arrow::array::RecordBatch;

use super::Decoded;

/// Hands out what a decoder gives, in pieces where a batch has more than `most` rows.
pub(super) struct Pieces<I> {
    batches: I,
    /// Rows that were decoded and not handed out, with the number of the file's rows before them.
    left: Option<(RecordBatch, u64)>,
    most: usize,
}

impl<I> Pieces<I> {
    pub fn of(batches: I, most: usize) -> Self {
        Self {
            batches,
            left: None,
            most: most.max(1),
        }
    }
}

impl<I: Iterator<Item = Decoded>> Iterator for Pieces<I> {
    type Item = Decoded;

    fn next(&mut self) -> Option<Decoded> {
        let (batch, before) = match self.left.take() {
            Some(left) => left,
            None => match self.batches.next()? {
                Ok(decoded) => decoded,
                Err(error) => return Some(Err(error)),
            },
        };
        let rows = batch.num_rows();
        if rows <= self.most {
            return Some(Ok((batch, before)));
        }
        let rest = batch.slice(self.most, rows - self.most);
        self.left = Some((rest, before.saturating_add(self.most as u64)));
        Some(Ok((batch.slice(0, self.most), before)))
    }
}
