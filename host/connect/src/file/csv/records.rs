//! Splits text into records and values.

use super::super::text::{Dialect, count_lines, first_record_length};

/// One value of a record, unquoted and unescaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Value<'a> {
    pub bytes: &'a [u8],
    pub quoted: bool,
}

/// What is wrong with a record.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Fault {
    /// Line on which the record begins.
    pub line: u64,
    pub reason: String,
}

/// Walks through the records of a text that begins and ends at record ends.
#[derive(Debug)]
pub(in super::super) struct Records<'a> {
    text: &'a [u8],
    dialect: Dialect,
    position: usize,
    line: u64,
    /// Line on which the record begins that was read last.
    record_line: u64,
    /// Where it begins.
    record_start: usize,
    /// Values with doubled quotes are put together here.
    unescaped: Vec<u8>,
}

impl<'a> Records<'a> {
    /// `line` is the number of the first line.
    pub fn new(text: &'a [u8], dialect: Dialect, line: u64) -> Self {
        Self {
            text,
            dialect,
            position: 0,
            line,
            record_line: line,
            record_start: 0,
            unescaped: Vec::new(),
        }
    }

    /// Continues at a position that an earlier walk through the same text has come to.
    pub fn resume(text: &'a [u8], dialect: Dialect, position: usize, line: u64) -> Self {
        Self {
            position,
            ..Self::new(text, dialect, line)
        }
    }

    /// Bytes walked through so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Line that comes next.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Line on which the record begins that was read last.
    pub fn record_line(&self) -> u64 {
        self.record_line
    }

