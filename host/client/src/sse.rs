//! Server-sent events, as the HTML standard has them.

use std::collections::VecDeque;

/// Bytes of one event at most.
const LONGEST: usize = 8 << 20;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// What it is called; `message` if nothing is said.
    pub name: String,
    pub data: String,
    /// The last id that was told, by this event or one before it.
    pub id: Option<String>,
}

/// Makes events of bytes, in whatever pieces they come.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// A line that has not ended yet.
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, after which a line feed is no line of its own.
    after_return: bool,
    has_begun: bool,
    name: String,
    data: String,
    has_data: bool,
    id: Option<String>,
    ready: VecDeque<Frame>,
}

/// An event does not end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Parser {
    /// Takes what has come.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        for &byte in bytes {
            let is_second = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if is_second => {}
                b'\n' | b'\r' => self.end_line(),
                byte => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// The next event that is whole.
    pub fn next(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mut line = String::from_utf8_lossy(&line).into_owned();
        if !std::mem::replace(&mut self.has_begun, true)
            && let Some(rest) = line.strip_prefix('\u{feff}')
        {
            line = rest.to_owned();
        }
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // Comments keep the connection alive.
            _ => {}
        }
    }

    fn end_event(&mut self) {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        let name = if name.is_empty() { "message".to_owned() } else { name };
        let id = self.id.clone().filter(|id| !id.is_empty());
        self.ready.push_back(Frame { name, data, id });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(parser: &mut Parser) -> Vec<(String, String, Option<String>)> {
        std::iter::from_fn(|| parser.next())
            .map(|frame| (frame.name, frame.data, frame.id))
            .collect()
    }

    const STREAM: &str = "\u{feff}: hello\n\nevent: log\nid: 7\ndata: {\"a\":\ndata: 1}\n\ndata:x\n\nevent: gone\n\nid\n\
                          data\n\nretry: 5\r\ndata: y\r\n\r\ndata: z\r\rdata: cut off";

    #[test]
    fn events_are_read_however_they_are_cut() {
        let expected = [
            ("log", "{\"a\":\n1}", Some("7")),
            ("message", "x", Some("7")),
            ("message", "", None),
            ("message", "y", None),
            ("message", "z", None),
        ];
        let expected = expected.map(|(name, data, id)| (name.to_owned(), data.to_owned(), id.map(str::to_owned)));
        for size in [1, 2, 3, 7, 1000] {
            let mut parser = Parser::default();
            for piece in STREAM.as_bytes().chunks(size) {
                parser.take(piece).expect("it is short");
            }
            assert_eq!(frames(&mut parser), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut parser = Parser::default();
        let piece = vec![b'a'; LONGEST];
        assert_eq!(parser.take(&piece), Ok(()));
        assert_eq!(parser.take(b"aa"), Err(TooLong));
    }
}
