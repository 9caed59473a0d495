//! Secrets: found in their places, stored, and kept from whoever changes or reads the store.

mod common;

use std::fs;

use common::Home;
use tenon_connections::{Environment, Error, Key, Origin, Rekeyed, SecretStore, read_secret};
use tenon_database::Secret;

const STORE: &str = ".config/tenon/secrets.enc";
const KEY: &str = ".local/state/tenon/secret.key";

fn secret(value: &str) -> Secret {
    Secret::new(value)
}

fn value(home: &Home, name: &str) -> String {
    home.secrets().get(name).expect(name).reveal().to_owned()
}

#[test]
fn a_secret_is_stored_replaced_listed_and_removed() {
    let home = Home::new();
    let secrets = home.secrets();
    assert!(secrets.list().expect("read").is_empty());
    assert!(!home.path(KEY).exists(), "reading makes nothing");
    assert!(!secrets.set("db-password", &secret("hunter2")).expect("stored").replaced);
    assert!(
        secrets
            .set("DB_password", &secret("hünter3\n"))
            .expect("stored")
            .replaced
    );
    secrets.set("api.key", &secret("k")).expect("stored");
    assert_eq!(value(&home, "db.password"), "hünter3\n");
    let listed = secrets.list().expect("read");
    let names: Vec<&str> = listed.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["api.key", "db-password"]);
    assert!(listed[1].created < listed[1].changed && listed[1].origin == Origin::Store(home.path(STORE)));
    let shown = format!(
        "{listed:?} {secrets:?} {}",
        serde_json::to_string(&listed).expect("serialised")
    );
    assert!(!shown.contains("nter3"), "{shown}");
    for file in [STORE, KEY] {
        let bytes = fs::read(home.path(file)).expect("there");
        assert!(
            !bytes.windows(5).any(|window| window == b"nter3" || window == b"passw"),
            "not even names are seen"
        );
    }
    secrets.remove("db_password").expect("removed");
    let error = secrets.remove("db_password").expect_err("it is gone");
    assert!(matches!(error, Error::NoSecret { .. }), "{error}");
    assert_eq!(secrets.names(), ["api.key"]);
}

#[test]
fn places_are_asked_in_their_order() {
    let home = Home::new();
    home.write("folder/b", "folder b\n");
    home.write("folder/c", "folder c");
    home.write_closed("listed.env", "C=file c\nd=file d\n");
    let home = home.and(&[("TENON_SECRET_B", "variable b"), ("TENON_SECRET_A_X", "variable a")]);
    let (folder, file) = (home.path("folder"), home.path("listed.env"));
    let home = home.and(&[
        ("TENON_SECRETS", folder.to_str().expect("text")),
        ("TENON_SECRETS_FILE", file.to_str().expect("text")),
    ]);
    for name in ["a.x", "b", "c", "d", "e"] {
        home.secrets()
            .set(name, &secret(&format!("store {name}")))
            .expect("stored");
    }
    let values = ["a.x", "b", "c", "D", "e"].map(|name| value(&home, name));
    assert_eq!(values, ["variable a", "variable b", "folder c", "file d", "store e"]);
    let listed = home.secrets().list().expect("read");
    let of = |name: &str| -> Vec<_> {
        listed
            .iter()
            .filter(|entry| entry.name.to_lowercase() == name)
            .collect()
    };
    let b = of("b");
    assert_eq!(b.len(), 3);
    assert_eq!(
        (&b[0].origin, &b[0].hidden_by),
        (&Origin::Variable("TENON_SECRET_B".to_owned()), &None)
    );
    assert!(
        b[1..]
            .iter()
            .all(|entry| entry.hidden_by.as_ref() == Some(&b[0].origin))
    );
    assert_eq!(of("d")[0].origin.to_string(), format!("{}:2", file.display()));
    assert_eq!(
        home.secrets().set("b", &secret("x")).expect("stored").hidden_by,
        Some(b[0].origin.clone())
    );
    let error = {
        home.secrets().remove("c").expect("from the store");
        home.secrets().remove("c").expect_err("it is in the folder")
    };
    assert!(
        matches!(&error, Error::NotStored { .. }) && error.to_string().contains("folder/c"),
        "{error}"
    );
    assert_eq!(home.secrets().names(), ["a_x", "b", "c", "d", "e"]);
}

