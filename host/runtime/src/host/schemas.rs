//! Schemas that a sandbox has seen, in both forms, so that each is translated and checked once.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use tenon_layout::{Bounds, schema_of};

use crate::bindings::wire;

/// Schemas remembered per sandbox. A transform sees two or three.
const REMEMBERED: usize = 16;
/// Fields of all of them together, so that a few large ones do not take the host's memory.
const REMEMBERED_FIELDS: usize = 32_768;

#[derive(Default)]
pub(crate) struct Schemas(Vec<Known>);

struct Known {
    schema: SchemaRef,
    wire: wire::Schema,
}

impl Schemas {
    /// A schema of the host as the guest sees it.
    pub fn outgoing(&mut self, schema: &SchemaRef) -> Result<wire::Schema, tenon_layout::Error> {
        if let Some(known) = self.0.iter().find(|known| Arc::ptr_eq(&known.schema, schema)) {
            return Ok(Arc::clone(&known.wire));
        }
        let wire = wire::schema_to_wire(schema)?;
        self.remember(Arc::clone(schema), Arc::clone(&wire));
        Ok(wire)
    }

    /// A schema of the guest, checked. Equal schemas become the same `SchemaRef`, which makes later comparisons cheap.
    pub fn incoming(&mut self, wire: &wire::Schema) -> Result<SchemaRef, tenon_layout::Error> {
        if let Some(known) = self
            .0
            .iter()
            .find(|known| Arc::ptr_eq(&known.wire, wire) || known.wire == *wire)
        {
            return Ok(Arc::clone(&known.schema));
        }
        let schema = schema_of(&wire::schema_from_wire(wire), &Bounds::default())?;
        self.remember(Arc::clone(&schema), Arc::clone(wire));
        Ok(schema)
    }

    fn remember(&mut self, schema: SchemaRef, wire: wire::Schema) {
        let fields = |known: &[Known]| known.iter().map(|known| known.wire.len()).sum::<usize>();
        while self.0.len() >= REMEMBERED || (!self.0.is_empty() && fields(&self.0) + wire.len() > REMEMBERED_FIELDS) {
            self.0.remove(0);
        }
        self.0.push(Known { schema, wire });
    }
}
