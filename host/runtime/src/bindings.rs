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

/// What a component that drives a job has besides.
pub mod script {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "script",
        with: {
            "tenon:etl/arrow": crate::bindings::wire,
            "tenon:etl/batches": crate::bindings::tenon::etl::batches,
            "tenon:etl/errors": crate::bindings::tenon::etl::errors,
            "tenon:etl/pipeline.frame": crate::host::FrameEntry,
        },
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
    });
}
