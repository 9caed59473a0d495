//! Names and values inside SQL expressions.

/// A column's name as it must stand in a SQL expression: in double quotes, so that upper case, spaces and keywords work.
///
/// ```
/// assert_eq!(tenon::quote("Order Date"), "\"Order Date\"");
/// ```
pub fn quote(name: &str) -> String {
    enclosed(name, '"')
}

/// A text as it must stand in a SQL expression: in single quotes. Never put a secret into an expression: errors quote it.
///
/// ```
/// assert_eq!(tenon::literal("it's"), "'it''s'");
/// ```
pub fn literal(text: &str) -> String {
    enclosed(text, '\'')
}

fn enclosed(text: &str, mark: char) -> String {
    let mut enclosed = String::with_capacity(text.len() + 2);
    enclosed.push(mark);
    for letter in text.chars() {
        if letter == mark {
            enclosed.push(mark);
        }
        enclosed.push(letter);
    }
    enclosed.push(mark);
    enclosed
}
