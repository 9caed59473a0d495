//! Registrations of aircraft, as painted on their tails.

use std::borrow::Cow;

/// Upper case, without spaces around it; `None` if nothing is left.
pub fn clean(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        text.to_ascii_uppercase().into()
    } else {
        text.into()
    })
}

/// Whether the United States would issue it: N and one to five digits or letters, beginning with a digit.
pub fn is_american(tail_number: &str) -> bool {
    tail_number.strip_prefix('N').is_some_and(|rest| {
        let bytes = rest.as_bytes();
        (1..=5).contains(&bytes.len())
            && bytes[0].is_ascii_digit()
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_numbers_are_cleaned_and_checked() {
        assert_eq!(clean(" n14228 ").as_deref(), Some("N14228"));
        assert!(matches!(clean("N619AA"), Some(Cow::Borrowed("N619AA"))));
        assert_eq!(clean("  "), None);
        assert!(is_american("N14228") && is_american("N619AA"));
        assert!(!is_american("D942DN") && !is_american("N") && !is_american("N123456") && !is_american("NABC"));
    }
}
