use serde_json::json;
use tenon_metadata::{ErrorKind, PageRequest};
use tenon_tenants::audit::{self, AuditFilter, Entry};
use tenon_tenants::{Error, Principal, TenantInput, tenants};

use crate::server::{SECOND, Server, name};

fn entry(tenant: Option<&str>, target: &str) -> Entry {
    let entry = Entry::new(&Principal::server(), "job.put", target);
    match tenant {
        Some(tenant) => entry.tenant(&name(tenant)),
        None => entry,
    }
}

/// Entries `0` to `9`: those of `a` are even.
async fn ten(server: &Server) {
    for number in 0..10 {
        server
            .write(move |tx| {
                let tenant = if number % 2 == 0 { "a" } else { "b" };
                let entry = entry(Some(tenant), &number.to_string()).details(json!({ "number": number }));
                audit::record(tx, &entry.request("req_1").address("192.0.2.1"))
            })
            .await;
        server.wait(SECOND);
    }
}

async fn verify(server: &Server) -> Result<u64, Error> {
    server.try_write(|tx| audit::verify(tx, None)).await
}

#[tokio::test]
async fn entries_are_listed_by_tenant_latest_first() {
    let server = Server::start().await;
    let begin = server.now();
    ten(&server).await;
    let list = async |tenant: Option<&str>, since, limit, after| {
        let filter = AuditFilter {
            tenant: tenant.map(name),
            since,
            until: None,
        };
        let page = PageRequest { limit, after };
        let page = server.write(move |tx| audit::list(tx, &filter, &page)).await;
        let targets: Vec<String> = page.items.iter().map(|entry| entry.target.clone()).collect();
        (targets.join(""), page.next)
    };
    let (first, next) = list(Some("a"), None, 3, None).await;
    assert_eq!(first, "864");
    assert_eq!(list(Some("a"), None, 3, next).await, ("20".to_owned(), None));
    assert_eq!(list(None, None, 100, None).await.0, "9876543210");
    assert_eq!(list(Some("b"), Some(begin + 5 * SECOND), 100, None).await.0, "975");
    let (filter, page) = (
        AuditFilter::default(),
        PageRequest {
            limit: 1,
            after: Some("' or 1".to_owned()),
        },
    );
    assert_eq!(
        server.fails(move |tx| audit::list(tx, &filter, &page)).await.kind(),
        ErrorKind::Invalid
    );
    let (filter, page) = (
        AuditFilter {
            tenant: Some(name("none")),
            ..AuditFilter::default()
        },
        PageRequest::default(),
    );
    assert_eq!(
        server.fails(move |tx| audit::list(tx, &filter, &page)).await.kind(),
        ErrorKind::NotFound
    );

    // A later tenant of the name does not see it; the operator does, and the chain is whole.
    server
        .write(|tx| tenants::delete(tx, &name("a"), None, &[], false))
        .await;
    server
        .write(|tx| tenants::put(tx, &name("a"), &TenantInput::default(), None))
        .await;
    assert_eq!(list(Some("a"), None, 100, None).await.0, "");
    assert_eq!(list(None, None, 100, None).await.0.len(), 10);
    assert_eq!(verify(&server).await.expect("whole"), 10);
}