#[test]
fn unknown_secrets_are_answered_with_the_nearest_and_what_to_do() {
    let home = Home::new();
    home.secrets().set("warehouse_password", &secret("x")).expect("stored");
    let error = home
        .secrets()
        .get("warehouse_pasword")
        .expect_err("misspelt")
        .to_string();
    assert_eq!(
        error,
        "there is no secret `warehouse_pasword`; did you mean `warehouse_password`?; `tenon secret set warehouse_pasword` stores it, or \
         set TENON_SECRET_WAREHOUSE_PASWORD"
    );
}

#[test]
fn the_key_of_the_store_is_no_secret_that_can_be_asked_for() {
    let key = "ab".repeat(32);
    let home = Home::with(&[("TENON_SECRET_KEY", &key), ("TENON_SECRET_KEY_FILE", "/none")]);
    for name in ["key", "KEY", "key-file", "key.file"] {
        assert!(
            matches!(home.secrets().find(name), Err(Error::BadName { .. })),
            "{name}"
        );
        assert!(
            matches!(home.secrets().set(name, &secret("x")), Err(Error::BadName { .. })),
            "{name}"
        );
    }
    assert!(home.secrets().list().expect("read").is_empty());
    for (variable, expected) in [
        ("TENON_SECRET_KEY", "nothing may refer to"),
        ("TENON_NEW_SECRET_KEY", "nothing may refer to"),
        ("TENON_SECRET_A_B", "write `${secret:a_b}`"),
    ] {
        let text = format!("[connections.a]\nurl = 'mysql://${{env:{variable}}}/d'");
        home.write(".config/tenon/connections.toml", text);
        let connections = home.connections();
        let connection = connections.find("a").expect("there");
        let error = connection.resolve(&home.secrets()).expect_err("refused").to_string();
        assert!(error.contains(expected) && !error.contains(&key), "{error}");
    }
}

#[test]
fn without_a_home_there_are_secrets_but_no_store() {
    let secrets = SecretStore::without_store(Environment::of([("TENON_SECRET_A", "hunter2")]));
    assert_eq!(secrets.get("a").expect("in a variable").reveal(), "hunter2");
    assert!(matches!(secrets.get("b"), Err(Error::NoSecret { .. })));
    assert!(matches!(secrets.set("b", &secret("x")), Err(Error::NoFolder { .. })));
    assert!(matches!(secrets.rekey(None), Err(Error::NoFolder { .. })));
    assert_eq!(secrets.list().expect("read").len(), 1);
}

#[test]
fn a_file_of_secrets_is_refused_unless_it_is_closed_and_understood() {
    let home = Home::new();
    let file = home.path("s.toml");
    let home = home.and(&[("TENON_SECRETS_FILE", file.to_str().expect("text"))]);
    let error = |home: &Home| home.secrets().find("a").expect_err("refused").to_string();
    assert!(error(&home).contains("which TENON_SECRETS_FILE names"));
    home.write_closed("s.toml", "a = \"hunter2\"\n");
    assert_eq!(value(&home, "A"), "hunter2");
    for mode in [0o640, 0o604, 0o644, 0o620] {
        home.chmod("s.toml", mode);
        let text = error(&home);
        assert!(
            text.contains(&format!("(mode {mode:04o})")) && text.contains("chmod 600"),
            "{text}"
        );
    }
    for (text, expected) in [
        ("\nb = hunter2", ":2: this is not TOML"),
        ("\nb = 5", ":2: `b` is not a text"),
        ("\n\"b c\" = 'hunter2'", ":2: `b c` can't be the name of a secret"),
        (
            "b-c = 'x'\nB_C = 'hunter2'",
            ":2: `B_C` is the same secret as `b-c` in line 1",
        ),
        ("key = 'hunter2'", ":1: `key` can't be the name of a secret"),
    ] {
        home.write_closed("s.toml", text);
        let text = error(&home);
        assert!(text.contains(expected) && !text.contains("hunter2"), "{text}");
    }
    home.write_closed("s.toml", b"a = \"\xff\"");
    assert!(error(&home).contains(":1: this is not text in UTF-8"));
    let home = home.and(&[("TENON_SECRET_A", "from the variable")]);
    assert_eq!(
        value(&home, "a"),
        "from the variable",
        "places that need not be asked are not"
    );
}

