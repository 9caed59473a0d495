//! The server when the world around it, or a tenant, is not kind to it.

mod clock;
mod commits;
mod database;
mod fuzz;
mod houses;
mod neighbours;
#[path = "../../../api/tests/operations/mod.rs"]
mod operations;
mod requests;
mod strangers;
mod support;
mod uploads;
mod webhooks;
