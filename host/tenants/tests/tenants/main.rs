//! Tenants and what is theirs, over a database.

mod access;
mod audit;
mod connections;
mod quotas;
mod rotation;
mod secrets;
mod server;
mod tenants;
mod tokens;
mod usage;
