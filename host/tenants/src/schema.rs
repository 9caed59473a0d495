//! The tables.

use tenon_metadata::Migrations;

/// Tables of tenants and of what is theirs.
pub const MIGRATIONS: Migrations = Migrations {
    component: "tenants",
    steps: &[FIRST, QUOTA_EVENTS],
};

/// When it was last told that a tenant has reached a quota.
const QUOTA_EVENTS: &str = "
create table quota_events (
    tenant text not null,
    quota text not null,
    told bigint not null,
    primary key (tenant, quota)
);
";

// Tokens: `owner` is the tenant, or nothing for the operator's. A token has several keys while it is being rotated.
const FIRST: &str = "
create table tenants (
    name text primary key,
    title text not null,
    state text not null,
    quotas text not null,
    weight bigint not null,
    version bigint not null,
    created bigint not null,
    changed bigint not null
);
create table tenant_defaults (
    number bigint primary key,
    quotas text not null
);
create table tokens (
    id text primary key,
    owner text not null,
    name text not null,
    scopes text not null,
    created bigint not null,
    created_by text,
    expires bigint,
    last_used bigint,
    version bigint not null,
    unique (owner, name)
);
create table token_keys (
    hash text primary key,
    prefix text not null,
    token text not null references tokens (id) on delete cascade,
    created bigint not null,
    until bigint
);
create index token_keys_prefix on token_keys (prefix);
create index token_keys_token on token_keys (token);
create table audit (
    number bigint primary key,
    time bigint not null,
    tenant text,
    principal text not null,
    action text not null,
    target text not null,
    details text not null,
    request text,
    address text,
    hash text not null
);
create index audit_tenant on audit (tenant, number);
create index audit_time on audit (time);
create table audit_ends (
    number bigint primary key,
    first bigint not null,
    before_first text not null,
    last bigint not null,
    last_hash text not null
);
create table usage_daily (
    tenant text not null,
    day bigint not null,
    job text not null,
    runs bigint not null,
    cpu_sandbox_us bigint not null,
    cpu_kernels_us bigint not null,
    peak_memory bigint not null,
    rows_in bigint not null,
    rows_out bigint not null,
    bytes_in bigint not null,
    bytes_out bigint not null,
    primary key (tenant, day, job)
);
create index usage_daily_day on usage_daily (day);
create table usage_runs (
    tenant text not null,
    run text not null,
    job text not null,
    changed bigint not null,
    runs bigint not null,
    cpu_sandbox_us bigint not null,
    cpu_kernels_us bigint not null,
    peak_memory bigint not null,
    rows_in bigint not null,
    rows_out bigint not null,
    bytes_in bigint not null,
    bytes_out bigint not null,
    primary key (tenant, run)
);
create index usage_runs_changed on usage_runs (changed);
create table tenant_secrets (
    tenant text not null,
    name text not null,
    version bigint not null,
    key_id text not null,
    sealed {blob} not null,
    jobs text,
    created bigint not null,
    changed bigint not null,
    primary key (tenant, name)
);
create index tenant_secrets_key on tenant_secrets (key_id);
create table tenant_connections (
    tenant text not null,
    name text not null,
    version bigint not null,
    connection text not null,
    created bigint not null,
    changed bigint not null,
    primary key (tenant, name)
);
";
