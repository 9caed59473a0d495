//! E-mail and Slack: what comes from an event stays text.

use std::time::Duration;

use crate::support::{HttpTarget, Place, SmtpServer, name, settings};
use serde_json::{Value, json};
use tenon_events::{Destination, Email, MailSettings, MailTls, NewTarget, Slack, TargetFilter};

fn mail(server: &SmtpServer) -> MailSettings {
    MailSettings {
        server: "127.0.0.1".to_owned(),
        port: server.port,
        tls: MailTls::None,
        credentials: None,
        from: "Tenon <tenon@example.com>".to_owned(),
        sender_domains: vec!["acme.example".to_owned()],
        recipient_domains: vec!["acme.example".to_owned()],
    }
}

fn email(target: &str, to: &[&str], from: Option<&str>) -> NewTarget {
    let text = json!({ "type": "email", "to": to, "from": from });
    let mut email: Destination = serde_json::from_value(text).unwrap();
    if let Destination::Email(Email { subject, body, .. }) = &mut email {
        "{{event.kind}}: {{event.data.text}}".clone_into(subject);
        "It says:\n{{event.data.text}}\n.\nEnd".clone_into(body);
    }
    NewTarget {
        name: name(target),
        destination: email,
        filter: TargetFilter::default(),
        enabled: true,
    }
}

#[tokio::test]
async fn e_mail_arrives_and_events_cannot_add_headers() {
    let (place, server) = (Place::new().await, SmtpServer::start().await);
    place
        .target("acme", email("mail", &["a@acme.example", "b@acme.example"], None))
        .await;
    let text = "x\r\nBcc: victim@example.org\r\n\r\n.\r\nMAIL FROM:<evil@example.org>\r\nü";
    place.emit("acme", "run.failed", json!({ "text": text })).await;
    let deliverer = place.deliverer_with(settings(), Some(mail(&server)));
    assert_eq!(deliverer.deliver_once().await.unwrap(), 1);
    let attempt = &place.attempts("acme", "mail").await[0];
    assert_eq!((attempt.status, &attempt.error), (Some(250), &None));

    let conversations = server.conversations();
    assert_eq!(conversations.len(), 1);
    let lines = &conversations[0];
    let data = lines.iter().position(|line| line == "DATA").unwrap();
    let commands: Vec<&str> = lines[..data]
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(commands, ["EHLO", "MAIL", "RCPT", "RCPT"]);
    assert_eq!(lines[data - 2], "RCPT TO:<a@acme.example>");
    let blank = data + lines[data..].iter().position(String::is_empty).unwrap();
    let headers = &lines[data + 1..blank];
    println!("{headers:#?}");
    assert!(headers.iter().any(|line| line.starts_with("Subject: ")));
    assert!(
        headers
            .iter()
            .any(|line| line.starts_with("Message-ID: <evt-1.target_")),
        "{headers:?}"
    );
    assert!(
        !headers.iter().any(|line| line.to_lowercase().starts_with("bcc")),
        "{headers:?}"
    );
    // A lone point would end the message: what follows would be commands.
    let end = lines.iter().position(|line| line == ".").unwrap();
    assert!(
        lines[end + 1..].iter().all(|line| line == "QUIT"),
        "{:?}",
        &lines[end..]
    );
}

