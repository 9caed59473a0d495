use tenon_metadata::{ErrorKind, PageRequest};
use tenon_tenants::secrets::{self, SecretInput};
use tenon_tenants::tokens::{self, TokenInput};
use tenon_tenants::usage::{self, ReportRequest};
use tenon_tenants::{
    Error, Holding, KeyRing, Principal, QuotaOverrides, Scope, SecretValue, TenantInput, TenantState, Usage, quotas,
    tenants,
};

use crate::server::{Server, name};

#[tokio::test]
async fn a_tenant_is_made_changed_and_listed() {
    let server = Server::start().await;
    let input = TenantInput {
        title: "The shop".to_owned(),
        weight: 5,
        quotas: QuotaOverrides {
            jobs: Some(3),
            ..QuotaOverrides::default()
        },
        ..TenantInput::default()
    };
    let wanted = input.clone();
    let made = server
        .write(move |tx| tenants::put(tx, &name("shop"), &wanted, Some(0)))
        .await;
    assert_eq!((made.version, made.weight, made.created), (1, 5, server.now()));
    server.wait(7);
    let again = input.clone();
    let changed = server
        .write(move |tx| tenants::put(tx, &name("shop"), &again, Some(1)))
        .await;
    assert_eq!((changed.version, changed.changed - changed.created), (2, 7));
    let conflict = server
        .fails(move |tx| tenants::put(tx, &name("shop"), &input, Some(1)))
        .await;
    assert_eq!(conflict.kind(), ErrorKind::Conflict);

    let first = PageRequest { limit: 2, after: None };
    let page = server.write(move |tx| tenants::list(tx, &first)).await;
    assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("b")));
    let second = PageRequest {
        limit: 2,
        after: page.next,
    };
    let page = server.write(move |tx| tenants::list(tx, &second)).await;
    assert_eq!((page.items, page.next), (vec![changed], None));

    let events: i64 = server
        .write(|tx| {
            Ok(tx
                .one("select count(*) from events where tenant = 'shop'", &[])?
                .get(0)?)
        })
        .await;
    assert_eq!(events, 2);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let hosts = |host: &str| QuotaOverrides {
        hosts: Some(vec![host.to_owned()]),
        ..QuotaOverrides::default()
    };
    let prefixes = |prefix: &str| QuotaOverrides {
        storage_prefixes: Some(vec![prefix.to_owned()]),
        ..QuotaOverrides::default()
    };
    let plain = TenantInput::default;
    for input in [
        TenantInput { weight: 0, ..plain() },
        TenantInput {
            weight: 1001,
            ..plain()
        },
        TenantInput {
            title: "x".repeat(257),
            ..plain()
        },
        TenantInput {
            title: "a\u{1b}[2J".to_owned(),
            ..plain()
        },
        TenantInput {
            quotas: hosts("a b"),
            ..plain()
        },
        TenantInput {
            quotas: prefixes("s3://"),
            ..plain()
        },
        TenantInput {
            quotas: prefixes("../x"),
            ..plain()
        },
    ] {
        let shown = format!("{input:?}");
        let error = server.fails(move |tx| tenants::put(tx, &name("c"), &input, None)).await;
        assert_eq!(error.kind(), ErrorKind::Invalid, "{shown}: {error}");
    }
    assert!(serde_json::from_str::<TenantInput>(r#"{"wieght": 1}"#).is_err());
    assert!(serde_json::from_str::<QuotaOverrides>(r#"{"jobs": -1}"#).is_err());
}

#[tokio::test]
async fn the_default_tenant_is_made_once() {
    let server = Server::start().await;
    let own = QuotaOverrides {
        hosts: Some(vec!["*".to_owned()]),
        ..QuotaOverrides::default()
    };
    let (first, again) = (own.clone(), QuotaOverrides::default());
    let made = server.write(move |tx| tenants::ensure_default(tx, &first)).await;
    let found = server.write(move |tx| tenants::ensure_default(tx, &again)).await;
    assert_eq!(made, found);
    assert_eq!((made.name.as_str(), made.quotas), ("default", own));
}

#[tokio::test]
async fn a_tenant_with_things_is_not_deleted_but_by_force() {
    const JOBS: Holding = Holding {
        what: "jobs",
        table: "things",
        column: "whose",
    };
    let server = Server::start().await;
    server.tamper("create table things (whose text, thing text)").await;
    server
        .tamper("insert into things values ('a', 'x'), ('a', 'y'), ('b', 'z')")
        .await;
    let text = KeyRing::generate().expect("random");
    let keys = KeyRing::parse(&text, "a test").expect("a key");
    server
        .write(move |tx| {
            let value = SecretValue::new("v");
            secrets::put(
                tx,
                &keys,
                &name("a"),
                &name("s"),
                &SecretInput { value, jobs: None },
                None,
            )?;
            usage::add(
                tx,
                &name("a"),
                "j",
                "run_1",
                &Usage {
                    runs: 1,
                    ..Usage::default()
                },
            )
        })
        .await;
    let input = TokenInput {
        name: name("t"),
        scopes: vec![Scope::Admin],
        expires: None,
    };
    let issued = server
        .write(move |tx| tokens::create(tx, Some(&name("a")), &input, &Principal::server()))
        .await;

    let error = server
        .fails(|tx| tenants::delete(tx, &name("a"), None, &[JOBS], false))
        .await;
    assert_eq!(
        error.to_string(),
        "tenant `a` still has 2 jobs, 1 secrets: delete them first, or force it"
    );
    assert_eq!(
        server
            .fails(|tx| tenants::delete(tx, &name("a"), Some(9), &[], true))
            .await
            .kind(),
        ErrorKind::Conflict
    );
    assert_eq!(
        server
            .fails(|tx| tenants::delete(tx, &name("none"), None, &[], true))
            .await
            .kind(),
        ErrorKind::NotFound
    );
    server
        .write(|tx| tenants::delete(tx, &name("a"), Some(1), &[JOBS], true))
        .await;

    let left: i64 = server
        .write(|tx| Ok(tx.one("select count(*) from things", &[])?.get(0)?))
        .await;
    assert_eq!(left, 1, "another tenant's things stay");
    assert_eq!(
        server.fails(|tx| tenants::get(tx, &name("a"))).await.kind(),
        ErrorKind::NotFound
    );
    let text = issued.text.reveal().to_owned();
    assert!(matches!(
        server.fails(move |tx| tokens::authenticate(tx, &text)).await,
        Error::BadToken
    ));

    // A later tenant of that name has nothing of the one before; the operator still sees what that one used.
    server.wait(1);
    server
        .write(|tx| tenants::put(tx, &name("a"), &TenantInput::default(), None))
        .await;
    let now = server.now();
    let of = move |tenant| ReportRequest {
        tenant,
        from: now,
        to: now,
        ..ReportRequest::default()
    };
    assert_eq!(
        server.write(move |tx| usage::report(tx, &of(Some(name("a"))))).await,
        []
    );
    let all = server.write(move |tx| usage::report(tx, &of(None))).await;
    assert!(all.len() == 1 && all[0].tenant.starts_with("a~"), "{all:?}");
    let page = PageRequest::default();
    assert_eq!(
        server.write(move |tx| secrets::list(tx, &name("a"), &page)).await.items,
        []
    );
}

#[tokio::test]
async fn a_suspended_tenant_can_look_and_no_more() {
    let server = Server::start().await;
    let input = TokenInput {
        name: name("t"),
        scopes: vec![Scope::Admin],
        expires: None,
    };
    let issued = server
        .write(move |tx| tokens::create(tx, Some(&name("a")), &input, &Principal::server()))
        .await;
    let suspended = TenantInput {
        state: TenantState::Suspended,
        ..TenantInput::default()
    };
    server
        .write(move |tx| tenants::put(tx, &name("a"), &suspended, None))
        .await;
    let principal = server
        .write(move |tx| tokens::authenticate(tx, issued.text.reveal()))
        .await;
    assert!(principal.require(Scope::Read).is_ok());
    for scope in [Scope::Run, Scope::Write, Scope::Admin] {
        assert!(
            matches!(principal.require(scope), Err(Error::Suspended { .. })),
            "{scope}"
        );
    }
    assert_eq!(
        server.fails(|tx| tenants::get_active(tx, &name("a"))).await.kind(),
        ErrorKind::Forbidden
    );
    assert!(server.write(|tx| tenants::get_active(tx, &name("b"))).await.quotas == QuotaOverrides::default());
    assert!(server.write(|tx| quotas::of(tx, &name("b"))).await.jobs > 0);
}
