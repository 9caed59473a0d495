//! A walk through a text of JSON that looks at what it is asked to and passes over the rest.
//!
//! It takes whatever Arrow's decoder takes. Where it answers nothing, the text is no JSON.

/// Where a walk is.
pub(super) struct Walk<'a> {
    text: &'a [u8],
    position: usize,
}

impl<'a> Walk<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, position: 0 }
    }

    /// What comes next.
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    pub fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.position += 1;
        }
    }

    /// Steps into an object or a list.
    pub fn enter(&mut self) {
        self.position += 1;
    }

    /// Whether there is more of an object or a list before its `end`. If not, that is stepped over.
    pub fn goes_on(&mut self, end: u8) -> bool {
        while let Some(b' ' | b'\n' | b'\r' | b'\t' | b',') = self.peek() {
            self.position += 1;
        }
        let ends = self.peek() == Some(end);
        self.position += usize::from(ends);
        !ends
    }

    /// A key of an object, as it stands between its quotes, up to its value.
    pub fn key(&mut self) -> Option<&'a [u8]> {
        let key = self.string()?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return None;
        }
        self.position += 1;
        self.skip_blanks();
        Some(key)
    }

    /// Passes over a value, whatever it holds.
    pub fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.position += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.position += 1;
                }
                // Only between the items of what is passed over as a whole.
                b' ' | b'\n' | b'\r' | b'\t' | b',' | b':' if depth > 0 => self.position += 1,
                _ => {
                    self.word()?;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    pub fn word(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.position..)?;
        let ends = |byte: &u8| b" \n\r\t,:\"{}[]".contains(byte);
        let word = rest.get(..rest.iter().position(ends).unwrap_or(rest.len()))?;
        self.position += word.len();
        (!word.is_empty()).then_some(word)
    }

    /// A text, as it stands between its quotes.
    fn string(&mut self) -> Option<&'a [u8]> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.position + 1;
        let mut end = start;
        loop {
            let rest = self.text.get(end..)?;
            end += rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            if self.text.get(end) == Some(&b'"') {
                self.position = end + 1;
                return self.text.get(start..end);
            }
            // Behind what was escaped.
            end += 2;
        }
    }
}
