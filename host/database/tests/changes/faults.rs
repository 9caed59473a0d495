//! What can go wrong is said, with what to do.

use tenon_servers::{PASSWORD, Postgres};

use crate::source::Source;

fn refused(source: &mut Source, expected: &[&str]) {
    let error = source.run().expect_err("refused").to_string();
    for text in expected {
        assert!(error.contains(text), "{text:?} is not in: {error}");
    }
}

/// Columns that were dropped, renamed or retyped while the log has rows of before.
pub(crate) fn changed_columns(server: &Postgres) {
    for (name, alteration, expected) in [
        ("dropped", "drop column name", "`name`"),
        ("renamed", "rename column name to title", "`name`"),
        ("retyped", "alter column name type int using 1", "`name`"),
    ] {
        server.psql(&format!("create table {name} (id int primary key, name text)"));
        let mut source = Source::new(server, name);
        source.commit();
        server.psql(&format!(
            "insert into {name} values (1, 'a'); alter table {name} {alteration}"
        ));
        refused(&mut source, &[expected, "forget the source's bookmark"]);
        source.since = None;
        source.commit();
        server.psql(&format!("insert into {name} (id) values (2)"));
        source.commit();
        source.assert_same();
    }
}

/// Slots that are gone, in use, read on by others, of another database or another kind.
pub(crate) fn slots(server: &Postgres) {
    server.psql("create table slotted (id int primary key)");
    let mut source = Source::new(server, "slotted");
    source.commit();
    server.psql("insert into slotted values (1)");
    let mut other = Source::new(server, "slotted");
    other.since.clone_from(&source.since);
    other.config.slot = Some("another".to_owned());
    refused(&mut other, &["`another`", "slot_slotted"]);
    server.psql("create table unslotted (id int primary key)");
    let mut other = Source::new(server, "unslotted");
    other.since.clone_from(&source.since);
    other.config.slot = Some("slot_slotted".to_owned());
    refused(
        &mut other,
        &["public.slotted", "public.unslotted", "forget its bookmark"],
    );
    server.psql(
        "select pg_logical_slot_get_binary_changes('slot_slotted', null, null, 'proto_version', '1', \
                 'publication_names', 'slot_slotted')",
    );
    refused(&mut source, &["slot_slotted", "changes are lost"]);
    server.psql("select pg_drop_replication_slot('slot_slotted')");
    refused(&mut source, &["slot_slotted", "gone", "forget the source's bookmark"]);
    server.psql("select pg_create_physical_replication_slot('slot_slotted')");
    source.since = None;
    refused(&mut source, &["slot_slotted", "physical"]);
    server.psql("select pg_drop_replication_slot('slot_slotted')");
    server
        .psql_in(
            "postgres",
            "select pg_create_logical_replication_slot('slot_slotted', 'pgoutput')",
        )
        .unwrap();
    refused(&mut source, &["slot_slotted", "`postgres`"]);
    server
        .psql_in("postgres", "select pg_drop_replication_slot('slot_slotted')")
        .unwrap();
    server.psql("select pg_create_logical_replication_slot('slot_slotted', 'test_decoding')");
    refused(&mut source, &["slot_slotted", "test_decoding"]);
    server.psql("select pg_drop_replication_slot('slot_slotted')");
    source.config.slot = Some("Not A Name".to_owned());
    refused(&mut source, &["Not A Name"]);
    server.psql("create view of_slotted as select * from slotted");
    refused(&mut Source::new(server, "of_slotted"), &["of_slotted", "only tables"]);
}

/// A user who may read the table, and neither publish it nor replicate.
pub(crate) fn permissions(server: &Postgres) {
    server.psql(&format!(
        "create table guarded (id int primary key); create role reader login password '{PASSWORD}'; \
         grant select on guarded to reader"
    ));
    let url = server.url().replacen("tenon:", "reader:", 1);
    let mut source = Source::of(url, "guarded");
    refused(
        &mut source,
        &["create publication \"slot_guarded\" for table \"public\".\"guarded\""],
    );
    server.psql("create publication slot_guarded for table guarded");
    refused(&mut source, &["slot_guarded", "replication"]);
    server.psql("alter role reader replication");
    source.commit();
    server.psql("insert into guarded values (1)");
    source.commit();
    source.assert_same();
    server.psql("create table unpublished (id int primary key); grant select on unpublished to reader");
    let mut source = Source::of(server.url(), "unpublished");
    source.config.publication = Some("slot_guarded".to_owned());
    refused(
        &mut source,
        &["alter publication \"slot_guarded\" add table \"public\".\"unpublished\""],
    );
}
