//! What becomes of each kind of change, of keys, values and names.

use tenon_servers::Postgres;

use crate::source::{Source, short};

/// Inserts, updates, deletes and truncations, in their order.
pub(crate) fn kinds(server: &Postgres) {
    server.psql("create table kinds (id int primary key, name text); insert into kinds values (1, 'a'), (2, 'b')");
    let mut source = Source::new(server, "kinds");
    let mut first = short(&source.commit());
    first.sort();
    assert_eq!(first, ["insert 1 a", "insert 2 b"]);
    server.psql("begin; insert into kinds values (3, null); update kinds set name = 'B' where id = 2; commit");
    server.psql("delete from kinds where id = 1");
    server.psql("begin; insert into kinds values (9, 'never'); rollback");
    let rows = source.commit();
    assert_eq!(short(&rows), ["insert 3 null", "update 2 B", "delete 1 null"]);
    assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), [0, 1, 0]);
    assert!(rows[0].position == rows[1].position && rows[1].position < rows[2].position);
    source.assert_same();
    server.psql("truncate kinds; insert into kinds values (5, 'e')");
    assert_eq!(short(&source.commit()), ["truncate null null", "insert 5 e"]);
    source.assert_same();
    assert!(source.commit().is_empty());
}

/// A row with another key is another row.
pub(crate) fn moved_keys(server: &Postgres) {
    server.psql("create table moved (id int primary key, name text); insert into moved values (1, 'a')");
    let mut source = Source::new(server, "moved");
    source.commit();
    server.psql("update moved set id = 2");
    assert_eq!(short(&source.commit()), ["delete 1 null", "update 2 a"]);
    source.assert_same();
}

/// Keys of several columns, not the first ones.
pub(crate) fn composite_keys(server: &Postgres) {
    server.psql("create table composite (name text, b int, a text, primary key (a, b))");
    let mut source = Source::new(server, "composite");
    source.commit();
    server
        .psql("insert into composite values ('x', 1, 'k'), ('y', 2, 'k'); update composite set name = 'z' where b = 2");
    server.psql("delete from composite where b = 1");
    let rows = source.commit();
    assert_eq!(
        short(&rows),
        ["insert x 1 k", "insert y 2 k", "update z 2 k", "delete null 1 k"]
    );
    source.assert_same();
}

/// Without a key the table would become read only to its applications, so it is refused; not with whole rows in the log.
pub(crate) fn without_keys(server: &Postgres) {
    server.psql("create table keyless (id int, name text); insert into keyless values (1, 'a')");
    let mut source = Source::new(server, "keyless");
    let error = source.run().expect_err("refused").to_string();
    assert!(error.contains("replica identity full"), "{error}");
    server.psql("update keyless set name = 'b'; alter table keyless replica identity full");
    assert_eq!(short(&source.run().unwrap()), ["insert 1 b"]);
    source.since = source.next.clone();
    server.psql("update keyless set name = 'c'; delete from keyless");
    assert_eq!(short(&source.run().unwrap()), ["update 1 c", "delete 1 c"]);
}

/// What the log does not have of a row is taken from the old row, or said.
pub(crate) fn large_values(server: &Postgres) {
    server.psql(
        "create table large (id int primary key, name text, story text); alter table large alter story set storage external; \
         insert into large values (1, 'a', repeat('x', 100000))",
    );
    let mut source = Source::new(server, "large");
    source.commit();
    server.psql("alter table large replica identity full; update large set name = 'b'");
    let rows = source.commit();
    assert_eq!((rows.len(), rows[0].values[2].len()), (1, 100_000));
    source.assert_same();
    server.psql("alter table large replica identity default; update large set name = 'c'");
    let error = source.run().expect_err("the log has no story").to_string();
    assert!(
        error.contains("`story`") && error.contains("replica identity full"),
        "{error}"
    );
    // Begun again, it reads on.
    (source.since, source.state) = (None, std::collections::BTreeMap::new());
    source.commit();
    server.psql("update large set name = 'd', story = 'short'");
    source.commit();
    source.assert_same();
}

/// With the key that changes the log has the old key and no large value that stays; that must not become null.
pub(crate) fn moved_large_values(server: &Postgres) {
    server.psql(
        "create table far (id int primary key, name text, story text); alter table far alter story set storage external; \
         insert into far values (1, null, repeat('x', 100000))",
    );
    let mut source = Source::new(server, "far");
    source.commit();
    server.psql("update far set id = id + 1");
    let error = source.run().expect_err("the log has no story").to_string();
    assert!(
        error.contains("`story`") && error.contains("alter table \"public\".\"far\" replica identity full"),
        "{error}"
    );
    server.psql("alter table far replica identity full");
    (source.since, source.state) = (None, std::collections::BTreeMap::new());
    source.commit();
    server.psql("update far set id = id + 1");
    let rows = source.commit();
    let operations: Vec<&str> = rows.iter().map(|row| row.operation.as_str()).collect();
    assert_eq!(operations, ["delete", "update"]);
    assert!(rows.iter().all(|row| row.values[2].len() == 100_000));
    source.assert_same();
}

