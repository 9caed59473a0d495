//! Attacks on the processor: work without end.

use std::hint::black_box;

use crate::bindings::exports::tenon::etl::transform::Output;
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::Error;
use crate::{Attack, nothing, number, pass};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("loop", |_, _| forever()),
    ("copy", |_, size| copy(number(size))),
    ("fill", |_, size| fill(number(size))),
    ("recurse", |_, _| Ok(recurse())),
    ("call-host", |batch, _| call_host(&batch)),
    ("burn", |batch, turns| Ok(burn(batch, number(turns)))),
];

fn forever() -> Result<Output, Error> {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns).wrapping_add(1);
    }
}

/// Copies memory without end: few loop turns, each of them long.
fn copy(size: usize) -> Result<Output, Error> {
    let from = vec![1u8; size];
    let mut to = vec![0u8; size];
    loop {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
    }
}

fn fill(size: usize) -> Result<Output, Error> {
    let mut bytes = vec![1u8; size];
    loop {
        bytes.fill(black_box(2));
        black_box(&mut bytes);
    }
}

fn recurse() -> Output {
    #[expect(unconditional_recursion, reason = "the stack has to end it")]
    fn deeper(level: u64) -> u64 {
        let mut frame = [level; 16];
        black_box(&mut frame);
        deeper(level + 1).wrapping_add(frame[0])
    }
    black_box(deeper(0));
    nothing()
}

/// Spends its time in the host rather than in the guest.
fn call_host(batch: &Batch) -> Result<Output, Error> {
    loop {
        black_box(batch.schema());
    }
}

/// Ends, after a while.
fn burn(batch: Batch, turns: usize) -> Output {
    let mut sum = 0usize;
    for turn in 0..turns {
        sum = black_box(sum).wrapping_add(turn);
    }
    black_box(sum);
    pass(batch)
}