#[test]
fn no_byte_of_the_store_can_be_changed_or_cut_away() {
    let home = Home::new();
    home.secrets().set("a", &secret("hunter2")).expect("stored");
    let whole = fs::read(home.path(STORE)).expect("there");
    let refused = |bytes: &[u8]| {
        fs::write(home.path(STORE), bytes).expect("written");
        let error = home.secrets().find("a").expect_err("changed");
        let text = error.to_string();
        assert!(text.contains("secrets.enc") && !text.contains("hunter2"), "{text}");
        let written = home.secrets().set("b", &secret("x"));
        assert!(written.is_err(), "what cannot be read is not overwritten");
        error
    };
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        refused(&changed);
        assert!(matches!(refused(&whole[..at]), Error::CutShort { .. }), "{at}");
    }
    fs::write(home.path(STORE), &whole).expect("written");
    assert_eq!(value(&home, "a"), "hunter2");
}

#[test]
fn the_key_comes_from_a_variable_a_file_or_its_own_place() {
    let (one, two) = ("ab".repeat(32), "cd".repeat(32));
    let home = Home::with(&[("TENON_SECRET_KEY", &one)]);
    home.secrets().set("a", &secret("hunter2")).expect("stored");
    assert!(!home.path(KEY).exists());
    let home = home.and(&[("TENON_SECRET_KEY", &two)]);
    let error = home.secrets().get("a").expect_err("another key").to_string();
    assert!(
        error.ends_with("was encrypted with another key than that in TENON_SECRET_KEY"),
        "{error}"
    );
    let home = home.and(&[("TENON_SECRET_KEY", "hunter2")]);
    assert!(matches!(home.secrets().get("a"), Err(Error::BadKey { .. })));
    let file = home.path("key");
    let home = home.and(&[
        ("TENON_SECRET_KEY", ""),
        ("TENON_SECRET_KEY_FILE", file.to_str().expect("text")),
    ]);
    assert!(matches!(home.secrets().get("a"), Err(Error::NoKey { .. })));
    home.write_closed("key", &one);
    assert_eq!(value(&home, "a"), "hunter2");
    home.chmod("key", 0o644);
    assert!(matches!(home.secrets().get("a"), Err(Error::Exposed { .. })));
    fs::remove_file(home.path(STORE)).expect("removed");
    fs::remove_file(&file).expect("removed");
    let error = home
        .secrets()
        .set("a", &secret("x"))
        .expect_err("no key is made where one is named");
    assert!(matches!(error, Error::NoKeyFile { .. }), "{error}");
}

#[test]
fn a_lost_key_is_told_and_no_other_is_made() {
    let home = Home::new();
    home.secrets().set("a", &secret("x")).expect("stored");
    fs::remove_file(home.path(KEY)).expect("removed");
    for error in [
        home.secrets().get("a").expect_err("no key"),
        home.secrets().set("b", &secret("x")).expect_err("no key"),
    ] {
        assert!(matches!(error, Error::NoKey { .. }), "{error}");
    }
    assert!(!home.path(KEY).exists());
}

