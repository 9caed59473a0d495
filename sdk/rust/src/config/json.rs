//! Reads and writes JSON text. `serde_json` does so too, but its parser, writer and errors weigh 25 KB in every component.

use std::fmt::{Display, Write as _};

use serde_json::{Map, Number, Value};

/// How deep arrays and objects may nest.
const MAX_DEPTH: u32 = 64;

/// The value that a text stands for; else the position of the first fault and what was expected there.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let value = parser.value()?;
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.expected(&"the end")),
    }
}

/// The text of a value.
pub(crate) fn print(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        // Writing to a string can't fail.
        Value::Number(number) => drop(write!(text, "{number}")),
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                text.push_str(if position == 0 { "" } else { "," });
                write(text, item);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (position, (name, member)) in members.iter().enumerate() {
                text.push_str(if position == 0 { "" } else { "," });
                write_string(text, name);
                text.push(':');
                write(text, member);
            }
            text.push('}');
        }
    }
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for letter in string.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '\n' => text.push_str("\\n"),
            '\0'..=' ' if letter != ' ' => drop(write!(text, "\\u{:04x}", u32::from(letter))),
            _ => text.push(letter),
        }
    }
    text.push('"');
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Value, String> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected(&"a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth == MAX_DEPTH {
            return Err(self.expected(&"less nesting"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut members = Map::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected(&"a name in double quotes"));
            }
            let name = self.string()?;
            if !self.take(b':') {
                return Err(self.expected(&"`:`"));
            }
            let value = self.value()?;
            members.insert(name, value);
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.expected(&"`,` or `}`"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected(&"`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain = rest
                .iter()
                .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=31))
                .count();
            // Both ends are next to ASCII, and so between characters.
            string.push_str(self.text.get(self.at..self.at + plain).unwrap_or_default());
            self.at += plain;
            match rest.get(plain) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => {
                    self.at += 1;
                    let letter = self.escaped()?;
                    string.push(letter);
                }
                _ => return Err(self.expected(&"the end of the string")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let letter = match self.text.as_bytes().get(self.at) {
            Some(b'u') => return self.unicode(),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(*letter),
            _ => return Err(self.expected(&"one of \"\\/bfnrtu")),
        };
        self.at += 1;
        Ok(letter)
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.code_unit()?;
        let code = match first {
            0xd800..0xdc00 if self.text.as_bytes().get(self.at) == Some(&b'\\') => {
                self.at += 1;
                let second = self.code_unit()?;
                0x1_0000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.expected(&"a character"))
    }

    /// `u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Result<u32, String> {
        let digits = self
            .text
            .get(self.at..self.at + 5)
            .and_then(|unit| unit.strip_prefix('u'));
        let unit = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match unit.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 5;
                Ok(unit)
            }
            None => Err(self.expected(&"`u` and four hexadecimal digits")),
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        let negative = self.take_here(b'-');
        let mut decimal = Decimal::default();
        let leading_zero = self.text.as_bytes().get(self.at) == Some(&b'0');
        let digits = self.digits(&mut decimal, 0)?;
        if leading_zero && digits > 1 {
            return Err(self.expected(&"a number without leading zeros"));
        }
        let mut whole = true;
        if self.take_here(b'.') {
            whole = false;
            self.digits(&mut decimal, -1)?;
        }
        if self.take_here(b'e') || self.take_here(b'E') {
            whole = false;
            let negative = !self.take_here(b'+') && self.take_here(b'-');
            let mut exponent = Decimal::default();
            self.digits(&mut exponent, 0)?;
            let exponent = i32::try_from(exponent.digits.min(9_999)).unwrap_or(9_999);
            decimal.exponent += if negative { -exponent } else { exponent };
        }
        let text = &self.text[start..self.at];
        if whole {
            if let Ok(number) = text.parse::<u64>() {
                return Ok(number.into());
            }
            if let Ok(number @ ..0) = text.parse::<i64>() {
                return Ok(number.into());
            }
        }
        let float = decimal.to_f64();
        let number = Number::from_f64(if negative { -float } else { float });
        number
            .map(Value::Number)
            .ok_or_else(|| self.expected(&"a number of at most 1.8e308"))
    }

    /// One or more digits, each of which moves the point by `step`.
    fn digits(&mut self, decimal: &mut Decimal, step: i32) -> Result<usize, String> {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.text.as_bytes().get(self.at) {
            decimal.push(u64::from(digit - b'0'), step);
            self.at += 1;
        }
        if self.at == start {
            Err(self.expected(&"a digit"))
        } else {
            Ok(self.at - start)
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.expected(&"a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// The next byte that isn't white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        self.peek();
        self.take_here(byte)
    }

    fn take_here(&mut self, byte: u8) -> bool {
        let there = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    #[cold]
    #[inline(never)]
    fn expected(&self, what: &dyn Display) -> String {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        let line = before.split(|byte| *byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("expected {what} at line {line}, column {column}")
    }
}

/// A decimal number: its first digits, and the power of ten to multiply them with.
#[derive(Default)]
struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    fn push(&mut self, digit: u64, step: i32) {
        match self.digits.checked_mul(10).and_then(|digits| digits.checked_add(digit)) {
            Some(digits) => {
                self.digits = digits;
                self.exponent += step;
            }
            // Past 19 digits, more don't matter, but their places do.
            None => self.exponent += 1 + step,
        }
    }

    /// The nearest float for up to 15 digits and powers of ten up to 22; beyond, one that agrees in 14 digits.
    fn to_f64(&self) -> f64 {
        let digits = self.digits as f64;
        match self.exponent {
            0.. => digits * 10.0_f64.powi(self.exponent.min(400)),
            -300..0 => digits / 10.0_f64.powi(-self.exponent),
            _ => digits / 1e300 / 10.0_f64.powi((-300 - self.exponent).min(400)),
        }
    }
}

#[cfg(test)]
mod tests;
