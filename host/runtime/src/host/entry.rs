//! What a guest's handles stand for.

use std::sync::Arc;

use arrow::array::RecordBatch;
use tenon_kernels::Program;

use crate::limits::Charge;

/// A batch that a guest holds a handle on.
#[derive(Debug)]
pub struct BatchEntry {
    pub(crate) batch: RecordBatch,
    /// Host memory that this handle keeps alive, shared with the handles derived from it.
    pub(crate) charges: Vec<Arc<Charge>>,
    /// Whether the host lent this batch to a call and nothing was charged for it yet.
    pub(crate) lent: bool,
    /// What the handle itself costs the host, whatever it shares with others.
    pub(crate) own: Option<Arc<Charge>>,
}

impl BatchEntry {
    /// A batch that the host hands to a call. It costs the guest nothing, unless it keeps it after the call.
    pub(crate) fn lent(batch: RecordBatch) -> Self {
        BatchEntry {
            batch,
            charges: Vec::new(),
            lent: true,
            own: None,
        }
    }

    /// A batch derived from `origins`, whose memory it may share, with `charge` for what is new in it.
    pub(crate) fn derived(batch: RecordBatch, origins: &[&BatchEntry], charge: Option<&Arc<Charge>>) -> Self {
        let mut charges: Vec<Arc<Charge>> = Vec::new();
        for inherited in origins.iter().flat_map(|origin| &origin.charges).chain(charge) {
            if !charges.iter().any(|known| Arc::ptr_eq(known, inherited)) {
                charges.push(Arc::clone(inherited));
            }
        }
        BatchEntry {
            batch,
            charges,
            lent: origins.iter().any(|origin| origin.lent),
            own: None,
        }
    }
}

/// A compiled program that a guest holds a handle on.
#[derive(Debug)]
pub struct ProgramEntry {
    pub(crate) program: Arc<Program>,
    /// Host memory that it takes.
    _charge: Arc<Charge>,
}

impl ProgramEntry {
    /// A program and the charge for it.
    pub(crate) fn new(program: Arc<Program>, charge: Arc<Charge>) -> Self {
        ProgramEntry {
            program,
            _charge: charge,
        }
    }
}