#[tokio::test]
async fn senders_and_recipients_are_the_operator_s_to_allow() {
    let (place, server) = (Place::new().await, SmtpServer::start().await);
    place
        .target(
            "acme",
            email("own", &["a@acme.example"], Some("Jobs <jobs@acme.example>")),
        )
        .await;
    place
        .target("acme", email("spoofed", &["a@acme.example"], Some("ceo@bank.example")))
        .await;
    place
        .target("acme", email("spam", &["a@elsewhere.example"], None))
        .await;
    place.emit("acme", "run.failed", json!({ "text": "x" })).await;
    place
        .deliverer_with(settings(), Some(mail(&server)))
        .deliver_once()
        .await
        .unwrap();
    assert_eq!(server.conversations().len(), 1);
    assert!(place.attempts("acme", "own").await[0].error.is_none());
    for refused in ["spoofed", "spam"] {
        let error = place.attempts("acme", refused).await[0].error.clone().unwrap();
        assert!(error.contains("the server does not send"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_recipient_is_that_event_s_failure_and_a_missing_server_the_target_s() {
    let (place, server) = (Place::new().await, SmtpServer::start().await);
    place.target("acme", email("mail", &["a@acme.example"], None)).await;
    let deliverer = place.deliverer_with(settings(), Some(mail(&server)));
    server.refuse(Some("550 no such mailbox\r\n"));
    place.emit("acme", "run.failed", json!({ "text": "x" })).await;
    deliverer.deliver_once().await.unwrap();
    let attempt = place.attempts("acme", "mail").await[0].clone();
    assert_eq!(attempt.status, Some(550));
    assert_eq!(place.get_target("acme", "mail").await.failures, 0);
    server.refuse(Some("451 later\r\n"));
    place.pass(Duration::from_secs(10));
    deliverer.deliver_once().await.unwrap();
    assert_eq!(place.get_target("acme", "mail").await.failures, 1);
    drop(server);
    place.pass(Duration::from_secs(60));
    deliverer.deliver_once().await.unwrap();
    assert_eq!(place.get_target("acme", "mail").await.failures, 2);
    // Without settings, too.
    place.pass(Duration::from_secs(60));
    place.deliverer().deliver_once().await.unwrap();
    let error = place.attempts("acme", "mail").await[0].error.clone().unwrap();
    assert!(error.contains("no settings for e-mail"), "{error}");
}

fn slack(secret: &str) -> NewTarget {
    NewTarget {
        name: name("slack"),
        destination: Destination::Slack(Slack {
            url_secret: name(secret),
            text: "*{{event.kind}}* <https://tenon.example/|{{event.data.text}}>".to_owned(),
        }),
        filter: TargetFilter::default(),
        enabled: true,
    }
}

#[tokio::test]
async fn slack_gets_text_that_mentions_nobody() {
    let (place, target) = (Place::new().await, HttpTarget::start().await);
    place.target("acme", slack(&format!("port-{}", target.port))).await;
    place
        .emit(
            "acme",
            "run.failed",
            json!({ "text": "<!channel> & \"quotes\" <@U1>\n" }),
        )
        .await;
    place.deliverer().deliver_once().await.unwrap();
    let body: Value = target.requests()[0].json();
    assert_eq!(
        body,
        json!({ "text": "*run.failed* <https://tenon.example/|&lt;!channel&gt; &amp; \"quotes\" &lt;@U1&gt;\n>" })
    );
    assert!(target.requests()[0].head.starts_with("POST /services/T0/B0/secret "));
}

#[tokio::test]
async fn a_secret_url_is_in_no_error() {
    let place = Place::new().await;
    // Nothing listens on port 1.
    place.target("acme", slack("port-1")).await;
    place.emit("acme", "run.failed", json!({})).await;
    place.deliverer().deliver_once().await.unwrap();
    let error = place.attempts("acme", "slack").await[0].error.clone().unwrap();
    assert!(
        error.contains("no connection") && !error.contains("services"),
        "{error}"
    );

    let mut other = slack("missing");
    other.name = name("other");
    place.target("acme", other).await;
    place.emit("acme", "run.failed", json!({})).await;
    place.deliverer().deliver_once().await.unwrap();
    let error = place.attempts("acme", "other").await[0].error.clone().unwrap();
    assert!(error.contains("`missing`"), "{error}");
}

#[test]
fn unknown_fields_of_targets_are_refused() {
    for wrong in [
        json!({ "type": "webhook", "url": "https://example.com", "secret": "s", "more": 1 }),
        json!({ "type": "email", "to": [], "bcc": [] }),
        json!({ "type": "pager" }),
        json!({ "type": "slack", "url_secret": "../x" }),
    ] {
        assert!(serde_json::from_value::<Destination>(wrong.clone()).is_err(), "{wrong}");
    }
}
