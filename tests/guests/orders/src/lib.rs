//! What the job benchmark does to customers: hashed in the sandbox, or by the host on the sandbox's behalf.

use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tenon::{Batch, Result, Utf8};

/// Puts the SHA-256 of each customer, in hexadecimal, in the customer's place. It is computed here.
#[tenon::transform]
pub fn hash(batch: Batch) -> Result<Batch> {
    let customers = batch.strings("customer")?;
    let hashes: Utf8 = customers.iter().map(|customer| customer.map(hexadecimal)).collect();
    batch.with_column("customer", hashes)
}

/// What the host is to make of each customer.
#[derive(Deserialize, JsonSchema)]
pub struct Kernel {
    /// An SQL expression.
    expression: String,
}

/// Puts what an expression makes of each customer in the customer's place. The host computes it: no byte crosses.
#[tenon::transform]
pub fn kernel(batch: Batch, config: &Kernel) -> Result<Batch> {
    batch.with_expr("customer", &config.expression)
}

fn hexadecimal(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        hash.push(digit(byte >> 4));
        hash.push(digit(byte & 15));
    }
    hash
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenon::{batch, testing};

    #[test]
    fn customers_are_hashed_in_place() {
        let orders = batch! { "id" => [1_i64, 2], "customer" => [Some("ada@example.com"), None] };
        let output = testing::run("hash", json!({}), orders).unwrap();
        let customers = output.batches[0].strings("customer").unwrap();
        assert_eq!(
            customers.iter().collect::<Vec<_>>(),
            [Some("b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"), None]
        );
        assert_eq!(output.batches[0].schema().fields[0].name, "id");
    }
}
