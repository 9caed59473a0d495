//! Writing files: what is visible when, in which form, and what becomes of it when things go wrong.

mod commits;
mod faults;
mod formats;
mod killed;
mod modes;
mod partitions;
mod support;
