//! From where to where a table is read that is read a bit further by each run.

use crate::{Comparison, Order, Predicate, Value};

/// A column that grows (or falls) with every new or changed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The column.
    pub column: String,
    /// Which way new rows go.
    pub order: Order,
}

/// The rows after one tuple of keys, up to and with another. Tuples are compared from the first key on.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// The keys.
    pub keys: Vec<Key>,
    /// Rows after this one; from the first row on where there is none.
    pub after: Option<Vec<Value>>,
    /// Rows from this one on instead of after it.
    pub inclusive: bool,
    /// Rows up to this one, and this one too; up to the last where there is none.
    pub upto: Option<Vec<Value>>,
}

impl Bounds {
    /// The bounds as a condition; none where there is nothing to bound. Rows with a null among their keys are in no bounds.
    pub fn predicate(&self) -> Option<Predicate> {
        let after = self
            .after
            .as_ref()
            .map(|after| self.beyond(after, true, self.inclusive));
        let upto = self.upto.as_ref().map(|upto| self.beyond(upto, false, true));
        Predicate::all([after, upto].into_iter().flatten())
    }

    /// Rows that lie beyond a tuple, in the direction of the keys or against it.
    fn beyond(&self, tuple: &[Value], forward: bool, inclusive: bool) -> Predicate {
        let mut any = Vec::new();
        for last in 0..self.keys.len().min(tuple.len()) {
            let is_last = last + 1 == self.keys.len();
            let equal = (0..last).map(|key| self.compare(key, Comparison::Equal, tuple));
            let grows = (self.keys[last].order == Order::Ascending) == forward;
            let comparison = match (grows, inclusive && is_last) {
                (true, false) => Comparison::Greater,
                (true, true) => Comparison::GreaterOrEqual,
                (false, false) => Comparison::Less,
                (false, true) => Comparison::LessOrEqual,
            };
            let all: Vec<Predicate> = equal.chain([self.compare(last, comparison, tuple)]).collect();
            any.extend(Predicate::all(all));
        }
        match any.len() {
            1 => any.remove(0),
            _ => Predicate::Any(any),
        }
    }

    fn compare(&self, key: usize, comparison: Comparison, tuple: &[Value]) -> Predicate {
        Predicate::Compare {
            column: self.keys[key].column.clone(),
            comparison,
            value: tuple[key].clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(column: &str, comparison: Comparison, value: i64) -> Predicate {
        Predicate::Compare {
            column: column.to_owned(),
            comparison,
            value: Value::Integer(value),
        }
    }

    fn key(column: &str, order: Order) -> Key {
        Key {
            column: column.to_owned(),
            order,
        }
    }

    #[test]
    fn one_key_is_compared_by_itself() {
        let bounds = Bounds {
            keys: vec![key("id", Order::Ascending)],
            after: Some(vec![Value::Integer(3)]),
            inclusive: false,
            upto: Some(vec![Value::Integer(9)]),
        };
        let expected = Predicate::All(vec![
            compare("id", Comparison::Greater, 3),
            compare("id", Comparison::LessOrEqual, 9),
        ]);
        assert_eq!(bounds.predicate(), Some(expected));
    }

    #[test]
    fn several_keys_are_compared_one_after_the_other() {
        let bounds = Bounds {
            keys: vec![key("day", Order::Ascending), key("id", Order::Descending)],
            after: Some(vec![Value::Integer(3), Value::Integer(50)]),
            inclusive: false,
            upto: None,
        };
        let expected = Predicate::Any(vec![
            compare("day", Comparison::Greater, 3),
            Predicate::All(vec![
                compare("day", Comparison::Equal, 3),
                compare("id", Comparison::Less, 50),
            ]),
        ]);
        assert_eq!(bounds.predicate(), Some(expected));
    }
}
