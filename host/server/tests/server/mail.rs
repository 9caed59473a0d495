//! E-mail to targets, by the server of e-mail that the configuration names.

use std::time::Duration;

use serde_json::{Value, json};

use crate::smtp::SmtpServer;
use crate::support::{COPY, PATIENCE, Running};

/// Waits until a delivery to the target was tried and is in this state.
async fn tried(server: &Running, state: &str) -> Value {
    let path = format!("/v1/tenants/shop/targets/mail/deliveries?state={state}");
    let waiting = async {
        loop {
            let listed = server.get(&path).await;
            let items = listed["items"].as_array().expect("a list");
            if let Some(tried) = items.iter().find(|item| item["attempts"] != 0) {
                return tried.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("no delivery was tried and is {state}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_s_end_comes_by_e_mail() {
    let (place, mail) = (tempfile::tempdir().expect("a folder"), SmtpServer::start().await);
    let smtp = json!({
        "server": "127.0.0.1", "port": mail.port, "tls": "none", "from": "Tenon <tenon@example.com>",
        "recipient_domains": ["shop.example"],
    });
    let server = Running::configured(place.path(), None, |config| {
        config.smtp = Some(serde_json::from_value(smtp).expect("settings"));
    })
    .await;
    server.tenant("shop", "id\n1\n").await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    let target = json!({
        "destination": {
            "type": "email", "to": ["ana@shop.example"], "subject": "{{event.kind}}: {{event.subject}}",
            "body": "It has ended.",
        },
        "filter": { "kinds": ["run.succeeded"] },
    });
    server.put("/v1/tenants/shop/targets/mail", target).await;
    let run = server.run("shop", "copy", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let sent = tried(&server, "delivered").await;
    assert_eq!((&sent["kind"], &sent["attempts"]), (&json!("run.succeeded"), &json!(1)));

    // A mailbox that is not there may be tomorrow.
    mail.refuse(Some("550 no such mailbox\r\n"));
    server.run("shop", "copy", json!({})).await;
    let refused = tried(&server, "pending").await;
    let error = refused["error"].as_str().expect("why");
    assert!(error.contains("no such mailbox"), "{error}");
    server.stop().await;

    let conversations = mail.conversations();
    let lines = conversations.first().expect("an e-mail");
    let has = |beginning: &str| lines.iter().any(|line| line.starts_with(beginning));
    for beginning in [
        "MAIL FROM:<tenon@example.com>",
        "RCPT TO:<ana@shop.example>",
        "From: ",
        "To: ana@shop.example",
        "Subject: run.succeeded: ",
        "It has ended.",
    ] {
        assert!(has(beginning), "no {beginning:?} in {lines:#?}");
    }
}
