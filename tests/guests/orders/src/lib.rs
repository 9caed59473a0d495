//! What the job benchmark does to customers: hashed in the sandbox, or by the host on the sandbox's behalf.

use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tenon::{Batch, Result};

/// Puts the SHA-256 of each customer, in hexadecimal, in the customer's place. It is computed here.
#[tenon::transform]
pub fn hash(batch: Batch) -> Result<Batch> {
    let customers = batch.strings("customer")?;
    let hashes = customers.map_into(|customer, hash| push_hexadecimal(&Sha256::digest(customer), hash));
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

/// Appends bytes as hexadecimal digits.
fn push_hexadecimal(bytes: &[u8], text: &mut String) {
    let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = digit(byte >> 4);
        pair[1] = digit(byte & 15);
    }
    text.extend(str::from_utf8(&digits));
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
            [
                Some("b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"),
                None
            ]
        );
        assert_eq!(output.batches[0].schema().fields[0].name, "id");
    }
}
