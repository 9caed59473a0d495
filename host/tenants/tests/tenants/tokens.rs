use tenon_metadata::{ErrorKind, PageRequest};
use tenon_tenants::tokens::{self, Issued, TokenInput};
use tenon_tenants::{Authenticator, Error, Principal, Scope, TenantInput, TenantState, TokenText, tenants};

use crate::server::{SECOND, Server, name};

fn input(token: &str, scopes: &[Scope]) -> TokenInput {
    TokenInput {
        name: name(token),
        scopes: scopes.to_vec(),
        expires: None,
    }
}

async fn issue(server: &Server, tenant: &'static str, token: &str, scopes: &[Scope]) -> Issued {
    let input = input(token, scopes);
    server
        .write(move |tx| tokens::create(tx, Some(&name(tenant)), &input, &Principal::server()))
        .await
}

async fn who(server: &Server, text: &TokenText) -> Result<Principal, Error> {
    let text = text.clone();
    server
        .try_write(move |tx| tokens::authenticate(tx, text.reveal()))
        .await
}

#[tokio::test]
async fn a_token_is_its_tenants_and_allows_its_scopes() {
    let server = Server::start().await;
    let issued = issue(&server, "a", "ci", &[Scope::Run, Scope::Run]).await;
    assert_eq!(issued.token.scopes, [Scope::Run]);
    let principal = who(&server, &issued.text).await.expect("a principal");
    assert_eq!(principal.tenant, Some(name("a")));
    assert_eq!(principal.token_id, issued.token.id);
    assert!(principal.for_tenant(&name("a")).is_ok());
    // Whether there is such a tenant or not makes no difference.
    for other in ["b", "none"] {
        let error = principal.for_tenant(&name(other)).expect_err("another tenant");
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::NotFound, format!("there is no tenant `{other}`"))
        );
    }
    assert!(principal.require(Scope::Read).is_ok() && principal.require(Scope::Run).is_ok());
    let error = principal.require(Scope::Admin).expect_err("no scope");
    assert_eq!(
        error.to_string(),
        "this needs a token with the scope `admin`, and this one has `run`"
    );
    assert!(principal.require(Scope::Server).is_err());
}

#[test]
fn scopes_allow_what_is_below_them() {
    use Scope::{Admin, Read, Run, Server, Write};
    let all = [Read, Run, Write, Admin, Server];
    let allowed = |scope: Scope| all.into_iter().filter(|other| scope.allows(*other)).collect::<Vec<_>>();
    assert_eq!(allowed(Read), [Read]);
    assert_eq!(allowed(Run), [Read, Run]);
    assert_eq!(allowed(Write), [Read, Write]);
    assert_eq!(allowed(Admin), [Read, Run, Write, Admin]);
    assert_eq!(allowed(Server), all);
}

