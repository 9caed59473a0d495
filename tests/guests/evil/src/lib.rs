//! A hostile guest. Every function that it describes is an attack, named for what it does; the configuration is the
//! attack's argument. It sits on the raw bindings, because an SDK would stand in its way.
#![cfg(target_family = "wasm")]

// The SDK keeps these to itself.
#[path = "../../../../sdk/rust/src/bindings.rs"]
#[rustfmt::skip]
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "generated from wit/"
)]
mod bindings;

mod answer;
mod crash;
mod flood;
mod handles;
mod lies;
mod memory;
mod secrets;
mod spin;
mod sql;

use std::cell::RefCell;

use bindings::exports::tenon::etl::transform::{Function, Guest, Output, Shape};
use bindings::tenon::etl::arrow::FieldResult;
use bindings::tenon::etl::batches::Batch;
use bindings::tenon::etl::errors::{Error, Kind};

/// What an attack does with a batch, given its argument.
type Attack = fn(Batch, &str) -> Result<Output, Error>;

const ATTACKS: &[&[(&str, Attack)]] = &[
    answer::ATTACKS,
    crash::ATTACKS,
    flood::ATTACKS,
    handles::ATTACKS,
    lies::ATTACKS,
    memory::ATTACKS,
    secrets::ATTACKS,
    spin::ATTACKS,
    sql::ATTACKS,
    &[("honest", |batch, _| Ok(pass(batch)))],
];

thread_local! {
    static OPENED: RefCell<Option<(Attack, String)>> = const { RefCell::new(None) };
}

struct Evil;

impl Guest for Evil {
    fn describe() -> Vec<Function> {
        ATTACKS
            .iter()
            .copied()
            .flatten()
            .map(|(name, _)| described(name))
            .collect()
    }

    fn open(function: String, config: String, input: Vec<FieldResult>) -> Result<Vec<FieldResult>, Error> {
        crash::speak_when_panicking();
        let known = ATTACKS.iter().copied().flatten().find(|(name, _)| *name == function);
        let Some((_, attack)) = known else {
            return Err(failure(Kind::BadConfig, "no such attack"));
        };
        let announced = answer::announced(&function, &config, input)?;
        OPENED.set(Some((*attack, config)));
        Ok(announced)
    }

    fn process(input: Batch) -> Result<Output, Error> {
        let Some((attack, config)) = OPENED.with_borrow(Clone::clone) else {
            return Err(failure(Kind::Internal, "not opened"));
        };
        attack(input, &config)
    }

    fn finish() -> Result<Output, Error> {
        Ok(nothing())
    }
}

fn described(name: &str) -> Function {
    Function {
        name: name.to_owned(),
        doc: String::new(),
        shape: Shape::Batchwise,
        config: "{}".to_owned(),
        reads: None,
        stateless: false,
    }
}

/// Passes one batch through.
fn pass(batch: Batch) -> Output {
    Output {
        batches: vec![batch],
        rejected: Vec::new(),
    }
}

/// No rows.
fn nothing() -> Output {
    Output {
        batches: Vec::new(),
        rejected: Vec::new(),
    }
}

fn failure(kind: Kind, message: impl Into<String>) -> Error {
    Error {
        kind,
        message: message.into(),
        context: Vec::new(),
    }
}

/// The argument as a number.
fn number(argument: &str) -> usize {
    argument.parse().unwrap_or(0)
}

#[allow(
    clippy::undocumented_unsafe_blocks,
    clippy::used_underscore_items,
    reason = "generated from wit/"
)]
mod exports {
    use crate::Evil;

    crate::bindings::export!(Evil with_types_in crate::bindings);
}
