//! Finds the ends of records.

use super::Dialect;

/// Finds record ends in bytes that arrive piece by piece.
pub(super) struct Boundaries {
    dialect: Dialect,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value begins; only here does a quote open one.
    Start,
    /// Inside a value without quotes.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a quote that either closed the value or is the first of two.
    Closed,
}

impl Boundaries {
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::Start,
        }
    }

    /// Position behind the last line end in `bytes` that ends a record.
    pub fn last_record_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let Dialect { delimiter, quote } = self.dialect;
        let may_be_quoted = matches!(self.state, State::Quoted | State::Closed) || bytes.contains(&quote);
        if !may_be_quoted {
            if let Some(last) = bytes.last() {
                self.state = if *last == delimiter || *last == b'\n' {
                    State::Start
                } else {
                    State::Plain
                };
            }
            return bytes.iter().rposition(|byte| *byte == b'\n').map(|newline| newline + 1);
        }
        let mut record_end = None;
        for (position, byte) in bytes.iter().copied().enumerate() {
            self.state = match self.state {
                State::Quoted if byte == quote => State::Closed,
                State::Quoted => State::Quoted,
                State::Start | State::Closed if byte == quote => State::Quoted,
                _ if byte == b'\n' => {
                    record_end = Some(position + 1);
                    State::Start
                }
                _ if byte == delimiter => State::Start,
                _ => State::Plain,
            };
        }
        record_end
    }
}
