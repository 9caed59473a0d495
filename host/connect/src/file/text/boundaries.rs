//! Finds the ends of records.

use super::Dialect;
use super::objects::Objects;

/// What ends a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Cut {
    /// A line end outside of quotes.
    Csv(Dialect),
    /// Any line end.
    Lines,
    /// The end of a JSON object.
    Objects,
}

/// Finds record ends in bytes that arrive piece by piece.
pub(super) enum Boundaries {
    Csv { dialect: Dialect, state: State },
    Lines,
    Objects(Objects),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A record begins; only here does a comment.
    Record,
    /// A value begins; only here and where a record begins does a quote open one.
    Value,
    /// Inside a value without quotes.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Inside quotes, behind the character that takes the next one's meaning.
    Escaped,
    /// Behind a quote that either closed the value or is the first of two.
    Closed,
    /// Inside a comment.
    Comment,
}

impl Boundaries {
    pub fn new(cut: Cut) -> Self {
        match cut {
            Cut::Csv(dialect) => Self::Csv {
                dialect,
                state: State::Record,
            },
            Cut::Lines => Self::Lines,
            Cut::Objects => Self::Objects(Objects::default()),
        }
    }

    /// Position behind the last byte in `bytes` that ends a record.
    pub fn last_record_end(&mut self, bytes: &mut [u8]) -> Option<usize> {
        match self {
            Self::Csv { dialect, state } => last_csv_end(*dialect, state, bytes),
            Self::Lines => bytes.iter().rposition(|byte| *byte == b'\n').map(|newline| newline + 1),
            Self::Objects(objects) => objects.last_end(bytes),
        }
    }
}

fn last_csv_end(dialect: Dialect, state: &mut State, bytes: &[u8]) -> Option<usize> {
    let inside = matches!(state, State::Quoted | State::Closed | State::Escaped | State::Comment);
    let may_be_quoted = inside || bytes.contains(&dialect.quote);
    if !may_be_quoted {
        let newline = bytes.iter().rposition(|byte| *byte == b'\n');
        // What follows may begin inside a comment, or a value.
        let tail = &bytes[newline.map_or(0, |newline| newline + 1)..];
        if newline.is_some() {
            *state = State::Record;
        }
        for byte in tail {
            *state = state.step(dialect, *byte);
        }
        return newline.map(|newline| newline + 1);
    }
    let mut record_end = None;
    for (position, byte) in bytes.iter().copied().enumerate() {
        *state = state.step(dialect, byte);
        if *state == State::Record {
            record_end = Some(position + 1);
        }
    }
    record_end
}

impl State {
    #[inline]
    fn step(self, dialect: Dialect, byte: u8) -> Self {
        match self {
            Self::Quoted if Some(byte) == dialect.escape => Self::Escaped,
            Self::Quoted if byte == dialect.quote => Self::Closed,
            Self::Quoted | Self::Escaped => Self::Quoted,
            Self::Comment if byte != b'\n' => Self::Comment,
            Self::Record if Some(byte) == dialect.comment => Self::Comment,
            Self::Record | Self::Value | Self::Closed if byte == dialect.quote => Self::Quoted,
            _ if byte == b'\n' => Self::Record,
            _ if byte == dialect.delimiter => Self::Value,
            _ => Self::Plain,
        }
    }
}

/// Length of the first record of a text, with its line end; none where a quote in it is never closed.
pub(in super::super) fn first_record_length(dialect: Dialect, text: &[u8]) -> Option<usize> {
    let mut state = State::Record;
    for (position, byte) in text.iter().enumerate() {
        state = state.step(dialect, *byte);
        if state == State::Record {
            return Some(position + 1);
        }
    }
    (!matches!(state, State::Quoted | State::Escaped)).then_some(text.len())
}
