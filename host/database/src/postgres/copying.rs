//! A copy from the server, straight from its socket.

use super::Connection;
use super::copy::Decoder;
use super::failure::Answer;
use super::line::Borrowed;
use crate::Error;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;
/// The largest message that is not a part of the copy: the server's errors and notices are short.
const LARGEST: usize = 1 << 20;

/// What the server sends for one statement.
pub(super) struct Copying {
    socket: Borrowed,
    buffer: Vec<u8>,
    /// What of the buffer is yet to be looked at.
    from: usize,
    to: usize,
    /// Bytes of the message at hand that belong to the copy and have not come yet.
    left: usize,
    error: Option<Answer>,
}

impl Copying {
    /// Sends the statement.
    pub async fn begin(mut socket: Borrowed, statement: &str) -> std::io::Result<Self> {
        let length = statement.len() as u32 + 5;
        let query = [&b"Q"[..], &length.to_be_bytes(), statement.as_bytes(), &[0]].concat();
        socket.write(&query).await?;
        Ok(Self {
            socket,
            buffer: vec![0; BUFFER],
            from: 0,
            to: 0,
            left: 0,
            error: None,
        })
    }

    /// Reads what there is and hands the copy to the decoder. False when the statement is over.
    pub async fn read(&mut self, connection: &Connection, doing: &str, decoder: &mut Decoder) -> Result<bool, Error> {
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.to == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self.socket.read(&mut self.buffer[self.to..]).await;
        let read = match read {
            Ok(0) => return Err(self.ended(connection, doing, "it was closed")),
            Ok(read) => read,
            Err(error) => return Err(self.ended(connection, doing, &error.to_string())),
        };
        self.to += read;
        while let Some(is_over) = self.message(connection, doing, decoder)? {
            if is_over {
                return match self.error.take() {
                    Some(answer) => Err(connection.answered(doing, answer)),
                    None => Ok(false),
                };
            }
        }
        Ok(true)
    }

    /// Looks at the next message, or as much of it as there is. Says whether it is the last one; none where more bytes are
    /// needed.
    fn message(&mut self, connection: &Connection, doing: &str, decoder: &mut Decoder) -> Result<Option<bool>, Error> {
        if self.left == 0 {
            let Some(([tag, length @ ..], _)) = self.buffer[self.from..self.to].split_first_chunk::<5>() else {
                return Ok(None);
            };
            let length = u32::from_be_bytes(*length) as usize;
            let Some(length) = length.checked_sub(4) else {
                return Err(connection.lost(doing, "its answer has a length that is none".to_owned()));
            };
            if *tag != b'd' {
                return self.other(connection, doing, *tag, length);
            }
            self.from += 5;
            self.left = length;
        }
        let end = (self.from + self.left).min(self.to);
        decoder.push(&self.buffer[self.from..end]);
        self.left -= end - self.from;
        self.from = end;
        Ok((self.left == 0).then_some(false))
    }

    /// A message that is not of the copy itself.
    fn other(&mut self, connection: &Connection, doing: &str, tag: u8, length: usize) -> Result<Option<bool>, Error> {
        if length > LARGEST {
            return Err(connection.lost(doing, "its answer is longer than it should be".to_owned()));
        }
        let Some(body) = self.buffer[self.from..self.to].get(5..5 + length) else {
            return Ok(None);
        };
        match tag {
            b'E' => self.error = Some(answer(body)),
            // The copy begins and ends, the statement ends, the server is ready, and what it says besides.
            b'H' | b'c' | b'C' | b'Z' | b'N' | b'S' | b'A' => {}
            _ => return Err(connection.lost(doing, format!("its answer is not of a copy (message {tag})"))),
        }
        self.from += 5 + length;
        Ok(Some(tag == b'Z'))
    }

    /// The end of the connection, with what the server has said before.
    fn ended(&mut self, connection: &Connection, doing: &str, reason: &str) -> Error {
        match self.error.take() {
            Some(answer) => connection.lost(doing, answer.message),
            None => connection.lost(doing, reason.to_owned()),
        }
    }
}

/// An error message: fields that each begin with a letter and end with a zero.
fn answer(body: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let (mut more, mut schema, mut table) = (Vec::new(), None, None);
    for field in body.split(|byte| *byte == 0) {
        let Some((letter, text)) = field.split_first() else {
            continue;
        };
        let text = String::from_utf8_lossy(text).into_owned();
        match letter {
            b'C' => answer.code = text,
            b'M' => answer.message = text,
            b'D' | b'H' => more.push(text),
            b's' => schema = Some(text),
            b't' => table = Some(text),
            _ => {}
        }
    }
    for text in more {
        answer.message = answer.message + "; " + &text;
    }
    answer.table = table.map(|table| match schema {
        Some(schema) => format!("{schema}.{table}"),
        None => table,
    });
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_field_by_field() {
        let answer = answer(b"SERROR\0C22012\0Mdivision by zero\0Hdo not\0smain\0tt\0\0");
        assert_eq!(
            (answer.code.as_str(), answer.message.as_str()),
            ("22012", "division by zero; do not")
        );
        assert_eq!(answer.table.as_deref(), Some("main.t"));
    }

    #[test]
    fn what_is_no_error_message_is_an_empty_one() {
        for body in [&b""[..], b"\0", b"M", b"\xff\xfe"] {
            assert_eq!(answer(body).message, "");
        }
    }
}
