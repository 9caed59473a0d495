use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_engine::Script;
use tenon_tenants::Quotas;

use super::*;

fn access(prefixes: &[&str], hosts: &[&str]) -> Access {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Access::new(&Quotas {
        storage_prefixes: owned(prefixes),
        hosts: owned(hosts),
        ..Quotas::default()
    })
    .expect("they are understood")
}

fn reading(url: &str, files: &Path, access: &Access) -> Result<String, Confined> {
    let mut job = Job::new("j").source("orders", ReadConfig::new(url));
    House::new(files, access).confine(&mut job)?;
    Ok(job.sources["orders"].file_url().expect("files").to_owned())
}

#[test]
fn relative_paths_are_the_tenants_own() {
    let house = tempfile::tempdir().expect("a folder");
    let files = house.path().join("shop/files");
    std::fs::create_dir_all(&files).expect("made");
    let access = access(&[], &[]);
    let read = reading("in/orders.csv", &files, &access).expect("its own");
    assert_eq!(Path::new(&read), files.join("in/orders.csv"));
    let mut job = Job::new("j").sink("lake", "orders", WriteConfig::new("out/"));
    House::new(&files, &access).confine(&mut job).expect("its own");
    assert!(job.sinks["lake"].to.file_url().expect("files").ends_with("files/out/"));
}

#[test]
fn nothing_else_is_without_being_granted() {
    let house = tempfile::tempdir().expect("a folder");
    let files = house.path().join("shop/files");
    std::fs::create_dir_all(&files).expect("made");
    let nothing = access(&[], &[]);
    let outside = [
        "../other/files/x.csv",
        "/etc/passwd",
        "file:///etc/passwd",
        "s3://lake/x",
        "https://example.com/x.csv",
    ];
    for url in outside {
        let error = reading(url, &files, &nothing).expect_err(url);
        assert!(error.to_string().contains("the source `orders`"), "{error}");
        let server = house.path().to_string_lossy().into_owned();
        assert!(!error.to_string().contains(&server), "{error}");
    }
    let some = access(&["s3://lake/shop/"], &["example.com"]);
    assert!(reading("s3://lake/shop/x", &files, &some).is_ok());
    assert!(reading("s3://lake/shopping/x", &files, &some).is_err());
    assert!(reading("https://example.com/x.csv", &files, &some).is_ok());
    assert!(reading("http://169.254.169.254/latest", &files, &some).is_err());
}

#[test]
fn scripts_are_confined() {
    let files = tempfile::tempdir().expect("a folder");
    let nothing = access(&[], &[]);
    let house = House::new(files.path(), &nothing);
    let script = |place: &str| {
        let mut job = Job::new("j");
        let mut script = Script::new("script.wasm");
        script.places.push(place.parse().expect("a place"));
        job.script = Some(script);
        house.confine(&mut job).map(|()| job.script.expect("a script").confined)
    };
    assert!(script(&files.path().to_string_lossy()).expect("its own"));
    assert!(script("/etc").is_err());
}

#[test]
#[cfg(unix)]
fn links_out_of_the_house_are_not_followed() {
    let house = tempfile::tempdir().expect("a folder");
    let files = house.path().join("shop/files");
    std::fs::create_dir_all(&files).expect("made");
    std::os::unix::fs::symlink("/etc", files.join("etc")).expect("linked");
    std::os::unix::fs::symlink("/nowhere/yet", files.join("nowhere")).expect("linked");
    assert!(reading("etc/passwd", &files, &access(&[], &[])).is_err());
    assert!(reading("nowhere", &files, &access(&[], &[])).is_err());
}

