//! Writing: rows go to a staging table, and become those of the table together with a token of the run.
//!
//! MySQL has no transactions for changes of tables. So rows that are moved become visible with the token in one
//! transaction, and a staging table that takes the place of the table does so by a rename, which is atomic: a token that
//! is `prepared` and has no staging table any more says that the rename has happened. For that to be so, whoever gives up a
//! staging table says so in its token first.

mod begin;
mod changes;
mod columns;
mod encode;
mod fitting;
mod json;
mod load;
mod moving;
mod plan;
mod recover;
mod rejects;
mod sending;
mod token;
mod writer;

pub(crate) use begin::begin;
pub(crate) use recover::{abort, commit};
