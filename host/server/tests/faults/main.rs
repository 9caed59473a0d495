//! The server when the world around it, or a tenant, is not kind to it.

mod clock;
mod commits;
mod database;
mod fuzz;
mod houses;
mod neighbours;
mod requests;
mod strangers;
mod support;
mod uploads;
mod webhooks;
