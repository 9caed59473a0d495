//! The examples that read and write databases, on real servers, and what becomes of runs that are killed.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use tenon_servers::{MariaDb, Postgres, or_skip};

use crate::place::{Ended, Place, in_examples, parquet};

/// The job of an example, whose paths begin at the top of the repository.
fn job(place: &Place, example: &str) -> String {
    let text = fs::read_to_string(in_examples(&format!("{example}/{example}.toml"))).expect("readable");
    let file = format!("{example}.toml");
    fs::write(place.path(&file), text.replace("examples/", &in_examples(""))).expect("written");
    file
}

fn setup(example: &str) -> String {
    fs::read_to_string(in_examples(&format!("{example}/setup.sql"))).expect("readable")
}

fn run(place: &Place, variable: &str, url: &str, arguments: &[&str]) -> Ended {
    let mut command = place.command(arguments);
    Ended::from(command.env(variable, url).output().expect("started"))
}

#[test]
fn postgres_to_lake_takes_what_is_new() {
    let Some(server) = or_skip("postgres_to_lake_takes_what_is_new", Postgres::start()) else {
        return;
    };
    server.psql(&setup("postgres-to-lake"));
    let place = Place::new();
    let job = job(&place, "postgres-to-lake");
    let run = |arguments: &[&str]| run(&place, "PGURL", &server.url(), arguments);

    let first = run(&["run", &job, "--json"]).succeeded().json();
    assert_eq!(first["rows_out"], 15_000, "{first}");
    let again = run(&["run", &job, "--json"]).succeeded().json();
    assert_eq!(again["status"], "nothing-new", "{again}");

    server.psql(
        "update shop.orders set status = 'paid', updated_at = '2025-01-01' where id = 8; \
         insert into shop.orders (customer_id, status, amount, updated_at) values (1, 'paid', 5, '2025-01-02'), \
         (2, 'draft', 6, '2025-01-03')",
    );
    let third = run(&["run", &job, "--json"]).succeeded().json();
    assert_eq!(third["rows_out"], 2, "{third}");

    let plan = run(&["explain", &job]).succeeded().stdout;
    assert!(
        plan.contains("<> 'draft'") || plan.contains("<> ('draft'"),
        "the filter is pushed: {plan}"
    );
    assert!(
        !plan.contains("details"),
        "columns that nobody reads are not asked for: {plan}"
    );
    let shown = run(&["runs", "show", "last", "--json"]).succeeded();
    assert!(!shown.stdout.contains(&server.url()), "{}", shown.stdout);
}

#[test]
fn cdc_to_parquet_sees_every_change_once() {
    let Some(server) = or_skip("cdc_to_parquet_sees_every_change_once", Postgres::start()) else {
        return;
    };
    server.psql(&setup("cdc-to-parquet"));
    let place = Place::new();
    let job = job(&place, "cdc-to-parquet");
    let rows = || {
        let ended = run(&place, "PGURL", &server.url(), &["run", &job, "--json"])
            .succeeded()
            .json();
        ended["rows_out"].as_u64().expect("a number")
    };
    assert_eq!(rows(), 1_000);
    server.psql("update bank.accounts set balance = 0 where id <= 10");
    server.psql("delete from bank.accounts where id = 11");
    server.psql("insert into bank.accounts values (2000, 'New', 1.5, '2026-01-01')");
    assert_eq!(rows(), 12);
    assert_eq!(rows(), 0);

    let mut changes: Vec<(String, i64)> = Vec::new();
    for file in fs::read_dir(place.path("out/accounts-history")).expect("a folder") {
        for batch in parquet(&file.expect("an entry").path()) {
            let operations = arrow::compute::cast(
                batch.column_by_name("_op").expect("there"),
                &arrow::datatypes::DataType::Utf8,
            );
            let ids = arrow::compute::cast(
                batch.column_by_name("id").expect("there"),
                &arrow::datatypes::DataType::Int64,
            );
            let (operations, ids) = (operations.expect("text"), ids.expect("numbers"));
            let operations = operations.as_string::<i32>();
            let ids = ids.as_primitive::<Int64Type>();
            changes.extend((0..batch.num_rows()).map(|row| (operations.value(row).to_owned(), ids.value(row))));
        }
    }
    let count = |operation: &str| changes.iter().filter(|change| change.0 == operation).count();
    assert_eq!((count("insert"), count("update"), count("delete")), (1_001, 10, 1));
    assert!(changes.contains(&("delete".to_owned(), 11)));
}

