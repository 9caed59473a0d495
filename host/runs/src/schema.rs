//! The tables.

use tenon_metadata::Migrations;

/// The tables of jobs and runs.
pub const MIGRATIONS: Migrations = Migrations {
    component: "runs",
    steps: &[JOBS_AND_RUNS, SHARES, MICRO_BATCHES, LOG_QUOTAS, LOGS_USED_UP],
};

/// What runs at work have of their tenants' memory and sandboxes.
const SHARES: &str = "
create table run_shares (
    tenant text not null,
    run text not null,
    memory bigint not null,
    sandboxes bigint not null,
    primary key (tenant, run)
)
";

const MICRO_BATCHES: &str = "alter table runs add column batches bigint not null default 0";

/// Bytes of logs that tenants may keep, what they have by the time at which their runs ended, and whose was removed for that.
const LOG_QUOTAS: &str = "
create table run_log_quotas (
    tenant text primary key,
    bytes bigint not null
);
create index runs_logs_of_tenant on runs (tenant, ended, log_lines, log_bytes) where log_lines > 0;
alter table runs add column log_removed bigint not null default 0
";

/// Whose runs may log no more for now.
const LOGS_USED_UP: &str = "alter table run_log_quotas add column used_up bigint not null default 0";

const JOBS_AND_RUNS: &str = "
create table jobs (
    tenant text not null,
    name text not null,
    version bigint not null,
    format text not null,
    definition text not null,
    settings text not null,
    created bigint not null,
    updated bigint not null,
    primary key (tenant, name)
);
create table job_versions (
    tenant text not null,
    job text not null,
    version bigint not null,
    format text not null,
    definition text not null,
    settings text not null,
    created bigint not null,
    primary key (tenant, job, version)
);

create table runs (
    number {id},
    id text not null unique,
    tenant text not null,
    job text not null,
    job_version bigint not null,
    state text not null,
    attempt bigint not null,
    first_attempt bigint not null,
    arguments text not null,
    trigger_name text,
    workflow_run text,
    node text,
    depth bigint not null,
    rerun_of text,
    created bigint not null,
    queued bigint not null,
    not_before bigint,
    started bigint,
    ended bigint,
    timeout bigint not null,
    timeout_at bigint,
    committed bigint,
    owner text,
    epoch bigint not null,
    recovering bigint not null,
    stop_reason text,
    progress text,
    error text,
    report text,
    usage text,
    plugins text,
    log_lines bigint not null,
    log_bytes bigint not null,
    log_dropped bigint not null
);
create index runs_of_tenant on runs (tenant, id);
create index runs_of_job on runs (tenant, job, id);
create index runs_of_state on runs (tenant, state, id);
create index runs_of_workflow on runs (tenant, workflow_run) where workflow_run is not null;
create index runs_of_owner on runs (owner) where owner is not null;
create index runs_ended on runs (ended) where ended is not null;
create index runs_logged on runs (ended) where ended is not null and log_lines > 0;

create table run_attempts (
    run text not null,
    attempt bigint not null,
    job_version bigint not null,
    server text not null,
    state text not null,
    started bigint not null,
    ended bigint,
    error text,
    usage text,
    primary key (run, attempt)
);

create table run_queue (
    number {id},
    run text not null unique,
    tenant text not null,
    job text not null,
    urgency bigint not null,
    delayed bigint not null,
    not_before bigint,
    expires bigint
);
create index run_queue_order on run_queue (tenant, job, delayed, urgency, number);
create index run_queue_due on run_queue (not_before) where delayed = 1;
create index run_queue_expiring on run_queue (expires) where expires is not null;

create table run_lanes (
    tenant text not null,
    job text not null,
    max_concurrent bigint not null,
    running bigint not null,
    urgency bigint,
    head bigint,
    ready bigint not null,
    kept bigint not null,
    primary key (tenant, job)
);
create index run_lanes_ready on run_lanes (tenant, urgency, head) where ready = 1;
create index run_lanes_kept on run_lanes (kept);

create table run_tenants (
    tenant text primary key,
    concurrent_runs bigint not null,
    queued_runs bigint not null,
    weight bigint not null,
    waiting bigint not null,
    running bigint not null,
    share bigint not null,
    served bigint not null,
    ready bigint not null
);
create index run_tenants_ready on run_tenants (share, served, tenant) where ready = 1;
create index run_tenants_served on run_tenants (served);

create table run_keys (
    tenant text not null,
    name text not null,
    fingerprint text not null,
    run text not null,
    created bigint not null,
    primary key (tenant, name)
);
create index run_keys_of_time on run_keys (created);

create table run_totals (
    tenant text not null,
    state text not null,
    total bigint not null,
    primary key (tenant, state)
);

create table run_servers (
    id text primary key,
    name text not null,
    joined bigint not null,
    lease bigint not null,
    lease_until bigint not null,
    lost bigint not null
);

create table run_log (
    run bigint not null,
    number bigint not null,
    time bigint not null,
    attempt bigint not null,
    level bigint not null,
    source bigint not null,
    step text,
    message text not null,
    primary key (run, number)
);

create table bookmarks (
    number {id},
    tenant text not null,
    job text not null,
    source text not null,
    position bigint not null,
    run text,
    rewound bigint not null,
    time bigint not null,
    value text
);
create index bookmarks_of_job on bookmarks (tenant, job, source, number);
create index bookmarks_by_number on bookmarks (tenant, job, number);

create table pending_commits (
    run text primary key,
    tenant text not null,
    job text not null,
    time bigint not null,
    tokens text not null,
    bookmarks text not null
);
create unique index pending_of_job on pending_commits (tenant, job);
create table pending_state (
    run text not null,
    name text not null,
    value {blob},
    primary key (run, name)
);
create table job_state (
    tenant text not null,
    job text not null,
    name text not null,
    value {blob} not null,
    bytes bigint not null,
    primary key (tenant, job, name)
)
";
