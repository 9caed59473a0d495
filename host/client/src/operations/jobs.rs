//! Jobs, and what they know of their sources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Page, Segment, Tenant};

table! {
    OF_TENANT of Tenant;
    /// The jobs, by name.
    list_jobs(): GET "/v1/tenants/{tenant}/jobs" -> Page<Value>;
    /// Makes a job, or changes it: `JobInput`.
    put_job(job)[input]: PUT "/v1/tenants/{tenant}/jobs/{job}" -> Value;
    /// A job.
    get_job(job): GET "/v1/tenants/{tenant}/jobs/{job}" -> Value;
    /// Removes a job, with its bookmarks. Its runs stay.
    delete_job(job): DELETE "/v1/tenants/{tenant}/jobs/{job}" -> ();
    /// The versions of a job, the latest first.
    list_job_versions(job): GET "/v1/tenants/{tenant}/jobs/{job}/versions" -> Page<Value>;
    /// How far a job has read each of its sources, by source.
    list_bookmarks(job): GET "/v1/tenants/{tenant}/jobs/{job}/bookmarks" -> BTreeMap<String, Value>;
    /// Has a job begin again from the start of its sources; of one with the query `source`.
    reset_bookmarks(job): DELETE "/v1/tenants/{tenant}/jobs/{job}/bookmarks" -> ();
    /// Earlier bookmarks of a source, the latest first. One that is null was reset.
    list_bookmark_history(job, source): GET "/v1/tenants/{tenant}/jobs/{job}/bookmarks/{source}/history" -> Vec<Value>;
    /// Has a job go on from where a run of it ended: `Rewind`.
    rewind_bookmarks(job)[input]: POST "/v1/tenants/{tenant}/jobs/{job}/bookmarks/rewind" -> Value;
    /// Clears what a job's plugins keep between runs.
    clear_state(job): DELETE "/v1/tenants/{tenant}/jobs/{job}/state" -> ();
}
