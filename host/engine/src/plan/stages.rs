//! Physical plans: first of what several read, then of what goes to each sink.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::source_as_provider;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use tenon_connect::file::Sink;

use super::PlannedOutput;
use super::frames::{Frames, projected};
use crate::drive::fit_to_sink;
use crate::shared::{SharedStage, SharedTable};

/// A sink that is ready, and the rows that go there.
pub(super) struct Target {
    pub name: String,
    pub plan: LogicalPlan,
    pub sink: Sink,
}

/// What is to be executed.
pub(super) struct Stages {
    pub stages: Vec<Arc<SharedStage>>,
    pub outputs: Vec<PlannedOutput>,
}

/// Plans the shared steps and the outputs. What nobody reads is left out; what is read is read with the columns that
/// somebody needs.
pub(super) async fn plan(frames: Frames, targets: Vec<Target>, session: &SessionContext) -> DataFusionResult<Stages> {
    let state = session.state();
    // From the sinks back to the sources, so that each shared step knows its readers' columns.
    let mut outputs = Vec::new();
    for target in targets {
        let plan = state.optimize(&target.plan)?;
        note_needs(&plan)?;
        outputs.push((target, plan));
    }
    let mut optimized = Vec::new();
    for stage in frames.stages.into_iter().rev() {
        let Some(columns) = stage.shared.needed() else { continue };
        let plan = state.optimize(&projected(stage.plan, &columns)?)?;
        note_needs(&plan)?;
        optimized.push((stage.shared, plan));
    }
    // And forward again, since a reader's plan needs the plan of what it reads.
    let mut stages = Vec::new();
    for (shared, plan) in optimized.into_iter().rev() {
        shared.planned(physical(&plan, session).await?);
        stages.push(shared);
    }
    let mut planned = Vec::new();
    for (target, plan) in outputs {
        planned.push(PlannedOutput {
            plan: fit_to_sink(physical(&plan, session).await?, &target.sink),
            name: target.name,
            sink: target.sink,
        });
    }
    Ok(Stages {
        stages,
        outputs: planned,
    })
}

async fn physical(optimized: &LogicalPlan, session: &SessionContext) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let state = session.state();
    state.query_planner().create_physical_plan(optimized, &state).await
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
