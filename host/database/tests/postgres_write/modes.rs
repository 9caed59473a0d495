//! What each mode does to a table that is there, and to one that is not.

use tenon_database::{Begun, Error, Mode, Replaced};

use super::support::{Fixture, NoneRejected, ready, request, rows, to, write_parts};

#[tokio::test]
async fn a_table_is_made() {
    let Some(on) = Fixture::new("made") else { return };
    let committed = on
        .write("r1", to("t", Mode::Error), &[rows(&[1, 2]), rows(&[3])])
        .await
        .expect("written");
    assert_eq!((committed.rows, committed.table.as_str()), (3, "public.t"));
    assert!(committed.bytes > 0);
    assert_eq!(on.psql("select * from t order by id"), "1|name 1\n2|name 2\n3|name 3");
    assert_eq!(on.leftovers(), "");
    let refused = on
        .write("r2", to("t", Mode::Error), &[rows(&[4])])
        .await
        .expect_err("it is there");
    assert_eq!(
        refused,
        Error::Exists {
            table: "public.t".into()
        }
    );
    let ignored = on
        .database()
        .begin(request("r3", to("t", Mode::Ignore), &rows(&[4])))
        .await
        .expect("begun");
    assert!(matches!(ignored, Begun::Ignored));
    assert_eq!(
        on.psql("select state, rows, target from _tenon_commits"),
        "committed|3|public.t"
    );
}

#[tokio::test]
async fn keys_become_the_primary_key() {
    let Some(on) = Fixture::new("keys_made") else { return };
    for (mode, table) in [
        (Mode::Error, "a"),
        (Mode::Append, "b"),
        (Mode::Overwrite, "c"),
        (Mode::Upsert, "d"),
    ] {
        let mut config = to(table, mode);
        config.keys = vec!["id".into()];
        on.write(&format!("run-{table}"), config.clone(), &[rows(&[2, 1])])
            .await
            .expect("written");
        let key = format!(
            "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = '{table}'::regclass"
        );
        assert_eq!(on.psql(&key), format!("{table}_pkey|PRIMARY KEY (id)"));
        config.table = format!("{table}2");
        let twice = on
            .write(&format!("twice-{table}"), config, &[rows(&[5]), rows(&[5])])
            .await
            .expect_err("twice");
        assert!(
            matches!(&twice, Error::Constraint { table, message } if table.ends_with('2') && message.contains("(id)=(5)")),
            "{twice}"
        );
        assert_eq!(on.leftovers(), "");
        assert_eq!(on.psql(&format!("select to_regclass('{table}2')")), "");
    }
}

#[tokio::test]
async fn rows_are_added() {
    let Some(on) = Fixture::new("added") else { return };
    on.write("r1", to("t", Mode::Append), &[rows(&[1])])
        .await
        .expect("written");
    on.write("r2", to("t", Mode::Append), &[rows(&[1]), rows(&[2])])
        .await
        .expect("written");
    assert_eq!(
        on.psql("select id, count(*) from t group by id order by id"),
        "1|2\n2|1"
    );
}

#[tokio::test]
async fn a_plain_table_is_replaced_as_a_whole() {
    let Some(on) = Fixture::new("swapped") else { return };
    on.psql("create table t (id bigint not null, name text); insert into t values (9, 'old')");
    let before = on.psql("select 't'::regclass::oid");
    let (load, prepared) = on
        .prepare("r1", to("t", Mode::Overwrite), &[rows(&[1])], &NoneRejected)
        .await
        .expect("prepared");
    assert_eq!(prepared.replaced, Replaced::Table);
    load.commit().await.expect("committed");
    assert_eq!(on.psql("select * from t"), "1|name 1");
    assert_ne!(on.psql("select 't'::regclass::oid"), before);
    assert_eq!(
        on.psql("select attnotnull from pg_attribute where attrelid = 't'::regclass and attname = 'id'"),
        "t"
    );
}

