//! From the bytes of `COPY ... TO STDOUT (FORMAT binary)` to Arrow.

mod column;
mod decoder;
mod flaw;
mod list;
mod numeric;
mod rows;
mod scalar;

pub(super) use self::decoder::Decoder;
