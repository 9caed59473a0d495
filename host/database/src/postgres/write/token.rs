//! What a run's write to a sink is called, and what goes by that name.

use sha2::{Digest, Sha256};

use crate::TableName;

/// What the tables begin with that Tenon keeps for itself.
pub(super) const OWN: &str = "_tenon_";
/// The table of tokens.
pub(super) const LEDGER: &str = "_tenon_commits";

const NAME_DIGITS: usize = 20;
const LOCK_DIGITS: usize = 16;

/// What says that a run has committed to a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// As the ledger has it.
    pub text: String,
    /// The name of the staging table.
    pub staging: String,
}

impl Token {
    pub fn new(run: &str, sink: &str) -> Self {
        let text = format!("{run}/{sink}");
        let digits = hex::encode(Sha256::digest(&text));
        Self {
            staging: format!("{OWN}{}", &digits[..NAME_DIGITS]),
            text,
        }
    }

    /// The lock that the owner of the staging table holds for as long as it lives.
    pub fn lock(&self) -> i64 {
        staging_lock(&self.staging)
    }
}

/// The lock of a staging table's owner.
pub(super) fn staging_lock(staging: &str) -> i64 {
    let digits = staging.strip_prefix(OWN).and_then(|digits| digits.get(..LOCK_DIGITS));
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.map_or_else(|| number_of(staging), u64::cast_signed)
}

/// The lock that commits to a table take, so that they follow one another.
pub(super) fn commit_lock(table: &TableName) -> i64 {
    number_of(&format!("commit {table}"))
}

fn number_of(text: &str) -> i64 {
    let digest = Sha256::digest(text);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staging_table_tells_its_lock() {
        let token = Token::new("run-1", "orders");
        assert_eq!(token.text, "run-1/orders");
        assert_eq!(token.staging.len(), OWN.len() + NAME_DIGITS);
        assert_eq!(token.lock(), staging_lock(&token.staging));
        assert_ne!(token.lock(), Token::new("run-2", "orders").lock());
    }
}
