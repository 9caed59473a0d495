//! One attempt.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::json;
use url::Url;

use super::deliverer::Shared;
use super::retry::retry_after;
use crate::template::{Template, time};
use crate::{Destination, Error, Recorded, Slack, Webhook, sign};

/// Bytes of an answer that are read at most, so that the connection can be used again.
const MOST_READ: usize = 64 << 10;
/// How long an answer is read.
const READ_FOR: Duration = Duration::from_secs(2);

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Delivered,
    /// Try this event again; others may fare better.
    EventFailed,
    /// Try again, and leave the target alone until then, as long as it asks for.
    TargetFailed(Option<Duration>),
    /// The target wants no more events.
    Gone,
}

impl Answer {
    pub fn delivered(status: Option<u16>) -> Self {
        let outcome = Outcome::Delivered;
        Self {
            outcome,
            status,
            error: None,
        }
    }

    pub fn failed(outcome: Outcome, status: Option<u16>, error: impl Into<String>) -> Self {
        let error: String = error.into();
        Self {
            outcome,
            status,
            error: Some(error.chars().take(500).collect()),
        }
    }
}

impl Shared {
    /// Makes an attempt, in bounded time.
    pub(super) async fn send(&self, tenant: &str, target: &str, destination: &Destination, event: &Recorded) -> Answer {
        let attempt = async {
            match destination {
                Destination::Webhook(webhook) => self.webhook(tenant, webhook, event).await,
                Destination::Slack(slack) => self.slack(tenant, slack, event).await,
                Destination::Email(email) => match &self.mail {
                    Some(mail) => Ok(mail.send(target, email, event).await),
                    None => Err(Error::Setting {
                        setting: "mail",
                        reason: "the server has no settings for e-mail".to_owned(),
                    }),
                },
            }
        };
        let timeout = self.settings.timeout;
        match tokio::time::timeout(timeout, attempt).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::failed(Outcome::TargetFailed(None), None, error.to_string()),
            Err(_) => Answer::failed(
                Outcome::TargetFailed(None),
                None,
                format!("no answer within {timeout:?}"),
            ),
        }
    }

    async fn webhook(&self, tenant: &str, webhook: &Webhook, event: &Recorded) -> Result<Answer, Error> {
        let url = self.url(&webhook.url)?;
        let secret = self.secrets.reveal(tenant, &webhook.secret).await?;
        let previous = match &webhook.previous_secret {
            Some(name) => Some(self.secrets.reveal(tenant, name).await?),
            None => None,
        };
        let secrets: Vec<&str> = [Some(&secret), previous.as_ref()]
            .into_iter()
            .flatten()
            .map(|secret| secret.as_str())
            .collect();
        let id = format!("evt_{}", event.number);
        let timestamp = self.metadata.clock().now() / 1_000_000;
        let body = cloud_event(&self.settings.source, event);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", sign(&secrets, &id, timestamp, body.as_bytes()))
            .body(body);
        Ok(self.post(request).await)
    }

    async fn slack(&self, tenant: &str, slack: &Slack, event: &Recorded) -> Result<Answer, Error> {
        let url = self.secrets.reveal(tenant, &slack.url_secret).await?;
        let url = self.url(url.trim())?;
        let wrong = |reason| Error::Setting {
            setting: "text",
            reason,
        };
        let text = Template::parse(&slack.text).map_err(wrong)?.fill(event, escape_slack);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(json!({ "text": text }).to_string());
        Ok(self.post(request).await)
    }

    fn url(&self, text: &str) -> Result<Url, Error> {
        // The text may be a secret.
        let url = Url::parse(text).map_err(|error| Error::Setting {
            setting: "url",
            reason: error.to_string(),
        })?;
        self.guard.check_url(&url)?;
        Ok(url)
    }

    async fn post(&self, request: RequestBuilder) -> Answer {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::failed(Outcome::TargetFailed(None), None, describe(error)),
        };
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|after| retry_after(after.to_str().ok()?, self.metadata.clock().now()));
        read(response).await;
        judge(status, after)
    }
}

fn judge(status: StatusCode, after: Option<Duration>) -> Answer {
    let code = Some(status.as_u16());
    let error = format!("the target answers {status}");
    match status {
        status if status.is_success() => Answer::delivered(code),
        StatusCode::GONE => Answer::failed(Outcome::Gone, code, error),
        status if status.is_redirection() => Answer::failed(
            Outcome::TargetFailed(None),
            code,
            format!("{error}; redirects are not followed"),
        ),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Answer::failed(Outcome::TargetFailed(after), code, error)
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            Answer::failed(Outcome::TargetFailed(None), code, error)
        }
        status if status.is_client_error() => Answer::failed(Outcome::EventFailed, code, error),
        _ => Answer::failed(Outcome::TargetFailed(None), code, error),
    }
}

/// Reads the rest of an answer, without keeping it: what internal services answer is nobody's business.
async fn read(mut response: Response) {
    let reading = async {
        let mut left = MOST_READ;
        while let Ok(Some(chunk)) = response.chunk().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(READ_FOR, reading).await;
}

/// In words, without the URL, which may be a secret.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause = error.source();
    let mut words = if error.is_connect() {
        "no connection".to_owned()
    } else {
        error.to_string()
    };
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}

/// An event as CloudEvents 1.0 writes it in JSON.
pub(super) fn cloud_event(source: &str, event: &Recorded) -> String {
    let place = event
        .tenant
        .as_ref()
        .map_or(String::new(), |tenant| format!("/tenants/{tenant}"));
    let source = source.trim_end_matches('/');
    let source = if source.is_empty() && place.is_empty() {
        "/".to_owned()
    } else {
        format!("{source}{place}")
    };
    let mut envelope = json!({
        "specversion": "1.0",
        "id": event.number.to_string(),
        "source": source,
        "type": event.kind,
        "time": time(event.time),
        "datacontenttype": "application/json",
        "data": event.data,
    });
    if !event.subject.is_empty() {
        envelope["subject"] = json!(event.subject);
    }
    envelope.to_string()
}

/// Slack's control characters, which would make mentions and links.
fn escape_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
