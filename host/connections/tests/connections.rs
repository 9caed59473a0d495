//! Connections: stored, read, edited by hand, and used.

mod common;

use std::fs;
use std::process::Command;

use common::Home;
use tenon_connections::{Connections, Error, NewConnection, Origin, Scope};
use tenon_database::{ConnectOptions, Driver, Secret, Tls};

const URL: &str = "postgres://etl:hunter2@db.example.com/shop";

fn added(home: &Home, new: NewConnection) -> Result<tenon_connections::Added, Error> {
    home.connections().add(new, &home.secrets())
}

/// What a file that somebody has written is refused with.
fn refusal(text: &str) -> String {
    let home = Home::new();
    home.write(".config/tenon/connections.toml", text);
    let error = Connections::open(&home.places()).expect_err(text).to_string();
    let (place, reason) = error
        .split_once(".config/tenon/connections.toml:")
        .expect("the file is named");
    assert!(place.starts_with('/'));
    assert!(
        !format!("{error:?}").contains("hunter2") && !error.contains("hunter2"),
        "{error}"
    );
    reason.to_owned()
}

#[test]
fn a_password_goes_to_the_secrets_and_a_reference_to_the_file() {
    let home = Home::new();
    let answer = added(&home, NewConnection::new("warehouse", URL)).expect("added");
    assert_eq!(answer.secret.as_deref(), Some("warehouse_password"));
    let text = home.read(".config/tenon/connections.toml");
    assert!(
        text.starts_with("# Connections of Tenon. Passwords do not belong here")
            && text.contains("\n\n[connections.warehouse]\ndriver = \"postgres\"\n"),
        "{text}"
    );
    assert!(
        text.contains(
            "url = \"postgres://etl@db.example.com/shop\"\npassword = \"${secret:warehouse_password}\"\ncreated = "
        ),
        "{text}"
    );
    assert!(!text.contains("hunter2"));
    let connections = home.connections();
    let warehouse = connections.find("warehouse").expect("stored");
    assert_eq!(answer.connection, *warehouse);
    let config = warehouse.resolve(&home.secrets()).expect("resolved");
    assert_eq!(config.url.reveal(), "postgres://etl@db.example.com/shop");
    assert_eq!(config.options.password.as_ref().map(Secret::reveal), Some("hunter2"));
    let shown = format!("{answer:?} {connections:?} {config:?} {:?}", home.secrets());
    let serialised = serde_json::to_string(warehouse).expect("serialised");
    assert!(!shown.contains("hunter2") && !serialised.contains("hunter2"));
    assert!(
        serialised.contains("\"password\":\"${secret:warehouse_password}\""),
        "{serialised}"
    );
    assert!(
        !serialised.contains("connect_timeout"),
        "only what differs from the defaults: {serialised}"
    );
}

#[test]
fn options_and_references_are_kept_as_they_are_and_resolved_when_used() {
    let home = Home::with(&[("PGHOST", "db.internal"), ("TENON_SECRET_DB_USER", "etl")]);
    let mut new = NewConnection::new("lake", "mysql://${secret:db-user}:${env:PGPASS}@${env:PGHOST}/lake");
    new.options.tls = Some(Tls::VerifyFull);
    new.options.tls_ca = Some("/certs/${env:PGHOST}.pem".into());
    new.options.statement_timeout = Some(60);
    let answer = added(&home, new).expect("added");
    assert_eq!((answer.secret, answer.connection.driver), (None, Driver::Mysql));
    let connections = home.connections();
    let lake = connections.find("lake").expect("stored");
    assert_eq!(lake.url, "mysql://${secret:db-user}@${env:PGHOST}/lake");
    let error = lake
        .resolve(&home.secrets())
        .expect_err("a variable is missing")
        .to_string();
    assert!(
        error.contains("connection `lake`") && error.contains("PGPASS is not set"),
        "{error}"
    );
    assert!(error.contains("connections.toml:3"), "{error}");
    let home = home.and(&[("PGPASS", "p@ss/wörd")]);
    let config = lake.resolve(&home.secrets()).expect("resolved");
    assert_eq!(config.url.reveal(), "mysql://etl@db.internal/lake");
    let expected = ConnectOptions {
        password: Some(Secret::new("p@ss/wörd")),
        tls: Some(Tls::VerifyFull),
        tls_ca: Some("/certs/db.internal.pem".into()),
        statement_timeout: Some(60),
        ..ConnectOptions::default()
    };
    assert_eq!(config.options, expected);
}

