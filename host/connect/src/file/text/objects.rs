//! Finds JSON objects in a text that holds one behind the other, or an array of them.

/// Where a scan through the text is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Objects {
    /// Open braces and brackets, without those of the array around the objects.
    depth: usize,
    in_array: bool,
    in_string: bool,
    escaped: bool,
}

impl Objects {
    /// Position behind the last object that ends in `bytes`. Brackets and commas between the objects become blanks.
    pub fn last_end(&mut self, bytes: &mut [u8]) -> Option<usize> {
        let mut last = None;
        for (position, byte) in bytes.iter_mut().enumerate() {
            if self.step(byte) {
                last = Some(position + 1);
            }
        }
        last
    }

    /// Takes one byte; true where an object ends with it.
    fn step(&mut self, byte: &mut u8) -> bool {
        if self.in_string {
            match *byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match *byte {
            b'"' => self.in_string = true,
            b'[' if self.depth == 0 && !self.in_array => {
                self.in_array = true;
                *byte = b' ';
            }
            b'{' | b'[' => self.depth += 1,
            b']' if self.depth == 0 && self.in_array => {
                self.in_array = false;
                *byte = b' ';
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            b',' if self.depth == 0 && self.in_array => *byte = b' ',
            _ => {}
        }
        false
    }
}

/// The records of a chunk with the lines on which they begin: one per line, or one per object.
pub(in super::super) fn split_objects(text: &[u8], first_line: u64, by_line: bool) -> Vec<(u64, &[u8])> {
    let mut records = Vec::new();
    let (mut line, mut start, mut scan) = (first_line, 0, Objects::default());
    for position in 0..=text.len() {
        let at_end = position == text.len();
        let ends = at_end
            || if by_line {
                text[position] == b'\n'
            } else {
                scan.step(&mut text[position].clone())
            };
        if !ends {
            continue;
        }
        let end = (position + 1).min(text.len());
        let whole = &text[start..end];
        let record = whole.trim_ascii();
        if !record.is_empty() {
            let leading = whole.len() - whole.trim_ascii_start().len();
            records.push((line + super::count_lines(&whole[..leading]), record));
        }
        line += super::count_lines(whole);
        start = end;
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found() {
        let text = b"[{\"a\": \"}]\\\"\"},\n {\"b\": [1, {}]}]\n";
        for cut in 0..text.len() {
            let mut scan = Objects::default();
            let (mut head, mut tail) = (text[..cut].to_vec(), text[cut..].to_vec());
            scan.last_end(&mut head);
            scan.last_end(&mut tail);
            head.extend(tail);
            assert_eq!(head, b" {\"a\": \"}]\\\"\"} \n {\"b\": [1, {}]} \n", "cut at {cut}");
        }
    }

    #[test]
    fn records_know_their_lines() {
        let text = b"{\"a\":1}\n\n{\n\"a\":2\n} {\"a\":3}\n";
        let expected: Vec<(u64, &[u8])> = vec![(5, b"{\"a\":1}"), (7, b"{\n\"a\":2\n}"), (9, b"{\"a\":3}")];
        assert_eq!(split_objects(text, 5, false), expected);
        let lines: Vec<u64> = split_objects(b"{}\nx\n\n{}", 1, true)
            .iter()
            .map(|(line, _)| *line)
            .collect();
        assert_eq!(lines, [1, 2, 4]);
    }
}