    /// The text of the record that was read last, as far as it was read.
    pub fn record(&self) -> &'a [u8] {
        let text = &self.text[self.record_start..self.position];
        text.strip_suffix(b"\n").unwrap_or(text)
    }

    /// Goes to the end of a record in which a fault was found, so that the next one can be read.
    pub fn recover(&mut self) {
        let rest = &self.text[self.record_start..];
        let length = first_record_length(self.dialect, rest).unwrap_or_else(|| {
            // A quote that is never closed is taken to spoil its own line only.
            rest.iter()
                .position(|byte| *byte == b'\n')
                .map_or(rest.len(), |newline| newline + 1)
        });
        self.position = self.record_start + length;
        self.line = self.record_line + count_lines(&rest[..length]);
    }

    /// Hands the values of the next record, with their positions, to `each`; answers with their number, or none at the
    /// end. Empty lines and comments are no records.
    pub fn next(
        &mut self,
        mut each: impl FnMut(usize, Value<'_>) -> Result<(), String>,
    ) -> Result<Option<usize>, Fault> {
        self.skip_empty_lines();
        (self.record_line, self.record_start) = (self.line, self.position);
        if self.position == self.text.len() {
            return Ok(None);
        }
        let mut index = 0;
        loop {
            let quoted = self.text.get(self.position) == Some(&self.dialect.quote);
            let end = if quoted {
                self.quoted_value_end()?
            } else {
                self.plain_value_end()
            };
            let ends_record = self.text.get(end).is_none_or(|byte| *byte == b'\n');
            let bytes = if quoted {
                &self.unescaped[..]
            } else {
                &self.text[self.position..end]
            };
            let bytes = match bytes {
                [line @ .., b'\r'] if ends_record && !quoted => line,
                whole => whole,
            };
            each(index, Value { bytes, quoted }).map_err(|reason| Fault {
                line: self.record_line,
                reason,
            })?;
            index += 1;
            self.position = (end + 1).min(self.text.len());
            if ends_record {
                self.line += u64::from(end < self.text.len());
                return Ok(Some(index));
            }
            if self.position == self.text.len() {
                // The text ends behind a delimiter: one more value, which is empty.
                each(
                    index,
                    Value {
                        bytes: b"",
                        quoted: false,
                    },
                )
                .map_err(|reason| Fault {
                    line: self.record_line,
                    reason,
                })?;
                return Ok(Some(index + 1));
            }
        }
    }

    fn skip_empty_lines(&mut self) {
        loop {
            let length = match &self.text[self.position..] {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                comment @ [first, ..] if Some(*first) == self.dialect.comment => {
                    let newline = comment.iter().position(|byte| *byte == b'\n');
                    let Some(newline) = newline else {
                        self.position = self.text.len();
                        return;
                    };
                    newline + 1
                }
                _ => return,
            };
            self.position += length;
            self.line += 1;
        }
    }

    /// Position of the delimiter or line end behind a value without quotes.
    fn plain_value_end(&self) -> usize {
        let delimiter = self.dialect.delimiter;
        let rest = &self.text[self.position..];
        let length = rest.iter().position(|byte| *byte == delimiter || *byte == b'\n');
        length.map_or(self.text.len(), |length| self.position + length)
    }

    /// The same for a value in quotes, whose text goes to `unescaped`.
    fn quoted_value_end(&mut self) -> Result<usize, Fault> {
        let quote = self.dialect.quote;
        self.unescaped.clear();
        let mut position = self.position + 1;
        loop {
            let rest = &self.text[position..];
            let special = |byte: &u8| *byte == quote || Some(*byte) == self.dialect.escape;
            let Some(length) = rest.iter().position(special) else {
                return Err(Fault {
                    line: self.record_line,
                    reason: "a quoted value is never closed".to_owned(),
                });
            };
            let part = &rest[..length];
            self.unescaped.extend_from_slice(part);
            self.line += count_lines(part);
            position += length + 1;
            let escaped = Some(rest[length]) == self.dialect.escape && rest[length] != quote;
            let next = self.text.get(position).copied();
            match next {
                Some(next) if escaped => {
                    self.unescaped.push(next);
                    self.line += u64::from(next == b'\n');
                }
                Some(next) if next == quote => self.unescaped.push(quote),
                _ => break,
            }
            position += 1;
        }
        // Text behind the closing quote belongs to the value as it stands.
        let delimiter = self.dialect.delimiter;
        let rest = &self.text[position..];
        let length = rest
            .iter()
            .position(|byte| *byte == delimiter || *byte == b'\n')
            .unwrap_or(rest.len());
        let tail = &rest[..length];
        let tail = tail.strip_suffix(b"\r").unwrap_or(tail);
        self.unescaped.extend_from_slice(tail);
        Ok(position + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect::new(b',', b'"');

    fn all(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::new(text.as_bytes(), CSV, 1);
        let mut all = Vec::new();
        loop {
            let mut values = Vec::new();
            let found = records.next(|index, value| {
                assert_eq!(index, values.len());
                values.push(String::from_utf8(value.bytes.to_vec()).expect("text"));
                Ok(())
            });
            match found.expect("well formed") {
                Some(count) => assert_eq!(count, values.len()),
                None => return all,
            }
            all.push((records.record_line(), values));
        }
    }

    #[test]
    fn values_are_split_and_unquoted() {
        let text = "a,b\r\n\"1\",\"x\"\"y\nz\"\n\n,\n\"\",5\" pipe\nlast,\"in\" quotes\nopen,";
        let expected: Vec<(u64, Vec<String>)> = [
            (1, ["a", "b"]),
            (2, ["1", "x\"y\nz"]),
            (5, ["", ""]),
            (6, ["", "5\" pipe"]),
            (7, ["last", "in quotes"]),
            (8, ["open", ""]),
        ]
        .into_iter()
        .map(|(line, values)| (line, values.map(str::to_owned).to_vec()))
        .collect();
        assert_eq!(all(text), expected);
    }

    #[test]
    fn quotes_tell_an_empty_text_from_no_value() {
        let mut records = Records::new(b"\"\",\n", CSV, 1);
        let mut quoted = Vec::new();
        records
            .next(|_, value| {
                quoted.push(value.quoted);
                Ok(())
            })
            .expect("well formed");
        assert_eq!(quoted, [true, false]);
    }

    #[test]
    fn escapes_and_comments() {
        let dialect = Dialect {
            escape: Some(b'\\'),
            comment: Some(b'#'),
            ..CSV
        };
        let mut records = Records::new(b"# \"one\n\"a\\\"b\n\",#c\n#end", dialect, 1);
        let mut values = Vec::new();
        let mut each = |_: usize, value: Value<'_>| {
            values.push(value.bytes.to_vec());
            Ok(())
        };
        assert_eq!(records.next(&mut each), Ok(Some(2)));
        assert_eq!(records.record_line(), 2);
        assert_eq!(records.record(), b"\"a\\\"b\n\",#c");
        assert_eq!(records.next(&mut each), Ok(None));
        assert_eq!(values, [b"a\"b\n".to_vec(), b"#c".to_vec()]);
    }

    #[test]
    fn an_open_quote_spoils_its_line() {
        let mut records = Records::new(b"a,b\n\"1,2\n3,4\n", CSV, 1);
        records.next(|_, _| Ok(())).expect("well formed");
        records.next(|_, _| Ok(())).expect_err("the quote is open");
        records.recover();
        assert_eq!((records.record(), records.line()), (&b"\"1,2"[..], 3));
        assert_eq!(records.next(|_, _| Ok(())), Ok(Some(2)));
    }

    #[test]
    fn an_open_quote_is_a_fault() {
        let mut records = Records::new(b"a\n\"b\n", CSV, 10);
        records.next(|_, _| Ok(())).expect("well formed");
        let fault = records.next(|_, _| Ok(())).expect_err("the quote is open");
        assert_eq!(fault.line, 11);
    }
}
