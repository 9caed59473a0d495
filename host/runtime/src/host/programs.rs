//! `tenon:etl/batches.program`: SQL expressions, compiled once per sandbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use tenon_kernels::Program;
use wasmtime::component::Resource;

use super::{BatchEntry, ProgramEntry, SandboxState};
use crate::bindings::tenon::etl::batches::HostProgram;
use crate::bindings::tenon::etl::errors::Error as Fault;
use crate::bindings::wire;
use crate::limits::Charge;

/// Host memory that a program takes per byte of its text, roughly: a plan's nodes are larger than what they stand for.
const BYTES_PER_BYTE: usize = 64;
/// Programs remembered per sandbox; past that, all are forgotten at once.
const REMEMBERED: usize = 64;

type Answer<T> = wasmtime::Result<Result<T, Fault>>;

#[derive(Default)]
pub(super) struct Programs(HashMap<(SchemaRef, Vec<String>), Compiled>);

/// A program, and the charge for the host memory that it takes.
#[derive(Clone)]
pub(super) struct Compiled(Arc<Program>, Arc<Charge>);

impl HostProgram for SandboxState {
    fn compile(&mut self, input: wire::Schema, expressions: Vec<String>) -> Answer<Resource<ProgramEntry>> {
        let Compiled(program, charge) = match self.compile_once(&input, expressions) {
            Ok(compiled) => compiled,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(self
            .table
            .push(ProgramEntry::new(program, charge))
            .map_err(|_| self.handles_reached().into()))
    }

    fn output(&mut self, program: Resource<ProgramEntry>) -> wasmtime::Result<wire::Schema> {
        let schema = Arc::clone(self.table.get(&program)?.program.output());
        Ok(self.schemas.outgoing(&schema)?)
    }

    fn project(
        &mut self,
        program: Resource<ProgramEntry>,
        input: Resource<BatchEntry>,
    ) -> Answer<Resource<BatchEntry>> {
        let program = Arc::clone(&self.table.get(&program)?.program);
        let began = Instant::now();
        let projected = program.project(&self.table.get(&input)?.batch).map_err(Fault::from);
        self.kernel_took(began);
        let made = projected.and_then(|batch| self.made(batch, &[input]));
        Ok(self.answer(made))
    }

    fn filter(&mut self, program: Resource<ProgramEntry>, input: Resource<BatchEntry>) -> Answer<Resource<BatchEntry>> {
        let program = Arc::clone(&self.table.get(&program)?.program);
        let began = Instant::now();
        let filtered = program.filter(&self.table.get(&input)?.batch).map_err(Fault::from);
        self.kernel_took(began);
        let made = filtered.and_then(|batch| self.made(batch, &[input]));
        Ok(self.answer(made))
    }

    fn drop(&mut self, program: Resource<ProgramEntry>) -> wasmtime::Result<()> {
        self.table.delete(program)?;
        Ok(())
    }
}

impl SandboxState {
    fn compile_once(&mut self, input: &wire::Schema, expressions: Vec<String>) -> Result<Compiled, Fault> {
        let schema = self.schemas.incoming(input)?;
        let key = (schema, expressions);
        if let Some(compiled) = self.programs.0.get(&key) {
            return Ok(compiled.clone());
        }
        let program = Arc::new(Program::compile(&key.0, &key.1, &self.kernel_limits())?);
        let text: usize = key.1.iter().map(String::len).sum();
        let bytes = text
            .saturating_mul(BYTES_PER_BYTE)
            .saturating_add(program.output().fields().size());
        let mut charge = self.charge_held(bytes);
        if charge.is_err() || self.programs.0.len() >= REMEMBERED {
            self.programs.0.clear();
        }
        if charge.is_err() {
            charge = self.charge_held(bytes);
        }
        let compiled = Compiled(program, charge?);
        self.programs.0.insert(key, compiled.clone());
        Ok(compiled)
    }
}
