//! The tables.

use tenon_metadata::Migrations;

/// The tables of triggers, their history, and events that wait for their batch.
pub const MIGRATIONS: Migrations = Migrations {
    component: "triggers",
    steps: &[
        // What is due is found by three indexes: `next_fire` of schedules (`next_due` and jitter), `batch_due` of events
        // that wait, `look_due` of probes. `postponed`: the due time was seen to, but the queue was full.
        "create table triggers (
            tenant text not null,
            name text not null,
            id text not null unique,
            version bigint not null,
            state text not null,
            source text not null,
            definition text not null,
            created bigint not null,
            changed bigint not null,
            activated bigint,
            next_due bigint,
            next_fire bigint,
            postponed bigint not null,
            batch_due bigint,
            pending bigint not null,
            look_due bigint,
            look_cursor text,
            failures bigint not null,
            last_fired bigint,
            last_error text,
            primary key (tenant, name)
        );
        create index triggers_next_fire on triggers (next_fire) where next_fire is not null;
        create index triggers_batch_due on triggers (batch_due) where batch_due is not null;
        create index triggers_look_due on triggers (look_due) where look_due is not null;
        create index triggers_source on triggers (tenant, source, state);
        create table trigger_pending (
            number {id},
            trigger_id text not null,
            event_key text not null,
            depth bigint not null,
            time bigint not null,
            item text not null
        );
        create index trigger_pending_of_trigger on trigger_pending (trigger_id, number);
        create table trigger_firings (
            number {id},
            tenant text not null,
            trigger_id text not null,
            due bigint not null,
            fired bigint not null,
            outcome text not null,
            events bigint not null,
            started text not null,
            reason text
        );
        create index trigger_firings_of_trigger on trigger_firings (trigger_id, number);
        create table trigger_deliveries (
            trigger_id text not null,
            delivery text not null,
            time bigint not null,
            primary key (trigger_id, delivery)
        );
        create index trigger_deliveries_time on trigger_deliveries (time)",
        // A tenant's calls of the last minute are counted without looking at those of others.
        "create index trigger_deliveries_of_trigger on trigger_deliveries (trigger_id, time)",
    ],
};
