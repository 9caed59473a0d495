//! `tenon:etl/batches.program`: SQL expressions, compiled once per sandbox.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use tenon_kernels::Program;
use wasmtime::component::Resource;

use super::{BatchEntry, ProgramEntry, SandboxState};
use crate::bindings::tenon::etl::batches::HostProgram;
use crate::bindings::tenon::etl::errors::Error as Fault;
use crate::bindings::wire;

/// Programs remembered per sandbox; past that, all are forgotten at once.
const REMEMBERED: usize = 64;

type Answer<T> = wasmtime::Result<Result<T, Fault>>;

#[derive(Default)]
pub(super) struct Programs(HashMap<(SchemaRef, Vec<String>), Arc<Program>>);

impl HostProgram for SandboxState {
    fn compile(&mut self, input: wire::Schema, expressions: Vec<String>) -> Answer<Resource<ProgramEntry>> {
        let program = match self.compile_once(&input, expressions) {
            Ok(program) => program,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(self.table.push(ProgramEntry { program }).map_err(|_| self.handles_reached().into()))
    }

    fn output(&mut self, program: Resource<ProgramEntry>) -> wasmtime::Result<wire::Schema> {
        let schema = Arc::clone(self.table.get(&program)?.program.output());
        Ok(self.schemas.to_wire(&schema)?)
    }

    fn project(
        &mut self,
        program: Resource<ProgramEntry>,
        input: Resource<BatchEntry>,
    ) -> Answer<Resource<BatchEntry>> {
        let program = Arc::clone(&self.table.get(&program)?.program);
        let projected = program.project(&self.table.get(&input)?.batch).map_err(Fault::from);
        let made = projected.and_then(|batch| self.made(batch, &[input]));
        self.answer(made)
    }

    fn filter(
        &mut self,
        program: Resource<ProgramEntry>,
        input: Resource<BatchEntry>,
    ) -> Answer<Resource<BatchEntry>> {
        let program = Arc::clone(&self.table.get(&program)?.program);
        let filtered = program.filter(&self.table.get(&input)?.batch).map_err(Fault::from);
        let made = filtered.and_then(|batch| self.made(batch, &[input]));
        self.answer(made)
    }

    fn drop(&mut self, program: Resource<ProgramEntry>) -> wasmtime::Result<()> {
        self.table.delete(program)?;
        Ok(())
    }
}

impl SandboxState {
    fn compile_once(&mut self, input: &wire::Schema, expressions: Vec<String>) -> Result<Arc<Program>, Fault> {
        let schema = self.schemas.from_wire(input)?;
        let key = (schema, expressions);
        if let Some(program) = self.programs.0.get(&key) {
            return Ok(Arc::clone(program));
        }
        let program = Arc::new(Program::compile(&key.0, &key.1, &self.kernel_limits())?);
        if self.programs.0.len() >= REMEMBERED {
            self.programs.0.clear();
        }
        self.programs.0.insert(key, Arc::clone(&program));
        Ok(program)
    }
}