#[tokio::test]
async fn a_tenants_token_is_never_the_operators() {
    let server = Server::start().await;
    for scopes in [&[Scope::Server][..], &[Scope::Admin, Scope::Server], &[]] {
        let input = input("t", scopes);
        let error = server
            .fails(move |tx| tokens::create(tx, Some(&name("a")), &input, &Principal::server()))
            .await;
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    for scopes in [&[Scope::Admin][..], &[Scope::Read, Scope::Server], &[]] {
        let input = input("t", scopes);
        let error = server
            .fails(move |tx| tokens::create(tx, None, &input, &Principal::server()))
            .await;
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let none = input("t", &[Scope::Read]);
    let error = server
        .fails(move |tx| tokens::create(tx, Some(&name("none")), &none, &Principal::server()))
        .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_database_holds_no_token() {
    let server = Server::start().await;
    let issued = issue(&server, "a", "t", &[Scope::Read]).await;
    let text = issued.text.reveal().to_owned();
    assert!(!format!("{issued:?}").contains(&text[4..]));
    let held = server
        .write(|tx| {
            let mut held = Vec::new();
            for table in ["tokens", "token_keys", "events"] {
                held.extend(tx.query(&format!("select * from {table}"), &[])?);
            }
            let held = format!("{held:?}");
            Ok(held)
        })
        .await;
    assert!(held.contains(&issued.token.id));
    assert!(!held.contains(&text[4..20]), "{held}");
    let listed = server
        .write(|tx| tokens::list(tx, Some(&name("a")), &PageRequest::default()))
        .await;
    assert!(!serde_json::to_string(&listed).expect("JSON").contains(&text[4..20]));
}

#[tokio::test]
async fn what_is_no_token_is_nobodys_and_never_shown() {
    let server = Server::start().await;
    let stranger = TokenText::generate().expect("random");
    let hostile = [
        stranger.reveal().to_owned(),
        String::new(),
        "tnn_".to_owned(),
        "' or 1=1 --".to_owned(),
        "tnn_' or ''='".to_owned(),
        format!("tnn_{}", "0".repeat(58)),
        format!("tnn_{}", "\0".repeat(58)),
        "\u{202e}".repeat(4096),
        "x".repeat(1 << 20),
        format!("Bearer {}", stranger.reveal()),
    ];
    for text in hostile {
        let shown = text.chars().take(8).collect::<String>();
        let error = server.fails(move |tx| tokens::authenticate(tx, &text)).await;
        assert!(matches!(error, Error::BadToken), "{shown}: {error}");
        assert!(shown.len() < 4 || shown.starts_with("tnn_") || !error.to_string().contains(&shown));
    }
}

#[tokio::test]
async fn a_key_with_the_same_prefix_is_another() {
    let server = Server::start().await;
    let (one, two) = (
        issue(&server, "a", "one", &[Scope::Read]).await,
        issue(&server, "b", "two", &[Scope::Read]).await,
    );
    server.tamper("update token_keys set prefix = 'same'").await;
    assert!(matches!(who(&server, &one.text).await, Err(Error::BadToken)));
    // Only the prefix of the hash leads there, and only the whole hash is it.
    let prefix = server
        .write(move |tx| {
            let of_two = tx.one(
                "select substr(hash, 1, 16) from token_keys where token = ?1",
                &[two.token.id.clone().into()],
            )?;
            let of_two: String = of_two.get(0)?;
            tx.execute("update token_keys set prefix = ?1", &[of_two.clone().into()])?;
            Ok(of_two)
        })
        .await;
    assert_eq!(prefix.len(), 16);
    assert_eq!(
        who(&server, &two.text).await.expect("a principal").tenant,
        Some(name("b"))
    );
    assert!(matches!(who(&server, &one.text).await, Err(Error::BadToken)));
}

#[tokio::test]
async fn a_token_ends_and_is_revoked() {
    let server = Server::start().await;
    let ends = server.now() + 10 * SECOND;
    let wanted = TokenInput {
        expires: Some(ends),
        ..input("short", &[Scope::Read])
    };
    let issued = server
        .write(move |tx| tokens::create(tx, Some(&name("a")), &wanted, &Principal::server()))
        .await;
    assert!(who(&server, &issued.text).await.is_ok());
    server.wait(10 * SECOND);
    assert!(matches!(who(&server, &issued.text).await, Err(Error::BadToken)));
    let now = server.now();
    let late = TokenInput {
        expires: Some(now),
        ..input("late", &[Scope::Read])
    };
    let error = server
        .fails(move |tx| tokens::create(tx, Some(&name("a")), &late, &Principal::server()))
        .await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(server.write(move |tx| tokens::forget_expired(tx, now + 1)).await, 1);

    let issued = issue(&server, "a", "long", &[Scope::Read]).await;
    let twice = input("long", &[Scope::Read]);
    let error = server
        .fails(move |tx| tokens::create(tx, Some(&name("a")), &twice, &Principal::server()))
        .await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    // Not by another tenant.
    let id = issued.token.id.clone();
    let error = server.fails(move |tx| tokens::revoke(tx, Some(&name("b")), &id)).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(who(&server, &issued.text).await.is_ok());
    server.write(|tx| tokens::revoke(tx, Some(&name("a")), "long")).await;
    assert!(matches!(who(&server, &issued.text).await, Err(Error::BadToken)));
    let keys: i64 = server
        .write(|tx| Ok(tx.one("select count(*) from token_keys", &[])?.get(0)?))
        .await;
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn the_operator_has_a_token_from_the_start() {
    let server = Server::start().await;
    let made = server.write(|tx| tokens::bootstrap(tx, None)).await.expect("a token");
    assert!(server.write(|tx| tokens::bootstrap(tx, None)).await.is_none(), "once");
    let principal = who(&server, &made.text).await.expect("a principal");
    assert_eq!(principal.tenant, None);
    assert!(principal.require(Scope::Server).is_ok() && principal.for_tenant(&name("a")).is_ok());

    // One from the environment takes the place of the one before, and is the same one the next time.
    let given = TokenText::generate().expect("random");
    for _ in 0..2 {
        let text = given.clone();
        assert!(
            server
                .write(move |tx| tokens::bootstrap(tx, Some(text.reveal())))
                .await
                .is_none()
        );
        assert!(who(&server, &given).await.is_ok());
    }
    assert!(matches!(who(&server, &made.text).await, Err(Error::BadToken)));
    let error = server.fails(|tx| tokens::bootstrap(tx, Some("hunter2"))).await;
    assert!(
        error.kind() == ErrorKind::Invalid && !error.to_string().contains("hunter2"),
        "{error}"
    );
}

#[tokio::test]
async fn a_use_is_written_down_once_a_minute() {
    let server = Server::start().await;
    let id = issue(&server, "a", "t", &[Scope::Read]).await.token.id;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (used, looked) = (id.clone(), id.clone());
        server.write(move |tx| tokens::used(tx, &used)).await;
        seen.push(
            server
                .write(move |tx| tokens::get(tx, Some(&name("a")), &looked))
                .await
                .last_used,
        );
        server.wait(30 * SECOND);
    }
    let start = server.now() - 90 * SECOND;
    assert_eq!(seen, [Some(start), Some(start), Some(start + 60 * SECOND)]);
}

#[tokio::test]
async fn what_is_remembered_ends_with_the_token() {
    let server = Server::start().await;
    let issued = issue(&server, "a", "t", &[Scope::Admin]).await;
    let authenticator = Authenticator::new(server.metadata.clone());
    let text = issued.text.reveal();
    assert!(authenticator.authenticate(text).await.is_ok());
    // Without a notice it is remembered, for ten seconds.
    server.tamper("delete from token_keys").await;
    assert!(authenticator.authenticate(text).await.is_ok());
    server.wait(10 * SECOND);
    assert!(matches!(authenticator.authenticate(text).await, Err(Error::BadToken)));

    let issued = issue(&server, "a", "u", &[Scope::Admin]).await;
    let text = issued.text.reveal();
    assert!(
        authenticator
            .authenticate(text)
            .await
            .expect("a principal")
            .require(Scope::Admin)
            .is_ok()
    );
    let suspended = TenantInput {
        state: TenantState::Suspended,
        ..TenantInput::default()
    };
    server
        .write(move |tx| tenants::put(tx, &name("a"), &suspended, None))
        .await;
    eventually(async || {
        authenticator
            .authenticate(text)
            .await
            .is_ok_and(|principal| principal.suspended)
    })
    .await;
    server.write(|tx| tokens::revoke(tx, Some(&name("a")), "u")).await;
    eventually(async || authenticator.authenticate(text).await.is_err()).await;
}

/// A notice is on its way when a change is committed: the clock stands still meanwhile, so that nothing else forgets.
async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..10_000 {
        if holds().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came true");
}
