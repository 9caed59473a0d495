//! The server's price list, of which there is one.

use serde::{Deserialize, Serialize};
use tenon_metadata::{Transaction, row};
use tenon_tenants::PriceList;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::Error;

/// What things cost.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Prices(pub PriceList);

impl PartialSchema for Prices {
    fn schema() -> RefOr<Schema> {
        let price = || {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(r"^\d{1,7}(\.\d{1,9})?$"))
        };
        let fields = [
            ("cpu_second", "A second of CPU time, in sandboxes or kernels."),
            ("gib_read", "2^30 bytes that are read."),
            ("gib_written", "2^30 bytes that are written."),
            ("million_rows", "A million rows, read or written."),
            ("run", "A run."),
        ];
        let currency = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The currency, as it is to be shown: `EUR`, at most 8 characters."));
        let object = ObjectBuilder::new()
            .description(Some("What things cost. What is not given costs nothing."))
            .property("currency", currency);
        let add = |object: ObjectBuilder, (name, description): (&str, &str)| {
            object.property(name, price().description(Some(description)))
        };
        fields.into_iter().fold(object, add).into()
    }
}

impl ToSchema for Prices {}

impl Prices {
    /// Checks what was sent.
    pub fn check(&self) -> Result<(), Error> {
        let currency = &self.0.currency;
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        if (1..=8).contains(&currency.chars().count()) && currency.chars().all(is_plain) {
            return Ok(());
        }
        let reason = "it is not 1 to 8 characters".to_owned();
        Err(Error::Field {
            field: "currency",
            reason,
        })
    }
}

/// The prices and their version; nothing costs anything, and that is version 0, if there are none.
pub(crate) fn get(tx: &mut Transaction<'_>) -> Result<(i64, Prices), Error> {
    let found = tx.first("select version, prices from api_prices where number = 1", row![])?;
    let Some(found) = found else {
        return Ok((0, Prices::default()));
    };
    let prices: serde_json::Value = found.get(1)?;
    let prices = serde_json::from_value(prices).map_err(|error| Error::Field {
        field: "prices",
        reason: error.to_string(),
    })?;
    Ok((found.get(0)?, prices))
}

/// Puts others in their place.
pub(crate) fn put(tx: &mut Transaction<'_>, prices: &Prices, expected: Option<i64>) -> Result<i64, Error> {
    prices.check()?;
    let (found, _) = get(tx)?;
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(Error::PricesChanged { found, expected });
    }
    let text = serde_json::to_string(prices).map_err(|error| Error::Field {
        field: "prices",
        reason: error.to_string(),
    })?;
    tx.execute(
        "insert into api_prices (number, prices, version) values (1, ?1, ?2)
         on conflict (number) do update set prices = excluded.prices, version = excluded.version",
        row![text, found + 1],
    )?;
    Ok(found + 1)
}