#[test]
fn databases_are_reached_at_granted_hosts_only() {
    let files = tempfile::tempdir().expect("a folder");
    let some = access(&[], &["db.example.com:5432"]);
    let house = House::new(files.path(), &some);
    let check = |driver, url: &str| house.database(driver, &mut ConnectionConfig::new(url)).is_ok();
    assert!(check(Driver::Postgres, "postgres://me:pw@db.example.com:5432/shop"));
    assert!(!check(Driver::Postgres, "postgres://me:pw@other:5432/shop"));
    assert!(!check(
        Driver::Postgres,
        "postgres://db.example.com:5432/shop?host=10.0.0.1"
    ));
    for option in [
        "port=22",
        "sslrootcert=/etc/x",
        "sslcert=x",
        "sslkey=x",
        "HOST=x",
        "new=1",
    ] {
        let url = format!("postgres://db.example.com:5432/shop?sslmode=require&{option}");
        assert!(!check(Driver::Postgres, &url), "{option}");
    }
    assert!(check(
        Driver::Postgres,
        "postgres://me@db.example.com:5432/shop?sslmode=verify-full&sslrootcert=system&application_name=x"
    ));
    assert!(!check(Driver::Postgres, "postgres://%2Fvar%2Frun/shop"));
    assert!(!check(Driver::Postgres, "postgres://db.example.com,10.0.0.1/shop"));
    assert!(!check(Driver::Adbc, "adbc:driver=/tmp/evil.so"));
    assert!(!check(Driver::Sqlite, "sqlite:/etc/x.db"));
    assert!(check(Driver::Sqlite, "sqlite:shop.db"));
}

#[test]
fn a_clusters_store_is_on_a_granted_host() {
    let files = tempfile::tempdir().expect("a folder");
    let some = access(&["s3://lake/shop/"], &["db.example.com", "storage.example.com"]);
    let house = House::new(files.path(), &some);
    let check = |endpoint: &str| {
        let mut connection = ConnectionConfig::new("redshift://db.example.com/shop");
        connection.options.temp_dir = Some("s3://lake/shop/tmp/".to_owned());
        connection.options.s3_endpoint = Some(endpoint.to_owned());
        let checked = house.database(Driver::Redshift, &mut connection);
        checked.is_ok() && connection.options.confined
    };
    assert!(check("https://storage.example.com"));
    assert!(!check("https://evil.example"));
    assert!(!check("storage.example.com"));
}

#[test]
fn certificates_are_the_tenants_own() {
    let files = tempfile::tempdir().expect("a folder");
    let some = access(&[], &["db.example.com"]);
    let house = House::new(files.path(), &some);
    let with = |name: &str| {
        let mut connection = ConnectionConfig::new("postgres://me@db.example.com/shop");
        connection.options.tls_ca = Some(name.into());
        connection.options.tls_certificate = Some(name.into());
        connection.options.tls_key = Some(name.into());
        let checked = house.database(Driver::Postgres, &mut connection);
        checked.is_ok().then_some(connection.options)
    };
    let own = with("certificates/x.pem").expect("its own");
    let path = Some(files.path().join("certificates/x.pem"));
    assert_eq!((&own.tls_ca, &own.tls_certificate, &own.tls_key), (&path, &path, &path));
    for outside in [
        "/etc/x.pem",
        "../x.pem",
        "https://db.example.com/x.pem",
        "*/../../x.pem",
    ] {
        assert!(with(outside).is_none(), "{outside}");
    }
}

#[test]
#[cfg(unix)]
fn files_of_sqlite_are_those_that_are_opened() {
    let house = tempfile::tempdir().expect("a folder");
    let files = house.path().join("shop/files");
    std::fs::create_dir_all(files.join("x*")).expect("made");
    std::fs::write(house.path().join("server.db"), "").expect("written");
    std::os::unix::fs::symlink(house.path().join("server.db"), files.join("link.db")).expect("linked");
    let some = access(&["s3://lake/"], &["example.com"]);
    let house = House::new(&files, &some);
    let opened = |url: &str| {
        let mut connection = ConnectionConfig::new(url);
        let checked = house.connection("c", Driver::Sqlite, &mut connection);
        checked.map(|()| SqliteFile::parse(connection.url.reveal()).expect("a file"))
    };
    for url in [
        "sqlite:..%2f..%2fserver.db",
        "sqlite:%2e%2e/%2E%2E/server.db",
        "sqlite:x*/../../../server.db",
        "sqlite:link.db",
        "sqlite:%6cink.db",
        "sqlite:file:../../server.db",
        "sqlite:file%3a%2fetc%2fx%3fvfs=unix",
        "sqlite:s3://lake/x.db",
        "sqlite:https%3a//example.com/x.db",
        "../../server.db",
        "shop.db",
    ] {
        assert!(opened(url).is_err(), "{url}");
    }
    let file = opened("sqlite:a%20b/50%2525.db?mode=ro").expect("its own");
    assert_eq!(file.path, files.join("a b/50%25.db"));
    assert_eq!(file.query, "mode=ro");
}
