//! Reading files.

mod bad;
mod basics;
mod formats;
mod json;
mod many;
mod stores;
mod support;
