//! Scripts that drive whole jobs: what they ask of the host, and the sandbox that runs one.

mod fault;
mod pipeline;
mod sandbox;

pub use fault::Fault;
pub use pipeline::{Batches, Frame, JoinKind, Pipeline, Written};
pub use sandbox::JobSandbox;