#[test]
fn csv_to_mysql_keeps_what_the_table_refuses() {
    let Some(server) = or_skip("csv_to_mysql_keeps_what_the_table_refuses", MariaDb::start()) else {
        return;
    };
    server.client(&setup("csv-to-mysql"));
    let place = Place::new();
    let job = job(&place, "csv-to-mysql");
    let planes = fs::read_to_string(in_examples("flights/planes.csv")).expect("readable");
    let seats = |line: &str| line.split(',').nth(6).and_then(|seats| seats.parse::<u32>().ok());
    let large = planes
        .lines()
        .skip(1)
        .filter(|line| seats(line).is_some_and(|seats| seats >= 400))
        .count();
    let all = planes.lines().count() - 1;
    assert!(large > 0);
    for _ in 0..2 {
        let report = run(&place, "MYSQL_URL", &server.url(), &["run", &job, "--json"])
            .succeeded()
            .json();
        assert_eq!(report["rows_out"], all - large, "{report}");
        let there = server.client("select count(*) from planes");
        assert_eq!(there.trim(), (all - large).to_string());
        let refused = fs::read_to_string(place.path("out/planes-refused.csv")).expect("readable");
        assert_eq!(refused.lines().count(), large + 1, "{refused}");
        assert!(refused.contains("not_a_stadium"), "{refused}");
    }
}

/// A job that writes many rows into a table of Postgres.
fn large_job(place: &Place, url: &str, mode: &str) {
    let mut rows = String::from("id,name\n");
    for id in 0..400_000 {
        writeln!(rows, "{id},name {id}").expect("written");
    }
    fs::write(place.path("rows.csv"), rows).expect("written");
    let job = format!(
        "name = \"large\"\nretries = {{ max = 0 }}\n[sources.rows]\nurl = \"rows.csv\"\n[sinks.table]\nfrom = \"rows\"\n\
         connector = \"postgres\"\nurl = \"{url}\"\ntable = \"target\"\nmode = \"{mode}\"\n"
    );
    fs::write(place.path("large.toml"), job).expect("written");
}

