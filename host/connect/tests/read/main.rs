//! Reading files.

mod bad;
mod basics;
mod containers;
mod formats;
mod json;
mod many;
mod stores;
mod support;
