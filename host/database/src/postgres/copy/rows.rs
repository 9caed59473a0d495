//! Where the values of some rows are in a buffer.

use super::flaw::Flaw;

/// The bytes that every binary copy begins with.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags and length of the extension.
const HEADER: usize = 19;
/// Servers make no larger value, and no larger row.
const LARGEST: usize = 1 << 30;
/// Space that is kept for the next bytes after some that needed more.
const KEPT: usize = 1 << 20;

/// A value's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub start: u32,
    /// In bytes; negative for null.
    pub length: i32,
}

/// The values of one column in some rows.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub buffer: &'a [u8],
    /// Those of all columns, row by row.
    pub places: &'a [Place],
    pub columns: usize,
    pub column: usize,
}

impl<'a> Rows<'a> {
    pub fn count(&self) -> usize {
        self.places.len() / self.columns
    }

    /// The bytes of each value; none for null.
    pub fn values(self) -> impl Iterator<Item = Option<&'a [u8]>> {
        self.places.chunks_exact(self.columns).map(move |row| {
            let place = row[self.column];
            let length = usize::try_from(place.length).ok()?;
            self.buffer.get(place.start as usize..)?.get(..length)
        })
    }
}

/// The bytes of the stream that are not decoded yet, and where the values are in them.
pub(super) struct Framed {
    columns: usize,
    buffer: Vec<u8>,
    /// How far rows have been removed.
    removed: usize,
    /// How far rows have been found.
    at: usize,
    has_header: bool,
    has_ended: bool,
    places: Vec<Place>,
}

enum Found {
    Row,
    End,
    Nothing,
}

impl Framed {
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            buffer: Vec::new(),
            removed: 0,
            at: 0,
            has_header: false,
            has_ended: false,
            places: Vec::new(),
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.removed > 0 {
            self.buffer.drain(..self.removed);
            self.at -= self.removed;
            for place in &mut self.places {
                place.start -= self.removed as u32;
            }
            self.removed = 0;
            self.buffer.shrink_to(KEPT);
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that are kept.
    pub fn bytes(&self) -> usize {
        self.buffer.len() - self.removed
    }

    /// Bytes that are held, with those that have been removed.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the stream has said that it is complete.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Rows that have been found and not been removed.
    pub fn count(&self) -> usize {
        self.places.len() / self.columns
    }

    pub fn rows(&self, column: usize) -> Rows<'_> {
        Rows {
            buffer: &self.buffer,
            places: &self.places,
            columns: self.columns,
            column,
        }
    }

    /// Finds rows among the bytes until there are so many.
    pub fn find(&mut self, rows: usize) -> Result<(), Flaw> {
        if !self.has_header && !self.header()? {
            return Ok(());
        }
        while self.count() < rows && !self.has_ended {
            match self.row()? {
                Found::Row => {}
                Found::End => self.has_ended = true,
                Found::Nothing => break,
            }
        }
        if self.has_ended && self.at < self.buffer.len() {
            return Err(Flaw::broken("bytes after the end"));
        }
        Ok(())
    }

    /// Removes the rows that have been found.
    pub fn remove(&mut self) {
        self.removed = self.at;
        self.places.clear();
    }

    fn header(&mut self) -> Result<bool, Flaw> {
        let known = self.buffer.len().min(SIGNATURE.len());
        if self.buffer[..known] != SIGNATURE[..known] {
            return Err(Flaw::broken("it does not begin as a binary copy does"));
        }
        let (Some(flags), Some(extension)) = (self.number(SIGNATURE.len()), self.number(HEADER - 4)) else {
            return Ok(false);
        };
        if flags != 0 {
            return Err(Flaw::broken("it has flags that are not known"));
        }
        let extension = usize::try_from(extension).ok().filter(|length| *length <= LARGEST);
        let extension = extension.ok_or_else(|| Flaw::broken("its header has no length"))?;
        if self.buffer.len() < HEADER + extension {
            return Ok(false);
        }
        self.at = HEADER + extension;
        self.has_header = true;
        Ok(true)
    }

    fn row(&mut self) -> Result<Found, Flaw> {
        let Some(count) = self.buffer.get(self.at..).and_then(|rest| rest.first_chunk()) else {
            return Ok(Found::Nothing);
        };
        let mut at = self.at + 2;
        match i16::from_be_bytes(*count) {
            -1 => {
                self.at = at;
                return Ok(Found::End);
            }
            count if usize::try_from(count) == Ok(self.columns) => {}
            count => return Err(Flaw::Broken(format!("a row of {count} values, not {}", self.columns))),
        }
        let before = self.places.len();
        for _ in 0..self.columns {
            let Some(length) = self.number(at) else {
                return self.not_yet(before, at);
            };
            at += 4;
            if length < -1 {
                return Err(Flaw::broken("a value of a negative length"));
            }
            self.places.push(Place {
                start: at as u32,
                length,
            });
            at += usize::try_from(length).unwrap_or(0);
            if at - self.at > LARGEST {
                return Err(Flaw::broken("a row that is larger than servers make them"));
            }
        }
        if at > self.buffer.len() {
            return self.not_yet(before, at);
        }
        self.at = at;
        Ok(Found::Row)
    }

    /// Forgets the places of a row whose bytes have not all come.
    fn not_yet(&mut self, before: usize, needed: usize) -> Result<Found, Flaw> {
        self.places.truncate(before);
        if needed > u32::MAX as usize {
            return Err(Flaw::broken("more bytes than rows of that size have"));
        }
        Ok(Found::Nothing)
    }

    fn number(&self, at: usize) -> Option<i32> {
        let bytes = self.buffer.get(at..)?.first_chunk()?;
        Some(i32::from_be_bytes(*bytes))
    }
}
