//! The tables.

use tenon_metadata::Migrations;

/// The tables of events, targets and deliveries.
pub const MIGRATIONS: Migrations = Migrations {
    component: "events",
    steps: &[
        // `position` is null until the event is sequenced, with PostgreSQL.
        "create table events (
            number {id},
            tenant text,
            kind text not null,
            subject text not null,
            time bigint not null,
            data text not null,
            position bigint
        );
        create index events_unsequenced on events (number) where position is null;
        create unique index events_by_position on events (position);
        create index events_by_tenant on events (tenant, position);
        create table event_sequence (one bigint primary key, position bigint not null);
        insert into event_sequence (one, position) values (1, 0);
        create table event_cursors (
            name text primary key,
            position bigint not null,
            changed bigint not null
        )",
        // A target's `position` is its cursor; `due` is when it may be used again after failures.
        "create table event_targets (
            tenant text not null,
            name text not null,
            id text not null unique,
            version bigint not null,
            enabled bigint not null,
            destination text not null,
            filter text not null,
            disabled_because text,
            created bigint not null,
            changed bigint not null,
            position bigint not null,
            failures bigint not null,
            due bigint not null,
            lease_owner text,
            lease_until bigint not null,
            primary key (tenant, name)
        );
        create table event_targets_removed (id text primary key);
        create table event_deliveries (
            number {id},
            tenant text not null,
            target text not null,
            event bigint not null,
            position bigint not null,
            kind text not null,
            body text not null,
            state text not null,
            attempts bigint not null,
            created bigint not null,
            due bigint not null,
            finished bigint,
            error text,
            unique (target, event)
        );
        create index event_deliveries_waiting on event_deliveries (target, position) where state = 'pending';
        create index event_deliveries_of_target on event_deliveries (target, state, number);
        create index event_deliveries_finished on event_deliveries (finished) where finished is not null;
        create table event_attempts (
            number {id},
            tenant text not null,
            target text not null,
            delivery bigint not null,
            time bigint not null,
            duration bigint not null,
            status bigint,
            error text
        );
        create index event_attempts_of_delivery on event_attempts (delivery, number);
        create index event_attempts_of_target on event_attempts (target, number);
        create index event_attempts_by_time on event_attempts (time)",
        // With SQLite, events have their positions from the beginning from here on: those before them come first.
        "update events set position = ordered.position from (
            select number, (select position from event_sequence) + row_number() over (order by number) as position
            from events where position is null
        ) as ordered where events.number = ordered.number;
        update event_sequence set position = (select max(position) from events)
            where position < (select max(position) from events)",
    ],
};