/// Values are what they are when the table itself is read, in the binary form and in the one that the server converts.
pub(crate) fn types(server: &Postgres) {
    server.psql("create type mood as enum ('sad', 'it''s ok'); create domain whole as int");
    let binary = "id bigint primary key, b bool, i2 int2, f4 float4, f8 float8, d numeric(20,5), t text, v varchar(9), \
                  c char(4), y bytea, dt date, tm time, ts timestamp, tz timestamptz, iv interval, j json, jb jsonb, u uuid, \
                  m mood, a int[], w whole";
    let values = "true, -5, 1.5, 1e-300, 12345.67890, 'it''s \"😀\"\\', 'v', 'c', '\\x00ff', '2024-02-29', '23:59:59.999999', \
                  '1969-12-31 23:59:59.5', '2024-02-29 12:00:00+05', '1 mon 2 days 03:04:05', '{\"a\": 1}', '{\"a\": 1}', \
                  '12345678-1234-1234-1234-123456789012', 'it''s ok', '{1,null,3}', 7";
    let nulls = "null, ".repeat(19) + "null";
    let more = "n numeric, ip inet, mo money, r int4range, pt point, bits bit(3), x text[]";
    let more_values = "1e30, '10.0.0.1/8', 12.5, '[1,5)', '(1,2)', '101', '{\"it''s\",null}'";
    for (table, columns, values, nulls) in [
        ("types_binary", binary.to_owned(), values.to_owned(), nulls.clone()),
        (
            "types_text",
            format!("{binary}, {more}"),
            format!("{values}, {more_values}"),
            nulls + &", null".repeat(7),
        ),
    ] {
        server.psql(&format!(
            "create table {table} ({columns}); insert into {table} values (1, {values}), (2, {nulls})"
        ));
        let mut source = Source::new(server, table);
        source.commit();
        source.assert_same();
        server.psql(&format!(
            "insert into {table} values (3, {values}), (4, {nulls}); update {table} set t = 'new' where id < 3"
        ));
        assert_eq!(source.commit().len(), 4);
        source.assert_same();
    }
}

/// Names in which there is SQL.
pub(crate) fn odd_names(server: &Postgres) {
    let name = "we\"ird, 'ta\\ble; drop table kinds; -- 😀";
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    let column = "n\"um'ber, \\";
    let of_column = format!("\"{}\"", column.replace('"', "\"\""));
    server.psql(&format!(
        "create schema \"od.d\"; create table \"od.d\".{quoted} ({of_column} int primary key, n numeric)"
    ));
    let mut source = Source::new(server, "placeholder");
    source.table = tenon_database::TableName::new(Some("od.d"), name);
    source.config.slot = Some("odd_names".to_owned());
    source.config.publication = Some(name.chars().take(20).collect());
    source.commit();
    server.psql(&format!(
        "insert into \"od.d\".{quoted} values (1, 2), (2, 3); delete from \"od.d\".{quoted} where n = 2"
    ));
    assert_eq!(short(&source.commit()), ["insert 1 2", "insert 2 3", "delete 1 null"]);
    source.assert_same();
}

/// A column that is added between runs is there from then on, and null before.
pub(crate) fn added_columns(server: &Postgres) {
    server.psql("create table widened (id int primary key)");
    let mut source = Source::new(server, "widened");
    source.commit();
    server.psql("insert into widened values (1); alter table widened add column name text");
    server.psql("insert into widened values (2, 'b')");
    assert_eq!(short(&source.commit()), ["insert 1 null", "insert 2 b"]);
    source.assert_same();
}

/// Changes of partitions are those of their table.
pub(crate) fn partitions(server: &Postgres) {
    server.psql(
        "create table parted (id int primary key, name text) partition by range (id); \
         create table parted_low partition of parted for values from (0) to (10); \
         create table parted_high partition of parted for values from (10) to (20); insert into parted values (1, 'a')",
    );
    let mut source = Source::new(server, "parted");
    source.commit();
    server.psql("insert into parted values (11, 'b'); update parted set id = 12 where id = 1");
    source.commit();
    source.assert_same();
}
