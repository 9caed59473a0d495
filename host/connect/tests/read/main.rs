//! Reading files.

mod bad;
mod basics;
mod formats;
mod many;
mod stores;
mod support;