#[test]
fn values_are_not_searched_for_references() {
    let home = Home::with(&[("TENON_SECRET_P", "${env:HOME}")]);
    added(&home, NewConnection::new("a", "postgres://u:${secret:p}@h/d")).expect("added");
    let config = home
        .connections()
        .find("a")
        .expect("stored")
        .resolve(&home.secrets())
        .expect("resolved");
    assert_eq!(
        config.options.password.as_ref().map(Secret::reveal),
        Some("${env:HOME}")
    );
}

#[test]
fn a_connection_is_replaced_only_if_it_may_be() {
    let home = Home::new();
    added(&home, NewConnection::new("a", URL)).expect("added");
    let again = |replace| NewConnection {
        replace,
        password: Some(Secret::new("hunter3")),
        ..NewConnection::new("a", "mysql://h/d")
    };
    let error = added(&home, again(false)).expect_err("there is one");
    assert!(
        matches!(&error, Error::ConnectionExists { name, .. } if name == "a"),
        "{error}"
    );
    let answer = added(&home, again(true)).expect("replaced");
    assert!(answer.replaced && answer.connection.created <= answer.connection.changed);
    assert_eq!(home.secrets().get("a_password").expect("stored").reveal(), "hunter3");
    let without = NewConnection {
        replace: true,
        ..NewConnection::new("a", "mysql://h/d")
    };
    added(&home, without).expect("replaced");
    assert!(
        matches!(home.secrets().get("a_password"), Err(Error::NoSecret { .. })),
        "a new one never gets an old password"
    );
}

#[test]
fn the_secret_of_somebody_else_is_not_overwritten() {
    let home = Home::new();
    home.secrets().set("a_password", &Secret::new("other")).expect("stored");
    let error = added(&home, NewConnection::new("a", URL)).expect_err("taken");
    assert!(matches!(error, Error::SecretTaken { .. }), "{error}");
    assert!(home.connections().iter().next().is_none());
    home.secrets()
        .set("a_password", &Secret::new("hunter2"))
        .expect("stored");
    added(&home, NewConnection::new("a", URL)).expect("an attempt that was interrupted can be repeated");
}

#[test]
fn removing_takes_the_password_along_unless_it_is_used() {
    let home = Home::with(&[]);
    let secrets = home.secrets();
    added(&home, NewConnection::new("a", URL)).expect("added");
    added(&home, NewConnection::new("b", "mysql://u:${secret:a_password}@h")).expect("added");
    let mut connections = home.connections();
    let removed = connections.remove("a", &secrets).expect("removed");
    assert_eq!(
        (removed.secret, secrets.get("a_password").expect("kept").reveal()),
        (None, "hunter2")
    );
    assert!(matches!(connections.find("a"), Err(Error::NoConnection { .. })));
    added(&home, NewConnection::new("c", URL)).expect("added");
    let removed = home.connections().remove("c", &secrets).expect("removed");
    assert_eq!(removed.secret.as_deref(), Some("c_password"));
    assert!(secrets.find("c_password").expect("read").is_none());
}

#[test]
fn unknown_connections_are_answered_with_the_nearest() {
    let home = Home::new();
    added(&home, NewConnection::new("warehouse", URL)).expect("added");
    let find = |name: &str| home.connections().find(name).expect_err(name).to_string();
    assert_eq!(
        find("warehuose"),
        "there is no connection `warehuose`; did you mean `warehouse`?"
    );
    assert_eq!(
        find("billing"),
        "there is no connection `billing`; there are `warehouse`"
    );
}

