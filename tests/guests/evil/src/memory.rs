//! Attacks on memory: taking all of it, and looking for what others left in it.

use std::cell::Cell;
use std::hint::black_box;

use crate::bindings::exports::tenon::etl::transform::Output;
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::{Error, Kind};
use crate::bindings::tenon::etl::host;
use crate::{Attack, failure, number, pass};

const PAGE: usize = 64 << 10;
const MEBIBYTE: usize = 1 << 20;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("allocate", |_, _| allocate()),
    ("grow", |_, _| grow()),
    ("grow-politely", |batch, _| Ok(grow_politely(batch))),
    ("grow-then-trap", |batch, _| Ok(grow_then_trap(batch))),
    ("mark", |batch, mebibytes| Ok(mark(batch, number(mebibytes)))),
    ("search", |batch, mebibytes| search(batch, number(mebibytes))),
];

/// Allocates as a program does, and aborts when there is no more.
fn allocate() -> Result<Output, Error> {
    let mut all = Vec::new();
    loop {
        all.push(vec![1u8; MEBIBYTE]);
        black_box(&all);
    }
}

/// Grows the memory itself, and traps when there is no more.
fn grow() -> Result<Output, Error> {
    while core::arch::wasm32::memory_grow(0, 16) != usize::MAX {}
    core::arch::wasm32::unreachable()
}

/// Takes what there is, and answers as if nothing had happened.
fn grow_politely(batch: Batch) -> Output {
    while core::arch::wasm32::memory_grow(0, 16) != usize::MAX {}
    host::count("pages", core::arch::wasm32::memory_size(0) as f64);
    pass(batch)
}

/// Is refused memory in its first call, and traps for another reason in its second.
fn grow_then_trap(batch: Batch) -> Output {
    thread_local! { static GREW: Cell<bool> = const { Cell::new(false) }; }
    if GREW.replace(true) {
        core::arch::wasm32::unreachable();
    }
    host::log(host::Level::Error, "said long ago");
    grow_politely(batch)
}

/// Eight bytes that nobody writes by chance. Computed, so that the code and data of this guest do not hold them.
fn pattern() -> u64 {
    black_box(0x5ec7_e75e_c7e7_5ec0_u64) ^ black_box(0x0f0f_0f0f_0f0f_0f0f)
}

/// Leaves a pattern all over its memory.
fn mark(batch: Batch, mebibytes: usize) -> Output {
    let marks = vec![pattern(); mebibytes * MEBIBYTE / 8];
    host::count("marked", marks.len() as f64);
    black_box(&marks);
    pass(batch)
}

/// Looks for the pattern in memory that it has just been given.
fn search(batch: Batch, mebibytes: usize) -> Result<Output, Error> {
    let start = core::arch::wasm32::memory_grow(0, mebibytes * MEBIBYTE / PAGE);
    if start == usize::MAX {
        return Err(failure(Kind::Limit, "no memory to look at"));
    }
    let words = mebibytes * MEBIBYTE / 8;
    let first = core::ptr::with_exposed_provenance::<u64>(start * PAGE);
    let not_zero = (0..words)
        // SAFETY: the pages were just added to the memory, nothing else uses them.
        .map(|word| unsafe { first.add(word).read_volatile() })
        .filter(|word| *word != 0)
        .count();
    host::count("found", not_zero as f64);
    Ok(pass(batch))
}
