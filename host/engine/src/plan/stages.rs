//! Physical plans: first of what several read, then of what goes to each sink.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::source_as_provider;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::frames::{Stage, projected};
use crate::shared::{SharedStage, SharedTable};

/// What is to be executed.
pub(super) struct Stages {
    pub stages: Vec<Arc<SharedStage>>,
    /// As the outputs that were asked for.
    pub outputs: Vec<Arc<dyn ExecutionPlan>>,
}

/// Plans the shared steps and the outputs. What nobody reads is left out; what is read is read with the columns that
/// somebody needs.
pub(super) async fn plan(
    shared: Vec<Stage>,
    outputs: &[LogicalPlan],
    session: &SessionContext,
) -> DataFusionResult<Stages> {
    let state = session.state();
    // From the sinks back to the sources, so that each shared step knows its readers' columns.
    let mut ends = Vec::new();
    for output in outputs {
        let plan = state.optimize(output)?;
        note_needs(&plan)?;
        ends.push(plan);
    }
    let mut optimized = Vec::new();
    for stage in shared.into_iter().rev() {
        let Some(columns) = stage.shared.needed() else { continue };
        let plan = state.optimize(&projected(stage.plan, &columns)?)?;
        note_needs(&plan)?;
        optimized.push((stage.shared, plan));
    }
    // And forward again, since a reader's plan needs the plan of what it reads.
    let mut stages = Vec::new();
    for (shared, plan) in optimized.into_iter().rev() {
        shared.planned(physical(&plan, &state).await?);
        stages.push(shared);
    }
    let mut outputs = Vec::new();
    for plan in ends {
        outputs.push(physical(&plan, &state).await?);
    }
    Ok(Stages { stages, outputs })
}

async fn physical(optimized: &LogicalPlan, state: &SessionState) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    state.query_planner().create_physical_plan(optimized, state).await
}

/// Tells shared steps which of their columns this plan reads.
fn note_needs(plan: &LogicalPlan) -> DataFusionResult<()> {
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let table = source_as_provider(&scan.source)?;
            let table: &dyn std::any::Any = table.as_ref();
            if let Some(SharedTable(shared)) = table.downcast_ref::<SharedTable>() {
                match &scan.projection {
                    Some(columns) => shared.need(columns.iter().copied()),
                    None => shared.need(0..scan.source.schema().fields().len()),
                }
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}
