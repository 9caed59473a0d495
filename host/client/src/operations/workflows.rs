//! Workflows and their runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Page, Segment, Tenant, Text};

table! {
    OF_TENANT of Tenant;
    /// The workflows, by name.
    list_workflows(): GET "/v1/tenants/{tenant}/workflows" -> Page<Value>;
    /// Makes a workflow, or another version of it: `WorkflowDefinition`.
    put_workflow(workflow)[input]: PUT "/v1/tenants/{tenant}/workflows/{workflow}" -> Value;
    /// A workflow, in the version of the query `version`, or the latest.
    get_workflow(workflow): GET "/v1/tenants/{tenant}/workflows/{workflow}" -> Value;
    /// Removes a workflow. Its runs stay.
    delete_workflow(workflow): DELETE "/v1/tenants/{tenant}/workflows/{workflow}" -> ();
    /// The versions of a workflow, the latest first.
    list_workflow_versions(workflow): GET "/v1/tenants/{tenant}/workflows/{workflow}/versions" -> Page<Value>;
    /// A picture of a workflow; the query `format` is `svg`, `text` or `ascii`.
    draw_workflow(workflow): GET "/v1/tenants/{tenant}/workflows/{workflow}/picture" -> Text;
    /// Starts a run of a workflow: `StartWorkflow`.
    start_workflow(workflow)[input] once: POST "/v1/tenants/{tenant}/workflows/{workflow}/runs" -> Value;
    /// The runs of a workflow, the latest first; those in the query's `state`.
    list_workflow_runs(workflow): GET "/v1/tenants/{tenant}/workflows/{workflow}/runs" -> Page<Value>;
    /// A run of a workflow, with its nodes.
    get_workflow_run(run): GET "/v1/tenants/{tenant}/workflow-runs/{run}" -> Value;
    /// Asks a run of a workflow to stop.
    stop_workflow_run(run): POST "/v1/tenants/{tenant}/workflow-runs/{run}/stop" -> Value;
    /// Runs nodes of a run that has ended again, and what comes after them: `ResumeNodes`.
    resume_workflow_run(run)[input]: POST "/v1/tenants/{tenant}/workflow-runs/{run}/resume" -> Value;
    /// Starts another run of the same workflow with the same properties.
    restart_workflow_run(run) once: POST "/v1/tenants/{tenant}/workflow-runs/{run}/restart" -> Value;
    /// A picture of a run, with the states of its nodes; the query `format` is `svg`, `text` or `ascii`.
    draw_workflow_run(run): GET "/v1/tenants/{tenant}/workflow-runs/{run}/picture" -> Text;
    /// The properties of a run.
    list_properties(run): GET "/v1/tenants/{tenant}/workflow-runs/{run}/properties" -> BTreeMap<String, String>;
    /// Sets a property of a run: `Property`.
    put_property(run, property)[input]: PUT "/v1/tenants/{tenant}/workflow-runs/{run}/properties/{property}" -> Value;
    /// Removes a property of a run.
    delete_property(run, property): DELETE "/v1/tenants/{tenant}/workflow-runs/{run}/properties/{property}" -> ();
}
