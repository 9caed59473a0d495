//! Runs of jobs.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Followed, LogLine, Page, Run, RunEvent, Segment, Tenant};

table! {
    OF_TENANT of Tenant;
    /// Starts a run of a job: `StartRun`. It is in the queue once this is answered.
    start_run(job)[input] once: POST "/v1/tenants/{tenant}/jobs/{job}/runs" -> Run;
    /// The runs, the latest first; of these with the queries `job`, `state`, `trigger`, `workflow_run`, `since`, `until`.
    list_runs(): GET "/v1/tenants/{tenant}/runs" -> Page<Run>;
    /// A run.
    get_run(run): GET "/v1/tenants/{tenant}/runs/{run}" -> Run;
    /// The attempts of a run, the first first.
    list_attempts(run): GET "/v1/tenants/{tenant}/runs/{run}/attempts" -> Vec<Value>;
    /// Asks a run to stop: `StopRun`. Answers with its `state`.
    stop_run(run)[input]: POST "/v1/tenants/{tenant}/runs/{run}/stop" -> Value;
    /// Starts a run of the same job with the same arguments as one that has ended.
    rerun_run(run) once: POST "/v1/tenants/{tenant}/runs/{run}/rerun" -> Run;
    /// Puts a run that did not succeed into the queue again, as another attempt.
    resume_run(run): POST "/v1/tenants/{tenant}/runs/{run}/resume" -> Run;
    /// Lines of a run's log; of these with the queries `level`, `step`, `attempt`, `text`, and the last with `tail=true`.
    list_log_lines(run): GET "/v1/tenants/{tenant}/runs/{run}/logs" -> Page<LogLine>;
    /// Follows a run until it has ended, with the queries of [`Tenant::list_log_lines`] for its log.
    follow_run(run): GET "/v1/tenants/{tenant}/runs/{run}/follow" -> Followed<RunEvent>;
}
