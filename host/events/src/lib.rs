//! What happens on a server, and who is told.
//!
//! [`emit`] keeps an event, in the transaction of what happened. Readers come to it by its position: a [`Cursor`], for what
//! must be done about each event once; [`events`] and [`follow`], for people who look; and targets ([`create_target`]),
//! which the [`Deliverer`] tells. A [`Condition`] says which events are meant, a [`Guard`] which addresses may be called.
//!
//! ```
//! use serde_json::json;
//! use tenon_events::{Condition, Cursor, Error, Event, MIGRATIONS, Start, emit};
//! use tenon_metadata::{Metadata, Settings};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Error> {
//! # let place = tempfile::tempdir().expect("a folder");
//! # let url = place.path().join("server.db").display().to_string();
//! let metadata = Metadata::open(&Settings::new(url), &[MIGRATIONS]).await?;
//! let cursor = metadata.write(|tx| Cursor::open(tx, "alarms", Start::Now)).await?;
//!
//! let failed = Event::new("run.failed").tenant("acme").subject("run_1").data(json!({ "attempt": 3 }));
//! metadata.write(move |tx| emit(tx, &failed)).await?;
//!
//! let condition = Condition::parse("event.kind == 'run.failed' && event.data.attempt > 2")?;
//! let alarms = metadata
//!     .write(move |tx| {
//!         let mut alarms = 0;
//!         for event in cursor.next(tx, 100)? {
//!             alarms += i32::from(condition.matches(&event)?);
//!             cursor.advance(tx, event.position)?;
//!         }
//!         Ok::<_, Error>(alarms)
//!     })
//!     .await?;
//! assert_eq!(alarms, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What a receiver gets
//!
//! A webhook is a POST of one event as JSON in the structured form of CloudEvents 1.0, with the headers of Standard
//! Webhooks: `webhook-id`, the same for each attempt; `webhook-timestamp`, in seconds; `webhook-signature`. Any 2xx is
//! enough, and its body is not looked at. 410 disables the target; 429 and 503 can ask for a pause by `Retry-After`; 401,
//! 403, 404, 408, redirects, 5xx and no answer make the target wait, longer each time; any other 4xx is about this event
//! only. What fails for 24 hours is given up, and can be delivered again while it is kept.

mod condition;
mod cursor;
mod deliver;
mod delivery;
mod error;
mod event;
mod guard;
mod retention;
mod schema;
mod sequence;
mod signature;
mod stream;
mod target;
mod targets;
mod template;

pub use condition::{Condition, LONGEST_CONDITION, Verdict};
pub use cursor::{Cursor, Start};
pub use deliver::{Deliverer, DeliverySettings, MailSettings, MailTls};
pub use delivery::{Attempt, Delivery, DeliveryState, attempts, deliveries, redeliver, redeliver_dead};
pub use error::Error;
pub use event::{Event, LARGEST_DATA, Recorded, emit};
pub use guard::{Guard, GuardSettings, Resolver, SystemResolver, is_metadata_service};
pub use retention::{EventRetention, retain};
pub use schema::MIGRATIONS;
pub use sequence::{last_position, sequence};
pub use signature::{TOLERANCE, sign, verify, verify_github};
pub use stream::{EventFilter, events, follow};
pub use target::{Destination, Email, NewTarget, Secrets, Slack, Target, TargetFilter, Webhook};
pub use targets::{MOST_TARGETS, create_target, get_target, list_targets, remove_target, update_target};