#[test]
fn what_cannot_be_stored_is_refused_without_showing_it() {
    let home = Home::new();
    let two = NewConnection {
        password: Some(Secret::new("x")),
        ..NewConnection::new("a", URL)
    };
    for (new, expected) in [
        (NewConnection::new("2 a", URL), "can't be the name of a connection"),
        (
            NewConnection::new("a", "db.example.com:hunter2"),
            "begin with the name of a driver",
        ),
        (
            NewConnection::new("a", "postgres:etl:hunter2@h"),
            "begin with `postgres://`",
        ),
        (
            NewConnection::new("a", "postgres://etl:hun/ter2@h/hunter2"),
            "cannot be told where the password",
        ),
        (NewConnection::new("a", "${env:URL}"), "does not tell the driver"),
        (NewConnection::new("a", "postgres://${param}@h/hunter2"), "no reference"),
        (two, "two passwords"),
    ] {
        let error = added(&home, new).expect_err(expected).to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    assert!(!home.path(".config/tenon/secrets.enc").exists());
}

#[test]
fn a_connection_string_keeps_its_form() {
    let home = Home::new();
    added(
        &home,
        NewConnection::new("old", "odbc:Driver={X};UID=u;PWD={hun;ter2};A=1"),
    )
    .expect("added");
    let connections = home.connections();
    let old = connections.find("old").expect("stored");
    assert_eq!(old.url, "odbc:Driver={X};UID=u;PWD=${secret:old_password};A=1");
    let config = old.resolve(&home.secrets()).expect("resolved");
    assert_eq!(config.url.reveal(), "odbc:Driver={X};UID=u;PWD={hun;ter2};A=1");
    assert_eq!(config.options.password, None);
}

#[test]
fn a_file_may_be_edited_by_hand_and_keeps_its_comments() {
    let home = Home::new();
    let text = "# mine\n[connections.a]\n# why\nurl = \"mysql://${env:U}:${secret:p}@h/d\" # here\nlock_timeout = 5\n\n# of b\n[connections.b]\ndriver = \"redshift\"\nurl = \"${env:B}\"\n";
    home.write(".config/tenon/connections.toml", text);
    let connections = home.connections();
    let a = connections.find("a").expect("there");
    assert_eq!(
        (a.url.as_str(), a.options.lock_timeout, a.line),
        ("mysql://${env:U}@h/d", 5, 2)
    );
    assert_eq!(connections.find("b").expect("there").driver, Driver::Redshift);
    added(&home, NewConnection::new("c", URL)).expect("added");
    let after = home.read(".config/tenon/connections.toml");
    assert!(after.starts_with(text), "{after}");
    added(
        &home,
        NewConnection {
            replace: true,
            ..NewConnection::new("b", "mysql://h/e")
        },
    )
    .expect("replaced");
    home.connections().remove("c", &home.secrets()).expect("removed");
    let after = home.read(".config/tenon/connections.toml");
    assert!(after.contains("# of b\n[connections.b]\ndriver = \"mysql\""), "{after}");
    assert!(
        after.starts_with("# mine\n[connections.a]\n# why\n") && !after.contains("connections.c"),
        "{after}"
    );
    let inline = Home::new();
    inline.write(
        ".config/tenon/connections.toml",
        "connections = { a = { url = 'mysql://h/d' } }",
    );
    added(&inline, NewConnection::new("b", URL)).expect("added");
    assert_eq!(inline.connections().iter().count(), 2);
}

#[test]
fn mistakes_are_told_with_their_line_and_the_nearest_key() {
    let entry = |rest: &str| refusal(&format!("# one\n\n[connections.a]\nurl = 'mysql://h/d'\n{rest}"));
    assert_eq!(
        entry("pasword = 'hunter2'"),
        "5: connection `a`: unknown key `pasword`; did you mean `password`?"
    );
    assert!(entry("tls = 'verify'").starts_with("5: connection `a`: `tls`: unknown variant"));
    assert!(entry("lock_timeout = 'x'").starts_with("5: connection `a`: `lock_timeout`: "));
    assert!(entry("user = '${x}'").starts_with("5: connection `a`: `user`: "));
    assert!(entry("\npassword = 'hunter2'").starts_with("6: connection `a`: passwords do not belong in this file"));
    assert!(entry("password = 'hunter2${env:X}'").contains("5: connection `a`: passwords do not belong"));
    assert!(entry("password = 5").contains("passwords do not belong"));
    assert!(entry("driver = 'postgre'").ends_with("did you mean `postgres`?"));
    assert!(entry("created = 'today'").contains("5: connection `a`: `created` is a time"));
    assert!(entry("user = ['hunter2']").contains("5: connection `a`: `user` is a text"));
    assert!(entry("user = 'hunter2").starts_with("5: this is not TOML"));
    let at_3 = "3: connection `a`: ";
    for (text, expected) in [
        (
            "\n\n[connections.a]\ndriver = 'mysql'",
            format!("{at_3}it has no `url`"),
        ),
        (
            "\n[connections.a]\nurl = 'mysql://u:hunter2@h'",
            format!("{at_3}passwords do not belong"),
        ),
        (
            "\n[connections.a]\nurl = 'mysql://h/d?sslpassword=hunter2'",
            format!("{at_3}the value of `sslpassword`"),
        ),
        (
            "\n[connections.a]\nurl = 'u:hunter2@h'\ndriver = 'mysql'",
            format!("{at_3}the URL has to begin"),
        ),
        ("\n[connections.a]\nurl = 5", format!("{at_3}`url` is a text")),
        (
            "\n\n[connections.a]\nurl = '${env:X}'",
            format!("{at_3}it has no `driver`"),
        ),
        ("\n\n[connections.'a b']", "3: `a b` can't be the name".to_owned()),
        ("\n\n[conections.a]", "3: unknown key `conections`".to_owned()),
        ("\n\nconnections.a = 1", "3: connections are tables".to_owned()),
        ("\n\nconnections = 1", "3: connections are tables".to_owned()),
    ] {
        let reason = refusal(text);
        assert!(reason.starts_with(&expected), "{text}: {reason}");
    }
}

#[test]
fn a_projects_connection_comes_before_the_users() {
    let home = Home::new();
    added(&home, NewConnection::new("a", "mysql://user/d")).expect("added");
    added(&home, NewConnection::new("b", "mysql://user/d")).expect("added");
    let project = NewConnection {
        scope: Scope::Project,
        ..NewConnection::new("a", "mysql://project/d")
    };
    let answer = added(&home, project).expect("added");
    assert_eq!(answer.connection.file, home.path("work/.tenon/connections.toml"));
    let connections = home.connections();
    let a = connections.find("a").expect("there");
    assert_eq!((a.url.as_str(), a.scope), ("mysql://project/d", Scope::Project));
    assert_eq!(
        a.hides.as_deref(),
        Some(home.path(".config/tenon/connections.toml").as_path())
    );
    assert_eq!(
        connections.find("b").expect("there").file,
        home.path(".config/tenon/connections.toml")
    );
    let users = NewConnection {
        replace: true,
        ..NewConnection::new("a", "mysql://user/e")
    };
    let answer = added(&home, users).expect("replaced");
    assert_eq!(
        answer.covered_by.as_deref(),
        Some(home.path("work/.tenon/connections.toml").as_path())
    );
    let removed = home.connections().remove("a", &home.secrets()).expect("removed");
    assert!(removed.uncovered.is_some());
    assert_eq!(home.connections().find("a").expect("the user's").url, "mysql://user/e");
    let left: Vec<_> = fs::read_dir(home.path("work/.tenon"))
        .expect("there")
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "no other files in the project");
}