#[tokio::test]
async fn no_change_of_the_log_goes_unseen() {
    let changes = [
        ("update audit set principal = 'nobody' where number = 5", 5),
        ("update audit set details = '{}' where number = 1", 1),
        ("update audit set tenant = 'b' where number = 3", 3),
        ("update audit set tenant = null where number = 3", 3),
        ("update audit set time = time + 1 where number = 10", 10),
        (
            "update audit set request = null, address = 'req_1192.0.2.1' where number = 7",
            7,
        ),
        ("update audit set hash = substr(hash, 2) || 'x' where number = 4", 4),
        ("delete from audit where number = 6", 6),
        ("delete from audit where number <= 2", 1),
        ("delete from audit where number = 10", 10),
        ("delete from audit", 1),
        ("update audit set number = 11 where number = 10", 10),
        (
            "insert into audit select 11, time, tenant, principal, action, target, details, request, address, hash from audit where number = 10",
            11,
        ),
        (
            "insert into audit select 0, time, tenant, principal, action, target, details, request, address, hash from audit where number = 10",
            0,
        ),
        (
            "update audit_ends set first = 6, before_first = (select hash from audit where number = 5)",
            1,
        ),
    ];
    for (change, at) in changes {
        let server = Server::start().await;
        ten(&server).await;
        assert_eq!(verify(&server).await.expect("whole"), 10);
        assert!(server.tamper(change).await > 0, "{change}");
        match verify(&server).await {
            Err(Error::AuditBroken { number, .. }) => assert_eq!(number, at, "{change}"),
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_that_was_noted_finds_a_log_that_was_made_anew() {
    let server = Server::start().await;
    ten(&server).await;
    let head = server.write(audit::head).await;
    assert_eq!(head.number, 10);
    server.write(|tx| audit::record(tx, &entry(None, "more"))).await;
    let known = head.clone();
    assert_eq!(server.write(move |tx| audit::verify(tx, Some(&known))).await, 11);
    server.tamper("delete from audit").await;
    server.tamper("delete from audit_ends").await;
    let known = head.clone();
    assert!(
        server
            .try_write(move |tx| audit::verify(tx, Some(&known)))
            .await
            .is_err(),
        "shorter"
    );
    ten(&server).await;
    assert_eq!(verify(&server).await.expect("whole in itself"), 10);
    let error = server.fails(move |tx| audit::verify(tx, Some(&head))).await;
    assert!(matches!(error, Error::AuditBroken { number: 10, .. }), "{error}");
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_the_rest_can_be_verified() {
    let server = Server::start().await;
    let begin = server.now();
    ten(&server).await;
    assert_eq!(server.write(move |tx| audit::forget(tx, begin)).await, 0);
    assert_eq!(server.write(move |tx| audit::forget(tx, begin + 4 * SECOND)).await, 4);
    assert_eq!(verify(&server).await.expect("whole"), 6);
    assert_eq!(server.write(|tx| audit::record(tx, &entry(None, "x"))).await, 11);
    assert_eq!(verify(&server).await.expect("whole"), 7);
    assert_eq!(server.write(|tx| audit::forget(tx, i64::MAX)).await, 7);
    assert_eq!(verify(&server).await.expect("whole"), 0);
    assert_eq!(server.write(|tx| audit::record(tx, &entry(None, "x"))).await, 12);
    assert_eq!(verify(&server).await.expect("whole"), 1);
}

#[tokio::test]
async fn many_at_once_make_one_chain() {
    let server = std::sync::Arc::new(Server::start().await);
    let records: Vec<_> = (0..50)
        .map(|number: u32| {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move {
                server
                    .write(move |tx| audit::record(tx, &entry(None, &number.to_string())))
                    .await
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for record in records {
        numbers.push(record.await.expect("no panic"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<i64>>());
    assert_eq!(verify(&server).await.expect("whole"), 50);
}

#[tokio::test]
async fn no_secret_gets_into_the_log() {
    let server = Server::start().await;
    let details = json!({
        "password": "hunter2",
        "db-Password": "hunter2",
        "options": [{ "aws_secret_access_key": "hunter2", "apiKey": "hunter2", "tokens": 3, "user": "me" }],
        "Authorization": ["Bearer hunter2"],
        "url": "postgres://me:hunter2@db/x",
        "odd": "postgres://me:hun/hunter2@db/x",
        "by_name_password": "${secret:db}",
    });
    server
        .write(move |tx| {
            let huge = json!({ "text": "x".repeat(20_000) });
            audit::record(tx, &entry(None, &"y".repeat(5000)).details(huge))?;
            audit::record(
                tx,
                &entry(None, "connection\0").change(&json!({ "token": "hunter2" }), &details),
            )
        })
        .await;
    let page = server
        .write(|tx| audit::list(tx, &AuditFilter::default(), &PageRequest::default()))
        .await;
    let text = serde_json::to_string(&page).expect("JSON");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(
        text.contains("***@db/x") && text.contains("${secret:db}") && text.contains("\"user\":\"me\""),
        "{text}"
    );
    assert!(text.len() < 4000, "{}", text.len());
    assert_eq!(verify(&server).await.expect("whole"), 2);
}
