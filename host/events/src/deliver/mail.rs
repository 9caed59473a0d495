//! E-mail.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use zeroize::Zeroizing;

use super::send::{Answer, Outcome};
use crate::template::Template;
use crate::{Email, Error, Recorded};

/// Longest subject, in characters.
const LONGEST_SUBJECT: usize = 200;

/// The server that e-mail goes through; the operator's.
#[derive(Clone)]
pub struct MailSettings {
    /// Its host.
    pub server: String,
    /// Its port: 587 with [`MailTls::StartTls`], 465 with [`MailTls::Tls`].
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// The user and the password, if it wants them.
    pub credentials: Option<(String, Zeroizing<String>)>,
    /// The sender: `Tenon <tenon@example.com>`.
    pub from: String,
    /// Domains that tenants may send from, besides the sender above.
    pub sender_domains: Vec<String>,
    /// Domains that tenants may send to; all if empty.
    pub recipient_domains: Vec<String>,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MailSettings")
            .field("server", &self.server)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from", &self.from)
            .field("sender_domains", &self.sender_domains)
            .field("recipient_domains", &self.recipient_domains)
            .finish_non_exhaustive()
    }
}

/// How the connection to a server of e-mail is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all; for a relay on this machine.
    None,
    /// After a greeting in the clear, or not used.
    StartTls,
    /// From the first byte.
    Tls,
}

/// The way to the server.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    settings: MailSettings,
}

impl Mail {
    pub fn new(settings: MailSettings, timeout: Duration) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Setting {
            setting: "mail",
            reason,
        };
        let from = Mailbox::from_str(&settings.from);
        let from = from.map_err(|error| wrong(format!("`{}` is no address: {error}", settings.from)))?;
        let parameters = || TlsParameters::new(settings.server.clone()).map_err(|error| wrong(error.to_string()));
        let tls = match settings.tls {
            MailTls::None => Tls::None,
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(settings.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(timeout));
        if let Some((user, password)) = &settings.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.to_string()));
        }
        Ok(Self {
            transport: transport.build(),
            from,
            settings,
        })
    }

    /// Sends one; `target` is the id of the target.
    pub async fn send(&self, target: &str, email: &Email, event: &Recorded) -> Answer {
        let message = match self.message(target, email, event) {
            Ok(message) => message,
            Err(reason) => return Answer::failed(Outcome::TargetFailed(None), None, reason),
        };
        match self.transport.send(message).await {
            Ok(response) => Answer::delivered(Some(u16::from(response.code()))),
            Err(error) => {
                let status = error.status().map(u16::from);
                let outcome = if error.is_permanent() {
                    Outcome::EventFailed
                } else {
                    Outcome::TargetFailed(None)
                };
                Answer::failed(outcome, status, format!("the server of e-mail: {error}"))
            }
        }
    }

    fn message(&self, target: &str, email: &Email, event: &Recorded) -> Result<Message, String> {
        let from = match &email.from {
            None => self.from.clone(),
            Some(from) => {
                let from = Mailbox::from_str(from).map_err(|error| format!("`{from}` is no address: {error}"))?;
                if !is_of(from.email.domain(), &self.settings.sender_domains) {
                    return Err(format!("the server does not send from {}", from.email.domain()));
                }
                from
            }
        };
        // The same for each attempt, so that a mailbox can tell.
        let id = format!("<evt-{}.{target}@{}>", event.number, self.from.email.domain());
        let subject = Template::parse(&email.subject)?.fill(event, str::to_owned);
        let mut message = Message::builder()
            .from(from)
            .message_id(Some(id))
            .subject(one_line(&subject));
        for to in &email.to {
            let address = Address::from_str(to).map_err(|error| format!("`{to}` is no address: {error}"))?;
            let domains = &self.settings.recipient_domains;
            if !domains.is_empty() && !is_of(address.domain(), domains) {
                return Err(format!("the server does not send to {}", address.domain()));
            }
            message = message.to(Mailbox::new(None, address));
        }
        let body = Template::parse(&email.body)?.fill(event, str::to_owned);
        message
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|error| error.to_string())
    }
}

fn is_of(domain: &str, domains: &[String]) -> bool {
    domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
}

/// What an event has must not end the header that it stands in.
fn one_line(text: &str) -> String {
    let visible = |character: char| if character.is_control() { ' ' } else { character };
    text.chars()
        .map(visible)
        .take(LONGEST_SUBJECT)
        .collect::<String>()
        .trim()
        .to_owned()
}
