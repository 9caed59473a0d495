//! The host's side of the contract: what a sandbox holds, and the functions that its guest may call.

mod batches;
mod detached;
mod entry;
mod faults;
mod frames;
mod lineage;
mod programs;
mod schemas;
mod services;

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

pub(crate) use batches::MAX_ROWS;
pub use entry::{BatchEntry, ProgramEntry};
pub(crate) use faults::guest_error;
pub use frames::FrameEntry;

use crate::limits::{Charge, CpuMeter, Growth, Held, LimitReached, Limits, human_bytes};
use crate::run::{Run, add};
use crate::script::Pipeline;
use crate::wasi::Wasi;
use programs::Programs;
use schemas::Schemas;

/// Everything that one sandbox's store holds.
pub(crate) struct SandboxState {
    /// Name of the plugin.
    pub plugin: Arc<str>,
    /// The step of the job that it works for, if it was told.
    pub step: Option<Arc<str>>,
    /// The run that it serves; none while it waits in the pool.
    pub run: Option<Arc<Run>>,
    pub limits: Limits,
    pub growth: Growth,
    pub cpu: Arc<CpuMeter>,
    /// Name and figure of the limit on the CPU time of what runs now.
    pub cpu_limit_ms: (&'static str, u64),
    /// Batches, programs and frames that the guest holds handles on.
    pub table: ResourceTable,
    /// The limit that ended a host call with a trap, for the error.
    pub reached: Option<LimitReached>,
    /// The last error that the guest logged.
    pub last_words: Option<String>,
    pub schemas: Schemas,
    /// What a script may ask of the host; none in the sandbox of a function.
    pub pipeline: Option<Arc<dyn Pipeline>>,
    held: Arc<Held>,
    programs: Programs,
    wasi: Option<Box<Wasi>>,
}

impl SandboxState {
    /// A sandbox that serves no run yet. Only plugins that import WASI pay for it.
    pub fn new(plugin: &Arc<str>, limits: &Limits, wasi: bool) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        SandboxState {
            plugin: Arc::clone(plugin),
            step: None,
            run: None,
            limits: limits.clone(),
            growth: Growth::new(limits),
            cpu: CpuMeter::new(),
            cpu_limit_ms: ("cpu_per_call_ms", limits.cpu_per_call_ms),
            table,
            reached: None,
            last_words: None,
            schemas: Schemas::default(),
            pipeline: None,
            held: Arc::new(Held::default()),
            programs: Programs::default(),
            wasi: wasi.then(|| Box::new(Wasi::new(plugin))),
        }
    }

    /// Ties the sandbox to a run and its limits, for the rest of its life.
    pub fn bind(&mut self, run: &Arc<Run>) -> Result<(), LimitReached> {
        self.limits = run.limits().clone();
        self.growth.apply(&self.limits)?;
        self.cpu_limit_ms = ("cpu_per_call_ms", self.limits.cpu_per_call_ms);
        self.table.set_max_capacity(self.limits.handles);
        if let Some(wasi) = &mut self.wasi {
            wasi.set_run(run);
        }
        self.run = Some(Arc::clone(run));
        Ok(())
    }

    /// What its guest logs from now on is about this step.
    pub fn work_for(&mut self, step: &str) {
        let step: Arc<str> = step.into();
        if let Some(wasi) = &mut self.wasi {
            wasi.work_for(&step);
        }
        self.step = Some(step);
    }

    /// Forgets what went wrong in earlier calls: it explains nothing about the next one.
    pub fn forget_misfortunes(&mut self) {
        self.reached = None;
        self.last_words = None;
        self.growth.take_refusal();
    }

    /// Charges host memory that a guest now holds, and counts it as what the run's guests made.
    fn charge_new(&mut self, bytes: usize) -> Result<Arc<Charge>, LimitReached> {
        if let Some(run) = &self.run {
            let before = run
                .usage
                .bytes_out
                .fetch_add(bytes as u64, std::sync::atomic::Ordering::Relaxed);
            if before.saturating_add(bytes as u64) > self.limits.out_bytes {
                return Err(LimitReached::settable("out_bytes", human_bytes(self.limits.out_bytes)));
            }
        }
        self.charge_held(bytes)
    }

    /// Charges host memory that a guest keeps from being freed.
    pub fn charge_held(&mut self, bytes: usize) -> Result<Arc<Charge>, LimitReached> {
        self.held.charge(bytes, self.limits.held_bytes)
    }

    /// Charges the guest for batches that the host lent to a call and that it keeps past it, until it drops them.
    pub fn charge_kept(&mut self) -> Result<(), LimitReached> {
        if self.table.is_empty() {
            return Ok(());
        }
        let (held, limit) = (&self.held, self.limits.held_bytes);
        let entries = self
            .table
            .iter_mut()
            .filter_map(|entry| entry.downcast_mut::<BatchEntry>());
        for entry in entries.filter(|entry| entry.lent) {
            entry.lent = false;
            let charge = held.charge(entry.batch.get_array_memory_size(), limit)?;
            entry.charges.push(charge);
        }
        Ok(())
    }

    /// Counts bytes copied into the guest.
    fn copied_in(&self, bytes: usize) {
        if let Some(run) = &self.run {
            add(&run.usage.bytes_in, bytes as u64);
        }
    }

    /// Counts the time of a kernel that the guest has called.
    fn kernel_took(&self, since: std::time::Instant) {
        if let Some(run) = &self.run {
            add(&run.usage.kernel_nanos, since.elapsed().as_nanos() as u64);
        }
    }

    /// Ends the host call with a trap that names the limit.
    fn trap(&mut self, reached: LimitReached) -> wasmtime::Error {
        self.reached = Some(reached.clone());
        wasmtime::Error::from(reached)
    }
}

impl WasiView for SandboxState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let plugin = &self.plugin;
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(plugin)));
        WasiCtxView {
            ctx: &mut wasi.ctx,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for SandboxState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let plugin = &self.plugin;
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(plugin)));
        WasiHttpCtxView {
            ctx: &mut wasi.http,
            table: &mut self.table,
            hooks: &mut wasi.hooks,
        }
    }
}
