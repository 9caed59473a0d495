//! Attacks with handles: too many, forged, dropped, kept.

use std::cell::RefCell;

use crate::answer::field;
use crate::bindings::exports::tenon::etl::transform::Output;
use crate::bindings::tenon::etl::arrow::{ColumnParam, Node};
use crate::bindings::tenon::etl::batches::{Batch, Program};
use crate::bindings::tenon::etl::errors::Error;
use crate::bindings::tenon::etl::host;
use crate::{Attack, nothing, number, pass};

/// The functions as WebAssembly sees them: handles are numbers, and any number will do.
mod raw {
    #[link(wasm_import_module = "tenon:etl/batches@0.1.0")]
    unsafe extern "C" {
        #[link_name = "[method]batch.rows"]
        pub(super) safe fn rows(handle: u32) -> u32;
        #[link_name = "[method]batch.share"]
        pub(super) safe fn share(handle: u32) -> u32;
        #[link_name = "[resource-drop]batch"]
        pub(super) safe fn drop_batch(handle: u32);
        #[link_name = "[resource-drop]program"]
        pub(super) safe fn drop_program(handle: u32);
    }
}

/// What the host is told in `raw_log`, with any pointer and length.
mod raw_host {
    #[link(wasm_import_module = "tenon:etl/host@0.1.0")]
    unsafe extern "C" {
        #[link_name = "log"]
        pub(super) safe fn log(level: i32, pointer: u32, length: u32);
    }
}

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("share", |batch, times| Ok(share(&batch, number(times)))),
    ("share-and-return", |batch, times| {
        Ok(Output {
            batches: copies(&batch, number(times)),
            rejected: Vec::new(),
        })
    }),
    ("slice", |batch, times| slice(&batch, number(times))),
    ("build-many", |_, times| build_many(number(times))),
    ("concat", |batch, times| concat(&batch, number(times))),
    ("read-again", |batch, times| read_again(&batch, number(times))),
    ("compile", |batch, times| compile(batch, number(times))),
    ("forge", |_, handle| {
        Ok(answered(raw::rows(handle.parse().unwrap_or(0))))
    }),
    ("forge-drop", |_, handle| {
        raw::drop_batch(handle.parse().unwrap_or(0));
        Ok(nothing())
    }),
    ("confuse", |_, _| confuse()),
    ("use-after-drop", |batch, _| {
        let handle = batch.take_handle();
        raw::drop_batch(handle);
        Ok(answered(raw::share(handle)))
    }),
    ("drop-twice", |batch, _| {
        let handle = batch.take_handle();
        raw::drop_batch(handle);
        raw::drop_batch(handle);
        Ok(nothing())
    }),
    ("return-twice", |batch, _| {
        let handle = batch.take_handle();
        // SAFETY: none; the same handle is given away twice, which is what the host has to catch.
        let twice = [0; 2].map(|_| unsafe { Batch::from_handle(handle) });
        Ok(Output {
            batches: Vec::from(twice),
            rejected: Vec::new(),
        })
    }),
    ("pass", |batch, _| Ok(pass(batch))),
    ("keep", |batch, _| Ok(keep(batch))),
    ("keep-one", |batch, _| {
        KEPT.set(vec![batch]);
        Ok(nothing())
    }),
    ("use-returned", |batch, _| Ok(use_returned(batch))),
    ("log-pointer", |_, pointer| {
        raw_host::log(0, u32::try_from(number(pointer)).unwrap_or(u32::MAX), 1 << 20);
        Ok(nothing())
    }),
    ("log-level", |_, level| {
        raw_host::log(number(level) as i32, 0, 0);
        Ok(nothing())
    }),
    ("log-not-utf8", |_, _| {
        let bytes = [0xffu8, 0xfe, 0xfd];
        raw_host::log(0, bytes.as_ptr() as u32, 3);
        Ok(nothing())
    }),
];

thread_local! {
    static KEPT: RefCell<Vec<Batch>> = const { RefCell::new(Vec::new()) };
    static RETURNED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

fn answered(number: u32) -> Output {
    host::count("answered", f64::from(number));
    nothing()
}

fn copies(batch: &Batch, times: usize) -> Vec<Batch> {
    (0..times).map(|_| batch.share()).collect()
}

fn share(batch: &Batch, times: usize) -> Output {
    let kept = copies(batch, times);
    host::count("handles", kept.len() as f64);
    nothing()
}

fn slice(batch: &Batch, times: usize) -> Result<Output, Error> {
    let slices: Result<Vec<Batch>, Error> = (0..times).map(|_| batch.slice(0, 1)).collect();
    host::count("handles", slices?.len() as f64);
    Ok(nothing())
}

/// Batches that hold nothing, but many of them.
fn build_many(times: usize) -> Result<Output, Error> {
    let nulls = ColumnParam {
        nodes: &[Node { length: 1, nulls: 1 }],
        buffers: &[],
    };
    let mut kept = Vec::new();
    for _ in 0..times {
        kept.push(Batch::build(&[field("nothing", "n")], 1, std::slice::from_ref(&nulls))?);
        host::count("built", 1.0);
    }
    Ok(nothing())
}

/// The same batch again and again, as parts of one.
fn concat(batch: &Batch, times: usize) -> Result<Output, Error> {
    Ok(pass(Batch::concat(&vec![batch; times])?))
}

/// The same column again and again.
fn read_again(batch: &Batch, times: usize) -> Result<Output, Error> {
    batch.read(&vec![0; times])?;
    Ok(nothing())
}

fn compile(batch: Batch, times: usize) -> Result<Output, Error> {
    let mut kept = Vec::new();
    for _ in 0..times {
        kept.push(Program::compile(&[field("x", "l")], &["x + 1 as y"])?);
    }
    Ok(pass(batch))
}

/// The handle of a program where a batch is wanted.
fn confuse() -> Result<Output, Error> {
    let program = Program::compile(&[field("x", "l")], &["x + 1 as y"])?;
    let rows = raw::rows(program.handle());
    raw::drop_program(program.take_handle());
    Ok(answered(rows))
}

/// Keeps every batch, and looks at all of them in every call.
fn keep(batch: Batch) -> Output {
    KEPT.with_borrow_mut(|kept| {
        kept.push(batch);
        host::count("kept rows", kept.iter().map(|batch| f64::from(batch.rows())).sum());
    });
    nothing()
}

/// Uses the handles that it gave away in the call before. One of the numbers may stand for the new batch, not both.
fn use_returned(batch: Batch) -> Output {
    let rows = RETURNED
        .take()
        .into_iter()
        .map(|handle| f64::from(raw::rows(handle)))
        .sum::<f64>();
    host::count("rows of another", rows);
    let batches = vec![batch.share(), batch];
    RETURNED.set(batches.iter().map(Batch::handle).collect());
    Output {
        batches,
        rejected: Vec::new(),
    }
}
