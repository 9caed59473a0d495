//! What proves to a server who asks.

use std::fmt;

use zeroize::Zeroizing;

use crate::Error;

/// Longer texts are no tokens.
const LONGEST: usize = 4096;

/// A server's token. Its text is in no debug output, and is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A token, without the space around it.
    ///
    /// # Errors
    /// [`Error::Token`] if it is empty, too long, or holds what no token has. The error does not hold it.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = Zeroizing::new(text.into());
        let token = text.trim();
        let reason = if token.is_empty() {
            "it is empty"
        } else if token.len() > LONGEST {
            "it is too long"
        } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            "it is not one word of printable characters"
        } else {
            return Ok(Self(Zeroizing::new(token.to_owned())));
        };
        Err(Error::Token { reason })
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(...)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_that_is_not_shown() {
        let token = Token::new(" tnn_abc\n").expect("a token");
        assert_eq!(token.reveal(), "tnn_abc");
        assert!(!format!("{token:?}").contains("abc"));
        for wrong in ["", " \n", "tnn_a b", "tnn_ä", &"t".repeat(5000)] {
            let error = Token::new(wrong).expect_err("no token").to_string();
            assert!(wrong.trim().is_empty() || !error.contains(wrong), "{error}");
        }
    }
}
