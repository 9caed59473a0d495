//! The tables.

use tenon_metadata::Migrations;

/// The tables of workflows and their runs. They need those of `tenon-runs` and `tenon-events`.
pub const MIGRATIONS: Migrations = Migrations {
    component: "workflows",
    steps: &[
        // Versions outlive their workflow, since runs may refer to them.
        "create table workflows (
             tenant text not null,
             name text not null,
             version bigint not null,
             created bigint not null,
             updated bigint not null,
             primary key (tenant, name)
         );
         create table workflow_versions (
             tenant text not null,
             name text not null,
             version bigint not null,
             definition text not null,
             created bigint not null,
             primary key (tenant, name, version)
         );
         create table workflow_runs (
             id text primary key,
             tenant text not null,
             workflow text not null,
             version bigint not null,
             state text not null,
             attempt bigint not null,
             cause text,
             idempotency_key text,
             depth bigint not null,
             given text not null,
             error text,
             started bigint not null,
             ended bigint,
             due bigint
         );
         create unique index workflow_runs_by_key on workflow_runs (tenant, workflow, idempotency_key);
         create index workflow_runs_by_workflow on workflow_runs (tenant, workflow, id);
         create index workflow_runs_by_tenant on workflow_runs (tenant, id);
         create index workflow_runs_open on workflow_runs (tenant, workflow) where ended is null;
         create index workflow_runs_ended on workflow_runs (ended) where ended is not null;
         create index workflow_runs_due on workflow_runs (due) where due is not null;
         create table workflow_attempts (
             workflow_run text not null,
             attempt bigint not null,
             nodes text not null,
             state text not null,
             error text,
             started bigint not null,
             ended bigint,
             primary key (workflow_run, attempt)
         );
         create table workflow_properties (
             workflow_run text not null,
             name text not null,
             value text not null,
             primary key (workflow_run, name)
         );
         create table workflow_nodes (
             workflow_run text not null,
             node text not null,
             state text not null,
             mark text,
             reason text,
             run text,
             started bigint,
             ended bigint,
             primary key (workflow_run, node)
         );
         create table workflow_node_runs (
             run text primary key,
             workflow_run text not null,
             node text not null,
             attempt bigint not null,
             state text,
             asked text,
             deadline bigint,
             started bigint not null,
             ended bigint
         );
         create index workflow_node_runs_by_node on workflow_node_runs (workflow_run, node);
         create index workflow_node_runs_open on workflow_node_runs (workflow_run) where ended is null",
    ],
};
