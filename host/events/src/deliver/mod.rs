//! Telling targets, at least once.
//!
//! An event goes through three hands. The router ([`route`]) reads each target's events from its cursor, and makes a
//! delivery of each one that fits. The ledger ([`ledger`]) gives the due deliveries of a target to one server at a time,
//! by a lease, in the order of events, and writes down what became of each attempt. The sender ([`send`]) makes the
//! attempt. What fails stays in the ledger; a target that fails as a whole is left alone for a while, so that its later
//! events mostly wait for the earlier ones.

mod deliverer;
mod ledger;
mod mail;
mod retry;
mod route;
mod send;
mod settings;

pub use deliverer::Deliverer;
pub use mail::{MailSettings, MailTls};
pub use settings::DeliverySettings;
