//! Memory of sandboxes in the books of the run, so that it stays within what it was given.

use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use tenon_runtime::Sandbox;

use crate::context::RunContext;
use crate::error::Error;
use crate::node::Call;

/// What sandboxes usually grow by once batches come, in bytes. Booked before anything runs where there is room for it, so
/// that operators which take all that there is leave it.
const HEADROOM: usize = 4 << 20;

/// Memory that one sandbox takes from the run's.
#[derive(Debug)]
pub(crate) struct Booked {
    step: String,
    limit: usize,
    reservation: MemoryReservation,
}

impl Booked {
    /// Books what a sandbox takes as soon as its function is open.
    pub fn begin(task: &TaskContext, context: &RunContext, call: &Call) -> Result<Self, Error> {
        let consumer = MemoryConsumer::new(format!("sandbox of the step {}", call.step));
        let booked = Self {
            step: call.step.clone(),
            limit: context.memory,
            reservation: consumer.register(task.memory_pool()),
        };
        let roomy = booked.reservation.try_grow(call.memory.saturating_add(HEADROOM));
        if roomy.is_err() {
            booked.grow_to(call.memory)?;
        }
        Ok(booked)
    }

    /// Books what the sandbox has grown by.
    pub fn follow(&self, sandbox: &Sandbox) -> Result<(), Error> {
        self.grow_to(sandbox.statistics().memory)
    }

    /// The sandbox is gone.
    pub fn free(&self) {
        self.reservation.free();
    }

    fn grow_to(&self, memory: usize) -> Result<(), Error> {
        let more = memory.saturating_sub(self.reservation.size());
        let grown = if more == 0 {
            Ok(())
        } else {
            self.reservation.try_grow(more)
        };
        grown.map_err(|error| {
            // It names those who took the memory.
            tracing::debug!(step = self.step, %error, "a sandbox has no room");
            Error::Memory {
                step: self.step.clone(),
                needed: memory,
                limit: self.limit,
            }
        })
    }
}
