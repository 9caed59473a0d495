//! Connections that cannot be made, and what is said of them.

use tenon_database::{Error, Stage};

use super::Db;

/// What is said of a connection that comes this far and no further.
async fn failure(db: &Db, at: Stage) -> String {
    let error = db.check().await.expect_err("there is no connection");
    assert!(
        matches!(&error, Error::Connect { stage, .. } if *stage == at),
        "{error}"
    );
    error.to_string()
}

/// A database whose driver is `/no/such/driver.so`, and whose password is `geheim`.
pub async fn no_driver(db: &Db) {
    let said = failure(db, Stage::Configuration).await;
    assert!(
        said.contains("/no/such/driver.so") && !said.contains("geheim"),
        "{said}"
    );
}

/// A database that is asked with the password `other-secret`, which is not its own.
pub async fn wrong_password(db: &Db) {
    let said = failure(db, Stage::Login).await;
    assert!(!said.contains("other-secret"), "{said}");
}

/// A database whose server has ended.
pub async fn nobody_listens(db: &Db) {
    failure(db, Stage::Tcp).await;
}