#[test]
fn a_variable_that_hides_the_password_is_told() {
    let home = Home::with(&[("TENON_SECRET_A_PASSWORD", "other")]);
    let answer = added(&home, NewConnection::new("a", URL)).expect("added");
    assert_eq!(
        answer.hidden_by,
        Some(Origin::Variable("TENON_SECRET_A_PASSWORD".to_owned()))
    );
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_and_projects_files_not_for_everybody() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    added(&home, NewConnection::new("a", URL)).expect("added");
    let mode = |path: &str| fs::metadata(home.path(path)).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(".config/tenon"), 0o700);
    assert_eq!(mode(".config/tenon/connections.toml"), 0o600);
    assert_eq!(mode(".config/tenon/secrets.enc"), 0o600);
    assert_eq!(mode(".local/state/tenon/secret.key"), 0o600);
    home.write("work/.tenon/connections.toml", "");
    let project = home.path("work/.tenon/connections.toml");
    fs::set_permissions(&project, fs::Permissions::from_mode(0o666)).expect("opened");
    let error = Connections::open(&home.places()).expect_err("anybody could have written it");
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
}

#[test]
fn processes_and_threads_that_add_at_once_lose_nothing() {
    let home = Home::new();
    let test = std::env::current_exe().expect("this test");
    let spawn = |writer: usize| {
        let mut command = Command::new(&test);
        command.args(["--exact", "one_of_several_writers", "--ignored"]);
        command
            .env("TENON_TEST_HOME", home.path(""))
            .env("TENON_TEST_WRITER", writer.to_string());
        command.stdout(std::process::Stdio::null());
        command.spawn().expect("started")
    };
    let mut processes: Vec<_> = (0..3).map(spawn).collect();
    std::thread::scope(|scope| {
        for writer in 3..6 {
            let home = &home;
            scope.spawn(move || write_some(home, writer));
        }
    });
    for process in &mut processes {
        assert!(process.wait().expect("ended").success());
    }
    let connections = home.connections();
    assert_eq!(connections.iter().count(), 6 * 5);
    for connection in connections.iter() {
        let config = connection.resolve(&home.secrets()).expect("resolved");
        assert_eq!(
            config.options.password.as_ref().map(Secret::reveal),
            Some(connection.name.as_str())
        );
    }
}

fn write_some(home: &Home, writer: usize) {
    for number in 0..5 {
        let name = format!("w{writer}_{number}");
        added(home, NewConnection::new(&name, format!("postgres://u:{name}@h/d"))).expect("added");
    }
}

#[test]
#[ignore = "a process of the test above"]
fn one_of_several_writers() {
    let home = Home::at(std::env::var_os("TENON_TEST_HOME").expect("set").into());
    let writer = std::env::var("TENON_TEST_WRITER").expect("set");
    write_some(&home, writer.parse().expect("a number"));
}
