//! Who is told, and of what.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tenon_metadata::Name;
use zeroize::Zeroizing;

use crate::{Condition, Error, EventFilter, Recorded};

/// Finds tenants' secrets. Targets are kept with the names of secrets only.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret of a tenant.
    ///
    /// # Errors
    /// [`Error::Secret`] if there is none of this name, or it cannot be had now.
    async fn reveal(&self, tenant: &str, name: &Name) -> Result<Zeroizing<String>, Error>;
}

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Destination {
    /// A URL, by POST: CloudEvents 1.0 as JSON, signed as Standard Webhooks.
    Webhook(Webhook),
    /// E-mail, through the server that the operator has set.
    Email(Email),
    /// A channel of Slack, or of what has the same incoming webhooks (Mattermost, Rocket.Chat, Discord at `/slack`).
    Slack(Slack),
}

/// A URL that events are posted to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The URL, with `https`.
    pub url: String,
    /// The name of the secret that requests are signed with.
    pub secret: Name,
    /// The name of the secret before, while it is being replaced: requests have a signature with each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<Name>,
}

/// E-mail.
///
/// `{{event.kind}}`, `{{event.subject}}`, `{{event.tenant}}`, `{{event.time}}`, `{{event.number}}` and
/// `{{event.data.a.b}}` stand for what the event has, in subject and body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// Addresses, at most 20.
    pub to: Vec<String>,
    /// The sender, of a domain that the operator allows. By default the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The subject. Default `{{event.kind}} {{event.subject}}`.
    #[serde(default = "default_subject")]
    pub subject: String,
    /// The text. By default what the event is.
    #[serde(default = "default_body")]
    pub body: String,
}

/// An incoming webhook of Slack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The name of the secret that is the URL.
    pub url_secret: Name,
    /// The text, with the fields of e-mail, which are escaped: what an event has cannot mention people or make links.
    /// Default `*{{event.kind}}* {{event.subject}}`.
    #[serde(default = "default_text")]
    pub text: String,
}

fn default_subject() -> String {
    "{{event.kind}} {{event.subject}}".to_owned()
}

fn default_body() -> String {
    "{{event.kind}} {{event.subject}}\n\nTenant: {{event.tenant}}\nTime: {{event.time}}\n\n{{event.data}}\n".to_owned()
}

fn default_text() -> String {
    "*{{event.kind}}* {{event.subject}}".to_owned()
}

/// Which events a target is told of: those that all of it fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TargetFilter {
    /// Kinds, or their beginnings by whole parts: `run` fits `run.failed`. All if empty; at most 100.
    pub kinds: Vec<String>,
    /// A condition, in CEL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

impl TargetFilter {
    /// Makes it ready for many events.
    ///
    /// # Errors
    /// [`Error::Condition`].
    pub(crate) fn compile(&self) -> Result<CompiledFilter, Error> {
        let condition = self.condition.as_deref().map(Condition::parse).transpose()?;
        let kinds = EventFilter {
            kinds: self.kinds.clone(),
            subject: None,
        };
        Ok(CompiledFilter { kinds, condition })
    }
}

/// A filter with its condition read.
#[derive(Clone, Debug)]
pub(crate) struct CompiledFilter {
    kinds: EventFilter,
    condition: Option<Condition>,
}

impl CompiledFilter {
    /// Whether an event fits. One that its condition cannot be decided for does not.
    pub fn fits(&self, event: &Recorded) -> bool {
        if !self.kinds.fits(event) {
            return false;
        }
        let Some(condition) = &self.condition else { return true };
        condition.matches(event).unwrap_or_else(|error| {
            tracing::debug!(event = event.number, %error, "an event is not delivered");
            false
        })
    }
}

/// A target as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTarget {
    /// Its name, which no other target of the tenant has.
    pub name: Name,
    /// Where events go.
    pub destination: Destination,
    /// Which events.
    #[serde(default)]
    pub filter: TargetFilter,
    /// Whether they go there. Default yes.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Target {
    /// Its name.
    pub name: Name,
    /// Grows with each change.
    pub version: i64,
    /// Where events go.
    pub destination: Destination,
    /// Which events.
    pub filter: TargetFilter,
    /// Whether they go there. What happens while they do not is not delivered later.
    pub enabled: bool,
    /// Why the server has disabled it.
    pub disabled_because: Option<String>,
    /// Attempts that have failed since the last one that did not.
    pub failures: i64,
    /// When it was made, in microseconds since 1970, UTC.
    pub created: i64,
    /// When it was changed, in microseconds since 1970, UTC.
    pub changed: i64,
}