#[tokio::test]
async fn what_depends_on_a_table_stays() {
    let Some(on) = Fixture::new("depends") else { return };
    let cases = [
        ("view", "create view v as select * from view", "select count(*) from v"),
        (
            "granted",
            "create role reader; grant select on granted to reader",
            "select relacl is not null from pg_class where relname = 'granted'",
        ),
        (
            "indexed",
            "create index on indexed (name)",
            "select count(*) from pg_index where indrelid = 'indexed'::regclass",
        ),
        (
            "triggered",
            "create function f() returns trigger language plpgsql as 'begin return new; end'; create trigger g before insert on triggered for each row execute function f()",
            "select count(*) from pg_trigger where tgrelid = 'triggered'::regclass",
        ),
        (
            "defaulted",
            "alter table defaulted add column made int default 7",
            "select sum(made) = 14 from defaulted",
        ),
        (
            "identified",
            "alter table identified add column n int generated always as identity",
            "select count(distinct n) = 2 from identified",
        ),
        (
            "computed",
            "alter table computed add column n bigint generated always as (id * 2) stored",
            "select sum(n) = 6 from computed",
        ),
        (
            "commented",
            "comment on table commented is 'x'",
            "select count(*) from pg_description where objoid = 'commented'::regclass",
        ),
        (
            "checked",
            "alter table checked add check (id > 0)",
            "select count(*) from pg_constraint where conrelid = 'checked'::regclass",
        ),
        (
            "typed",
            "create function g(typed) returns int language sql as 'select 1'",
            "select count(*) from pg_proc where proname = 'g'",
        ),
    ];
    for (table, and, holds) in cases {
        on.psql(&format!(
            "create table {table} (id bigint, name text); insert into {table} values (9, 'old'); {and}"
        ));
        let before = on.psql(&format!("select '{table}'::regclass::oid"));
        let config = to(table, Mode::Overwrite);
        let committed = on
            .write(&format!("run-{table}"), config, &[rows(&[1, 2])])
            .await
            .expect(table);
        assert_eq!(committed.rows, 2);
        assert_eq!(
            on.psql(&format!("select id, name from {table} order by id")),
            "1|name 1\n2|name 2",
            "{table}"
        );
        assert_eq!(on.psql(&format!("select '{table}'::regclass::oid")), before, "{table}");
        let holds = on.psql(holds);
        assert!(["t", "1", "2"].contains(&holds.as_str()), "{table}: {holds}");
    }
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn rows_that_other_tables_refer_to_stay_in_place() {
    let Some(on) = Fixture::new("referred") else { return };
    on.psql(
        "create table t (id bigint primary key, name text, kept int default 5);
         create table child (t bigint references t on delete cascade);
         insert into t values (1, 'old', 1), (2, 'old', 2), (3, 'old', 3); insert into child values (1), (3)",
    );
    on.write("r1", to("t", Mode::Overwrite), &[rows(&[1, 4])])
        .await
        .expect("written");
    assert_eq!(on.psql("select * from t order by id"), "1|name 1|5\n4|name 4|5");
    assert_eq!(on.psql("select * from child"), "1");
}

#[tokio::test]
async fn partitioned_tables_are_written() {
    let Some(on) = Fixture::new("partitioned") else { return };
    on.psql(
        "create table t (id bigint primary key, name text) partition by range (id);
         create table t1 partition of t for values from (0) to (10);
         create table t2 partition of t for values from (10) to (20); insert into t values (1, 'old'), (15, 'old')",
    );
    on.write("r1", to("t", Mode::Overwrite), &[rows(&[2, 12])])
        .await
        .expect("overwritten");
    assert_eq!(
        on.psql("select id, tableoid::regclass from t order by id"),
        "2|t1\n12|t2"
    );
    on.write("r2", to("t", Mode::Upsert), &[rows(&[2, 13])])
        .await
        .expect("merged");
    assert_eq!(on.psql("select id from t order by id"), "2\n12\n13");
    let outside = on
        .write("r3", to("t", Mode::Append), &[rows(&[99])])
        .await
        .expect_err("no partition");
    assert!(outside.to_string().contains("no partition of relation"), "{outside}");
}

#[tokio::test]
async fn no_rows_are_written_too() {
    let Some(on) = Fixture::new("empty") else { return };
    for (run, mode) in [
        ("a", Mode::Error),
        ("b", Mode::Append),
        ("c", Mode::Overwrite),
        ("d", Mode::Upsert),
    ] {
        let table = format!("t_{run}");
        let mut config = to(&table, mode);
        config.keys = vec!["id".into()];
        let committed = on.write(run, config, &[rows(&[])]).await.expect("written");
        assert_eq!(committed.rows, 0);
        assert_eq!(on.psql(&format!("select count(*) from {table}")), "0");
        // Nor is a writer needed.
        let mut load = ready(
            on.database()
                .begin(request(&format!("{run}2"), to(&table, Mode::Append), &rows(&[])))
                .await
                .expect("begun"),
        );
        load.prepare(Vec::new(), &NoneRejected).await.expect("prepared");
        assert_eq!(load.commit().await.expect("committed").rows, 0);
    }
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn two_runs_at_once() {
    let Some(on) = Fixture::new("at_once") else { return };
    for (name, mode) in [
        ("error", Mode::Error),
        ("append", Mode::Append),
        ("overwrite", Mode::Overwrite),
        ("upsert", Mode::Upsert),
    ] {
        let mut config = to(&format!("t_{name}"), mode);
        if mode == Mode::Upsert {
            config.keys = vec!["id".into()];
        }
        let (batch, database) = (rows(&[1, 2]), on.database());
        let mut first = ready(
            database
                .begin(request(&format!("{name}-1"), config.clone(), &batch))
                .await
                .expect("begun"),
        );
        let mut second = ready(
            database
                .begin(request(&format!("{name}-2"), config.clone(), &batch))
                .await
                .expect("begun"),
        );
        let parts = (
            write_parts(&*first, std::slice::from_ref(&batch))
                .await
                .expect("written"),
            write_parts(&*second, std::slice::from_ref(&batch))
                .await
                .expect("written"),
        );
        first.prepare(parts.0, &NoneRejected).await.expect("prepared");
        // The second one waits until the first one has committed.
        let late = tokio::spawn(async move {
            second.prepare(parts.1, &NoneRejected).await?;
            second.commit().await
        });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        first.commit().await.expect("committed");
        let late = late.await.expect("no panic");
        let count = on.psql(&format!("select count(*) from t_{name}"));
        match mode {
            Mode::Error => {
                assert_eq!(
                    late,
                    Err(Error::Exists {
                        table: "public.t_error".into()
                    })
                );
                assert_eq!(count, "2");
            }
            Mode::Append => assert_eq!((late.expect("committed").rows, count.as_str()), (2, "4")),
            _ => assert_eq!((late.expect("committed").rows, count.as_str()), (2, "2")),
        }
    }
    // The one that failed has been dropped without being given up.
    on.write("sweeps", to("other", Mode::Error), &[rows(&[1])])
        .await
        .expect("written");
}

#[tokio::test]
async fn permissions_are_asked_for_first() {
    let Some(on) = Fixture::new("permissions") else { return };
    on.psql(
        "create role poor login password 'p'; create table t (id bigint, name text); create schema closed; \
         create table closed.t (id bigint, name text); grant usage on schema closed to poor; \
         create schema opened; grant all on schema opened to poor; create table opened.t (id bigint, name text)",
    );
    let database = on.database_with(|config| {
        config.options.user = Some("poor".into());
        config.options.password = Some(tenon_database::Secret::new("p"));
    });
    for (table, mode, expected) in [
        ("closed.t", Mode::Append, "may not create tables in the schema `closed`"),
        (
            "public.fresh",
            Mode::Error,
            "may not create tables in the schema `public`",
        ),
        ("opened.t", Mode::Append, "may not insert there"),
        ("opened.t", Mode::Overwrite, "may not insert, delete there"),
        ("absent.t", Mode::Append, "no schema `absent`"),
    ] {
        let refused = database
            .begin(request("r", to(table, mode), &rows(&[1])))
            .await
            .expect_err(table);
        assert!(
            refused.to_string().contains(expected) && refused.to_string().contains(table),
            "{refused}"
        );
    }
    on.psql("create view v as select 1 as id");
    let refused = on
        .database()
        .begin(request("r", to("v", Mode::Append), &rows(&[1])))
        .await
        .expect_err("a view");
    assert!(refused.to_string().contains("it is a view"), "{refused}");
}
