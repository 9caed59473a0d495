//! What evaluating an expression takes, apart from texts and lists.

use std::{any::Any, sync::Arc};

use arrow::datatypes::Schema;
use datafusion_common::Result;
use datafusion_physical_expr::{
    PhysicalExpr,
    expressions::{CaseExpr, Column, Literal},
};

use crate::measure;

/// What evaluating an expression takes at most.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weight {
    /// Bytes of fixed width that are held at the same time, per row.
    pub bytes_per_row: u64,
    /// Bytes of the result among them.
    pub result_per_row: u64,
    /// Levels of nested `case`. Each works on its own copy of the rows that are left to it.
    pub cases: u64,
    /// Levels of the tree.
    pub depth: usize,
}

/// Weighs an expression. Operands are computed one after the other, each held until the operator has run.
pub(crate) fn weigh(expression: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Weight> {
    let any = expression.as_ref() as &dyn Any;
    if any.is::<Column>() || any.is::<Literal>() {
        return Ok(Weight {
            depth: 1,
            ..Weight::default()
        });
    }
    let result_per_row = measure::bytes_per_row(&expression.data_type(schema)?);
    let mut weight = Weight {
        result_per_row,
        ..Weight::default()
    };
    let mut held = 0_u64;
    for operand in expression.children() {
        let operand = weigh(operand, schema)?;
        weight.bytes_per_row = weight.bytes_per_row.max(held.saturating_add(operand.bytes_per_row));
        weight.cases = weight.cases.max(operand.cases);
        weight.depth = weight.depth.max(operand.depth);
        held = held.saturating_add(operand.result_per_row);
    }
    weight.bytes_per_row = weight.bytes_per_row.max(held.saturating_add(result_per_row));
    weight.cases += u64::from(any.is::<CaseExpr>());
    weight.depth += 1;
    Ok(weight)
}
