//! Statements that a connection has prepared.

use std::collections::HashMap;

use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use super::value::declared;
use crate::Value;

/// Texts that are kept prepared. All are forgotten when there are more, which happens to a program that writes values
/// into its texts.
const MOST: usize = 512;
/// More parameters without a value than these are not tried in every combination of types.
const TRIED: usize = 4;

/// Prepared statements, by text and types of the parameters.
#[derive(Default)]
pub(super) struct Statements(HashMap<String, Vec<(Vec<Type>, Statement)>>);

impl Statements {
    pub fn get(&self, sql: &str, parameters: &[Value]) -> Option<Statement> {
        let prepared = self.0.get(sql)?.iter().find(|(types, _)| {
            types.len() == parameters.len() && types.iter().zip(parameters).all(|(ty, value)| *ty == declared(value))
        });
        prepared.map(|(_, statement)| statement.clone())
    }

    pub fn insert(&mut self, sql: &str, parameters: &[Value], statement: Statement) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let types = parameters.iter().map(declared).collect();
        self.0.entry(sql.to_owned()).or_default().push((types, statement));
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The types to prepare a statement with, one after the other until the server takes it. A value says which type it has.
/// What has no value mostly gets its type from where it stands, but not in `?1 is null`; then any type does that fits the
/// rest. At last, everything is as the server sees it.
pub(super) fn types_to_try(parameters: &[Value]) -> Vec<Vec<Type>> {
    let first: Vec<Type> = parameters.iter().map(declared).collect();
    let unknown: Vec<usize> = (0..first.len()).filter(|at| first[*at] == Type::UNKNOWN).collect();
    let combinations = match unknown.len() {
        0 => 0..0,
        few @ 1..=TRIED => 0..1_usize << few,
        _ => 0..1,
    };
    let guesses = combinations.map(|combination| {
        let mut types = first.clone();
        for (bit, at) in unknown.iter().enumerate() {
            let is_integer = combination >> bit.min(TRIED) & 1 == 1;
            types[*at] = if is_integer { Type::INT8 } else { Type::TEXT };
        }
        types
    });
    let inferred = vec![Type::UNKNOWN; first.len()];
    let mut tried: Vec<Vec<Type>> = std::iter::once(first.clone()).chain(guesses).collect();
    if inferred != first {
        tried.push(inferred);
    }
    tried
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row;

    #[test]
    fn what_has_no_value_is_tried_as_a_text_and_as_an_integer() {
        assert_eq!(types_to_try(row![]), [vec![]]);
        assert_eq!(
            types_to_try(row![1, "a"]),
            [[Type::INT8, Type::TEXT], [Type::UNKNOWN, Type::UNKNOWN]]
        );
        let tried = types_to_try(row![1, None::<i64>]);
        let expected = [
            [Type::INT8, Type::UNKNOWN],
            [Type::INT8, Type::TEXT],
            [Type::INT8, Type::INT8],
            [Type::UNKNOWN, Type::UNKNOWN],
        ];
        assert_eq!(tried, expected);
        let many = vec![Value::Null; 40];
        assert_eq!(types_to_try(&many).len(), 2);
    }
}