#[test]
fn keys_can_be_changed() {
    let home = Home::new();
    assert!(matches!(home.secrets().rekey(None), Err(Error::NoStore { .. })));
    home.secrets().set("a", &secret("hunter2")).expect("stored");
    let (key, store) = (home.read(KEY), fs::read(home.path(STORE)).expect("there"));
    let rekeyed = home.secrets().rekey(None).expect("rekeyed");
    assert_eq!(
        rekeyed,
        Rekeyed {
            secrets: 1,
            key_file: Some(home.path(KEY))
        }
    );
    assert_ne!(home.read(KEY), key);
    assert_eq!(value(&home, "a"), "hunter2");
    let new = home.path(STORE);
    fs::write(&new, store).expect("written");
    assert!(
        matches!(home.secrets().get("a"), Err(Error::WrongKey { .. })),
        "the old store needs the old key"
    );
    home.write_closed(KEY, key);
    let given = "12".repeat(32);
    let given_key = Key::parse(&given, "x").expect("a key");
    assert_eq!(home.secrets().rekey(Some(given_key)).expect("rekeyed").key_file, None);
    assert!(matches!(home.secrets().get("a"), Err(Error::WrongKey { .. })));
    let home = home.and(&[("TENON_SECRET_KEY", &given)]);
    assert_eq!(value(&home, "a"), "hunter2");
    assert!(matches!(home.secrets().rekey(None), Err(Error::KeyIsGiven)));
    let home = home.and(&[("TENON_NEW_SECRET_KEY", &"34".repeat(32))]);
    let next = Key::new_one_of(home.places().environment()).expect("a key");
    home.secrets().rekey(next).expect("rekeyed");
    let home = home.and(&[("TENON_SECRET_KEY", &"34".repeat(32))]);
    assert_eq!(value(&home, "a"), "hunter2");
}

#[test]
fn readers_find_every_secret_while_keys_are_changed_and_secrets_set() {
    let home = Home::new();
    home.secrets().set("a", &secret("hunter2")).expect("stored");
    std::thread::scope(|scope| {
        let writers = [
            scope.spawn(|| (0..20).for_each(|_| drop(home.secrets().rekey(None).expect("rekeyed")))),
            scope.spawn(|| {
                for number in 0..20 {
                    home.secrets().set(&format!("s{number}"), &secret("x")).expect("stored");
                }
            }),
        ];
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            assert_eq!(value(&home, "a"), "hunter2");
        }
    });
    assert_eq!(home.secrets().names().len(), 21);
}

#[test]
fn a_folder_that_somebody_names_has_a_key_of_its_own() {
    let home = Home::new();
    home.secrets().set("a", &secret("one")).expect("stored");
    let own = home.path("own").display().to_string();
    let other = Home::at(home.path("")).and(&[("TENON_CONFIG", &own)]);
    other.secrets().set("a", &secret("two")).expect("stored");
    other.secrets().rekey(None).expect("rekeyed");
    assert_eq!(
        (value(&home, "a"), value(&other, "a")),
        ("one".to_owned(), "two".to_owned())
    );
}

#[test]
fn values_are_read_without_the_end_of_their_line() {
    let read = |bytes: &[u8]| read_secret("a", bytes).map(|secret| secret.reveal().to_owned());
    assert_eq!(read(b"hunter2\n").expect("read"), "hunter2");
    assert_eq!(read(b"hunter2\r\n").expect("read"), "hunter2");
    assert_eq!(read(b" two\nlines \n\n").expect("read"), " two\nlines \n");
    let longest = "x".repeat(64 << 10);
    assert_eq!(read(format!("{longest}\n").as_bytes()).expect("read"), longest);
    for bad in [b"".as_slice(), b"\n", b"\xff", format!("{longest}x").as_bytes()] {
        assert!(matches!(read(bad), Err(Error::BadSecret { .. })));
    }
}
