//! E-mail to targets, by the server of e-mail that the configuration names.

use std::time::Duration;

use serde_json::{Value, json};

use crate::smtp::SmtpServer;
use crate::support::{COPY, PATIENCE, Running};

/// Waits until so many deliveries to the target have come to this state; answers with the latest of them.
async fn delivered(server: &Running, count: usize, state: &str) -> Value {
    let path = format!("/v1/tenants/shop/targets/mail/deliveries?state={state}");
    let waiting = async {
        loop {
            let listed = server.get(&path).await;
            let items = listed["items"].as_array().expect("a list");
            if items.len() >= count {
                return items[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("there are no {count} deliveries that are {state}"))
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
    let sent = delivered(&server, 1, "delivered").await;
    assert_eq!((&sent["kind"], &sent["attempts"]), (&json!("run.succeeded"), &json!(1)));

    // A mailbox that is not there is no reason to try again.
    mail.refuse(Some("550 no such mailbox\r\n"));
    server.run("shop", "copy", json!({})).await;
    let refused = delivered(&server, 1, "dead").await;
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
