//! The contract of `wit/`, generated.
#![allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated from wit/, which documents every item"
)]

pub mod wire;

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "transformer",
    with: {
        "tenon:etl/arrow": crate::bindings::wire,
        "tenon:etl/batches.batch": crate::host::BatchEntry,
        "tenon:etl/batches.program": crate::host::ProgramEntry,
    },
    imports: { default: trappable },
    exports: { default: async },
    require_store_data_send: true,
});
