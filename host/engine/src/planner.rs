//! Turns nodes of plugins and of their functions in SQL into operators.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use crate::apply::PluginExec;
use crate::node::PluginNode;
use crate::scalar::{PlannedCall, ScalarCall, ScalarExec, ScalarNode};

/// DataFusion's planner, which knows plugin nodes as well.
#[derive(Default)]
pub(crate) struct Planner;

impl fmt::Debug for Planner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Planner")
    }
}

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PluginPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

struct PluginPlanner;

#[async_trait]
impl ExtensionPlanner for PluginPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> DataFusionResult<Option<Arc<dyn ExecutionPlan>>> {
        if let (Some(node), [input]) = (node.as_any().downcast_ref::<ScalarNode>(), inputs) {
            let mut values = node.values.iter();
            let plan_call = |call: &ScalarCall| {
                let values = values.by_ref().take(call.arguments.fields().len());
                let plan = |value| planner.create_physical_expr(value, node.input.schema(), session, context);
                let (call, values) = (call.clone(), values.map(plan).collect::<DataFusionResult<_>>()?);
                Ok(PlannedCall { call, values })
            };
            let calls: DataFusionResult<Vec<PlannedCall>> = node.calls.iter().map(plan_call).collect();
            let exec = ScalarExec::try_new(calls?.into(), node.output(), Arc::clone(input))?;
            return Ok(Some(Arc::new(exec)));
        }
        let (Some(node), [input]) = (node.as_any().downcast_ref::<PluginNode>(), inputs) else {
            return Ok(None);
        };
        let exec = PluginExec::new(node.call.clone(), node.output(), Arc::clone(input));
        Ok(Some(Arc::new(exec)))
    }
}
