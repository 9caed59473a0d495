//! The tables.

use tenon_metadata::Migrations;

/// Tables of plugins, for [`Metadata::open`](tenon_metadata::Metadata::open). They need those of `tenon-events`.
pub const MIGRATIONS: Migrations = Migrations {
    component: "versions",
    steps: &[
        // `removing` is when the collection of garbage has begun to remove it.
        "create table plugin_blobs (
            digest text primary key,
            size bigint not null,
            touched bigint not null,
            removing bigint
        );
        create table plugin_chunks (
            digest text not null,
            number bigint not null,
            bytes {blob} not null,
            primary key (digest, number)
        );
        create table plugin_versions (
            tenant text not null,
            plugin text not null,
            version bigint not null,
            label text,
            digest text not null,
            size bigint not null,
            facts text,
            state text not null,
            reason text,
            rolled_back bigint not null,
            uploaded_by text not null,
            uploaded_at bigint not null,
            changed_at bigint not null,
            primary key (tenant, plugin, version)
        );
        create unique index plugin_versions_by_digest on plugin_versions (tenant, plugin, digest);
        create index plugin_versions_of_blob on plugin_versions (digest);
        create table plugin_aliases (
            tenant text not null,
            plugin text not null,
            alias text not null,
            version bigint not null,
            revision bigint not null,
            changed_at bigint not null,
            canary bigint,
            share bigint,
            rules text,
            since bigint,
            old_succeeded bigint not null,
            old_failed bigint not null,
            new_succeeded bigint not null,
            new_failed bigint not null,
            failure text,
            primary key (tenant, plugin, alias)
        );
        create table plugin_moves (
            number {id},
            tenant text not null,
            plugin text not null,
            alias text not null,
            kind text not null,
            from_version bigint,
            to_version bigint,
            moved_by text not null,
            reason text not null,
            moved_at bigint not null
        );
        create index plugin_moves_of_plugin on plugin_moves (tenant, plugin, number);
        create table plugin_pins (
            run text not null,
            digest text not null,
            tenant text not null,
            pinned_at bigint not null,
            primary key (run, digest)
        );
        create index plugin_pins_of_blob on plugin_pins (digest)",
    ],
};

/// What changes tell: `tenant/plugin`.
pub(crate) const TOPIC: &str = "plugins";
