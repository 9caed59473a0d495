//! The WebAssembly engine: every number chosen, with its reason.

use std::num::NonZeroUsize;
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::bindings::script::tenon::etl::pipeline;
use crate::bindings::tenon::etl::{batches, host};
use crate::config::RuntimeConfig;
use crate::error::Error;
use crate::host::SandboxState;
use crate::ticker::Ticker;
use crate::trap;

/// Stack that WebAssembly code may use. Deep recursion in an interpreter needs more than wasmtime's 512 KiB.
const WASM_STACK: usize = 1 << 20;
/// Stack of a call's fiber: what WebAssembly may use, and what native kernels need below it. Only pages that are
/// touched cost memory.
const FIBER_STACK: usize = WASM_STACK + (4 << 20);
/// Core instances per component. A Rust component has three (itself and two shims); a Python component has some twenty
/// shared libraries.
const CORE_INSTANCES: u32 = 64;
/// Memories per component.
const MEMORIES: u32 = 4;
/// Memories of a host; past that, a plugin of several memories may use up what others need.
const MOST_MEMORIES: u32 = 20_000;
/// Tables per component.
const TABLES: u32 = 32;
/// Address space per memory: with the whole 4 GiB reserved, generated code needs no bounds checks.
const RESERVATION: u64 = 4 << 30;

/// The engine, the linker and the clock that all sandboxes share.
pub(crate) struct Host {
    pub engine: Engine,
    pub linker: Linker<SandboxState>,
    pub ticker: Arc<Ticker>,
}

impl Host {
    pub fn new(config: &RuntimeConfig) -> Result<Self, Error> {
        let engine = Engine::new(&engine_config(config)).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let linker = linker(&engine).map_err(|error| Error::Engine(format!("{error:#}")))?;
        let ticker = Ticker::start(engine.weak());
        Ok(Host { engine, linker, ticker })
    }
}

fn engine_config(config: &RuntimeConfig) -> Config {
    let mut engine = Config::new();
    engine
        .cranelift_opt_level(OptLevel::Speed)
        // Deadlines and fair yielding, at a check per loop turn and call; fuel would cost several times that.
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .memory_reservation(RESERVATION)
        .memory_init_cow(true)
        // A call costs a third of what it costs with component-model concurrency.
        .concurrency_support(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(trap::MAX_FRAMES))
        // Lines come from debug information that the guest brings along. wasmtime would keep it in compiled code and read it
        // anew for every frame of every trap, outside of the guest's limits, and a few megabytes of it can say that it is
        // about billions of lines: lines.rs looks them up within bounds. By default, a variable of the environment decides.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)));
    engine
}

/// Slots for every sandbox that may be warm or in use at once.
fn pool(config: &RuntimeConfig) -> PoolingAllocationConfig {
    // A few more than the pool's own ceilings: sandboxes being built or dropped hold slots too.
    let sandboxes = u32::try_from(config.pool.idle + config.pool.in_use + config.pool.scripts)
        .unwrap_or(u32::MAX - 64)
        .saturating_add(64);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        // Most components have three core instances; a pool of Python components runs out of these first and then
        // waits, it does not fail.
        .total_core_instances(sandboxes.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        // Slots are address space: 4 GiB each, of which a 47-bit process has 32,000.
        .total_memories(sandboxes.saturating_mul(MEMORIES).min(MOST_MEMORIES).max(sandboxes))
        .max_memories_per_component(MEMORIES)
        .max_memories_per_module(MEMORIES)
        .max_memory_size(RESERVATION as usize)
        .total_tables(sandboxes.saturating_mul(TABLES))
        .max_tables_per_component(TABLES)
        .max_tables_per_module(8)
        .table_elements(config.limits.table_elements)
        // A store keeps the stack of its last call, so a warm sandbox has one.
        .total_stacks(sandboxes)
        .max_core_instance_size(1 << 20)
        .max_component_instance_size(1 << 20)
        // Clearing the first pages by hand costs less than giving them back to the kernel and faulting them in again.
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(4 << 10)
        // Freed slots are decommitted at once: a warm slot of another plugin is no use here.
        .max_unused_warm_slots(64);
    pool
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<SandboxState>> {
    let mut linker = Linker::new(engine);
    batches::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut SandboxState| state)?;
    host::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut SandboxState| state)?;
    pipeline::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut SandboxState| state)?;
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    Ok(linker)
}
