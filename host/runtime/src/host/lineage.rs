//! Where a script's frames come from, and what bounds them.
//!
//! A planner walks a frame's whole ancestry, as a tree: a script that joins a frame with itself sixty times has made a
//! plan of 2^60 nodes with sixty calls. Both the longest way to a source and the size of the tree are therefore counted
//! here, before the host plans anything.

use std::sync::Arc;

use crate::limits::{Charge, LimitReached};

/// Operations in a row.
const MAX_DEPTH: u32 = 256;
/// Operations altogether, those of a frame that is used twice counted twice.
const MAX_NODES: u32 = 4_096;

/// A frame's place among the frames that it was made of, which it keeps alive.
#[derive(Debug)]
pub(crate) struct Lineage {
    depth: u32,
    nodes: u32,
    _inputs: Vec<Arc<Lineage>>,
    /// Host memory that the frame takes by itself.
    _charge: Arc<Charge>,
}

impl Lineage {
    /// Depth and size of a frame that is made of these.
    pub fn measured(inputs: &[Arc<Lineage>]) -> Result<(u32, u32), LimitReached> {
        let depth = inputs.iter().map(|input| input.depth).max().unwrap_or(0) + 1;
        if depth > MAX_DEPTH {
            let figure = format!("{MAX_DEPTH} operations in a row");
            return Err(LimitReached::fixed("frame_depth", &figure));
        }
        let nodes = inputs
            .iter()
            .fold(1u32, |nodes, input| nodes.saturating_add(input.nodes));
        if nodes > MAX_NODES {
            let figure = format!("{MAX_NODES} operations in one frame");
            return Err(LimitReached::fixed("frame_size", &figure));
        }
        Ok((depth, nodes))
    }

    /// The place of a frame of this depth and size.
    pub fn new((depth, nodes): (u32, u32), inputs: Vec<Arc<Lineage>>, charge: Arc<Charge>) -> Arc<Self> {
        Arc::new(Lineage {
            depth,
            nodes,
            _inputs: inputs,
            _charge: charge,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Held;

    fn made_of(inputs: &[Arc<Lineage>]) -> Result<Arc<Lineage>, LimitReached> {
        let charge = Arc::new(Held::default()).charge(1, 1)?;
        Ok(Lineage::new(Lineage::measured(inputs)?, inputs.to_vec(), charge))
    }

    #[test]
    fn chains_and_doublings_end() {
        let source = made_of(&[]).unwrap();
        let mut chain = Arc::clone(&source);
        for _ in 1..MAX_DEPTH {
            chain = made_of(&[chain]).unwrap();
        }
        assert_eq!(made_of(&[chain]).unwrap_err().limit, "frame_depth");

        let mut doubled = source;
        let refused = (0..64).find_map(|_| match made_of(&[Arc::clone(&doubled), Arc::clone(&doubled)]) {
            Ok(frame) => {
                doubled = frame;
                None
            }
            Err(reached) => Some(reached),
        });
        assert_eq!(refused.unwrap().limit, "frame_size");
    }
}
