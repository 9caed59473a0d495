//! Reading PostgreSQL, against a real server.

mod connecting;
mod describing;
mod faults;
mod filtering;
mod parts;
mod redshift;
mod speed;
mod support;
mod values;
