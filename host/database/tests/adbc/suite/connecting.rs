//! Connections that cannot be made, and what is said of them.

use tenon_database::{Error, Stage};

use super::Db;

/// A database whose driver is `/no/such/driver.so`, and its password `geheim`.
pub async fn no_driver(db: &Db) {
    let error = db.check().await.expect_err("there is none");
    assert!(
        matches!(
            error,
            Error::Connect {
                stage: Stage::Configuration,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("/no/such/driver.so") && !error.to_string().contains("geheim"),
        "{error}"
    );
}

/// A database whose password is not `other-secret`.
pub async fn wrong_password(db: &Db) {
    let error = db.check().await.expect_err("it is wrong");
    assert!(
        matches!(
            error,
            Error::Connect {
                stage: Stage::Login,
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.to_string().contains("other-secret"), "{error}");
}

/// A database whose server has ended.
pub async fn nobody_listens(db: &Db) {
    let error = db.check().await.expect_err("nobody listens");
    assert!(matches!(error, Error::Connect { stage: Stage::Tcp, .. }), "{error}");
}