#[test]
fn a_killed_write_neither_loses_nor_doubles() {
    let Some(server) = or_skip("a_killed_write_neither_loses_nor_doubles", Postgres::start()) else {
        return;
    };
    server.psql("create table target (id bigint, name text)");
    let place = Place::new();
    large_job(&place, &server.url(), "append");
    let count = || {
        server
            .psql("select count(*) from target")
            .trim()
            .parse::<u64>()
            .expect("a number")
    };
    let mut expected = 0;
    // From the first connection on to the commit, and past the end.
    for moment in [30, 80, 130, 180, 240, 300, 400, 550, 750, 1_000] {
        let mut process = place
            .command(&["run", "large.toml", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(Duration::from_millis(moment));
        process.kill().ok();
        process.wait().expect("ended");
        let after = count();
        assert!(
            after == expected || after == expected + 400_000,
            "{after} rows after {moment} ms"
        );
        // The next run finishes what was decided, and then writes its own rows.
        let run = place.tenon(&["run", "large.toml", "--json"]).succeeded();
        assert_eq!(run.json()["rows_out"], 400_000);
        let again = count();
        assert!(
            again == expected + 400_000 || again == expected + 800_000,
            "{again} rows, {expected} before, {after} after a kill at {moment} ms"
        );
        assert_eq!(again % 400_000, 0);
        expected = again;
    }
    let doubled = server.psql("select count(*) from (select id from target group by id having count(*) <> (select count(*) / 400000 from target)) x");
    assert_eq!(doubled.trim(), "0", "every row is there as often as every other");
    // What was prepared when its run died stays for a day: its commit might be noted elsewhere.
    server.psql("update _tenon_commits set created_at = created_at - interval '2 days'");
    place.tenon(&["run", "large.toml"]).succeeded();
    let left = server
        .psql("select count(*) from pg_tables where tablename like '\\_tenon\\_%' and tablename <> '_tenon_commits'");
    assert_eq!(left.trim(), "0", "staging tables of the dead are swept");
}

#[test]
fn two_runs_of_one_job_at_once_both_write() {
    let Some(server) = or_skip("two_runs_of_one_job_at_once_both_write", Postgres::start()) else {
        return;
    };
    let place = Place::new();
    large_job(&place, &server.url(), "append");
    server.psql("create table target (id bigint, name text)");
    let start = || -> std::process::Child {
        let mut command: Command = place.command(&["run", "large.toml", "--quiet"]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started")
    };
    let (first, second) = (start(), start());
    for process in [first, second] {
        let output = process.wait_with_output().expect("ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(server.psql("select count(*) from target").trim(), "800000");
}

#[test]
fn a_connection_that_fails_says_at_which_stage() {
    let Some(server) = or_skip("a_connection_that_fails_says_at_which_stage", Postgres::start()) else {
        return;
    };
    let place = Place::new();
    let port = server.port();
    for (url, stage) in [
        ("postgres://me:hunter2@no-such-host.invalid/db".to_owned(), "DNS"),
        ("postgres://me:hunter2@127.0.0.1:1/db".to_owned(), "TCP"),
        (format!("postgres://nobody:hunter2@127.0.0.1:{port}/postgres"), "login"),
        (server.url_of("no-such-database"), "database"),
    ] {
        let mut command = place.command(&["preview", &format!("{url}#t")]);
        let ended = Ended::from(command.output().expect("started"));
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains(&format!(": {stage}: ")), "{url}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    server.psql("create table t (a integer primary key, \"b c\" text); insert into t values (1, 'x'), (2, null)");
    let shown = place.tenon(&["preview", &format!("{}#t", server.url())]).succeeded();
    assert!(shown.stdout.contains("b c"), "{}", shown.stdout);
    let found = place
        .tenon(&["discover", &server.url(), "--columns", "--json"])
        .succeeded()
        .json();
    assert_eq!(found[0]["columns"][1]["name"], "b c", "{found}");
    server.psql("create table u (b text unique, a integer references t)");
    let found = place.tenon(&["discover", &server.url()]).succeeded();
    let line = found.stdout.lines().find(|line| line.contains("public.u"));
    assert!(
        line.is_some_and(|line| line.contains("a -> public.t (a)")),
        "{}",
        found.stdout
    );
    let schemas = place
        .tenon(&["discover", &server.url(), "--schemas", "--json"])
        .succeeded()
        .json();
    assert_eq!(schemas, serde_json::json!(["public"]));
}

#[test]
fn a_database_is_copied_by_a_job_that_can_be_edited() {
    let Some(server) = or_skip("a_database_is_copied_by_a_job_that_can_be_edited", Postgres::start()) else {
        return;
    };
    server.psql(&setup("postgres-to-lake"));
    let place = Place::new();
    place
        .tenon(&["copy", &server.url(), "./lake/", "--schema", "shop"])
        .succeeded();
    let job = fs::read_to_string(place.path("copy.toml")).expect("readable");
    assert!(
        job.contains("${env:SOURCE_URL}") && !job.contains(&server.url()),
        "{job}"
    );
    assert!(job.contains("VAT included"), "comments come along: {job}");
    let count = |folder: &str| crate::place::rows(&place.path(folder));
    assert_eq!(
        (count("lake/shop/orders"), count("lake/shop/customers")),
        (20_000, 1_000)
    );
    // A person edits it, and runs it again.
    let edited = job.replacen("mode = \"overwrite\"", "mode = \"append\"", 1);
    assert_ne!(edited, job);
    fs::write(place.path("copy.toml"), edited).expect("written");
    run(&place, "SOURCE_URL", &server.url(), &["run", "copy.toml"]).succeeded();

    // Into another database, through a stored connection.
    server.psql("create database elsewhere");
    let config = place.path("config");
    let tenon = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        Ended::from(command.env("TENON_CONFIG", &config).output().expect("started"))
    };
    tenon(&["connection", "add", "shop", &server.url()]).succeeded();
    tenon(&["connection", "add", "elsewhere", &server.url_of("elsewhere")]).succeeded();
    let listed = tenon(&["connection", "list", "--json"]).succeeded();
    let password = server.url();
    let password = password.split(['@', ':']).nth(2).expect("a password").to_owned();
    assert!(!listed.stdout.contains(&password), "{}", listed.stdout);
    let tested = tenon(&["connection", "test", "elsewhere"]).succeeded();
    assert!(tested.stdout.contains("PostgreSQL"), "{}", tested.stdout);
    tenon(&[
        "copy",
        "shop",
        "connection:elsewhere",
        "--schema",
        "shop",
        "--job",
        "second.toml",
    ])
    .succeeded();
    let counted = server.psql_in(
        "elsewhere",
        "select (select count(*) from orders), (select sum(amount) from orders)",
    );
    let original = server.psql("select count(*), sum(amount) from shop.orders");
    assert_eq!(counted.expect("counted").trim(), original.trim());
    tenon(&[
        "generate",
        "--from",
        "connection:shop#shop.orders",
        "--to",
        "orders.parquet",
        "one",
    ])
    .succeeded();
    tenon(&["run", "one.toml"]).succeeded();
    assert_eq!(
        parquet(&place.path("orders.parquet"))
            .iter()
            .map(arrow::array::RecordBatch::num_rows)
            .sum::<usize>(),
        20_000
    );
    tenon(&["connection", "remove", "shop"]).succeeded();
    let gone = tenon(&["preview", "connection:shop#shop.orders"]).failed(3);
    assert!(gone.contains("shop"), "{gone}");
}

#[test]
fn a_connection_keeps_the_options_that_it_is_added_with() {
    let place = Place::new();
    let config = place.path("config");
    let tenon = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        Ended::from(command.env("TENON_CONFIG", &config).output().expect("started"))
    };
    let options = [
        ("tls", "verify-full"),
        ("tls_ca", "/certs/ca.pem"),
        ("tls_certificate", "/certs/client.pem"),
        ("tls_key", "/certs/client.key"),
        ("connect_timeout", "3"),
        ("statement_timeout", "600"),
        ("lock_timeout", "5"),
        ("connections", "2"),
    ];
    let mut arguments = vec!["connection".to_owned(), "add".to_owned()];
    arguments.extend(["shop".to_owned(), "postgres://db.example.com/shop".to_owned()]);
    for (key, value) in options {
        arguments.extend([format!("--{}", key.replace('_', "-")), value.to_owned()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    tenon(&arguments).succeeded();
    let shown = tenon(&["connection", "show", "shop", "--json"]).succeeded().json();
    for (key, value) in options {
        let kept = &shown["options"][key];
        let kept = kept.as_str().map_or_else(|| kept.to_string(), str::to_owned);
        assert_eq!(kept, value, "{key}: {shown}");
    }
}

#[test]
fn a_stored_secret_is_found_by_a_job() {
    let Some(server) = or_skip("a_stored_secret_is_found_by_a_job", Postgres::start()) else {
        return;
    };
    server.psql("create table t (a integer primary key); insert into t select generate_series(1, 10)");
    let place = Place::new();
    let config = place.path("config");
    let secret = place.path("secret.txt");
    fs::write(&secret, format!("{}\n", server.url())).expect("written");
    let mut set = place.command(&["secret", "set", "warehouse"]);
    set.env("TENON_CONFIG", &config)
        .stdin(fs::File::open(&secret).expect("a file"));
    Ended::from(set.output().expect("started")).succeeded();
    let job = "[sources.t]\nconnector = \"postgres\"\nurl = \"${secret:warehouse}\"\nquery = \"select a from t where a > ${least}\"\n\
               [params]\nleast = { type = \"int\", default = 4 }\n[sinks.s]\nfrom = \"t\"\nurl = \"out.csv\"\n";
    fs::write(place.path("job.toml"), job).expect("written");
    let mut command = place.command(&["run", "job.toml", "--json", "--param", "least=7"]);
    let ended = Ended::from(command.env("TENON_CONFIG", &config).output().expect("started")).succeeded();
    assert_eq!(ended.json()["rows_out"], 3);
    let said = place.tenon(&["run", "job.toml"]).failed(3);
    assert!(said.contains("warehouse"), "without the store: {said}");
}
