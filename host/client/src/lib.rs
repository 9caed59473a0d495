//! A client of a Tenon server: everything that its API offers.
//!
//! A [`Client`] knows where a server is and has a token for it. Its methods, and those of a [`Tenant`], are named as the
//! operations of the API's document are; each makes a [`Call`], which is sent, read page by page, or followed. Answers
//! are JSON as the document describes it, but for those that most programs look into, which are structs ([`Run`],
//! [`LogLine`], [`Event`]). What can be repeated without harm is repeated when the server is busy or cannot be reached.
//!
//! ```no_run
//! use serde_json::json;
//! use tenon_client::{Client, RunEvent, Token, TryStreamExt};
//!
//! # async fn example() -> Result<(), tenon_client::Error> {
//! let token = Token::new(std::env::var("TENON_TOKEN").unwrap_or_default())?;
//! let client = Client::builder("https://tenon.example.com").token(token).build()?;
//! let shop = client.tenant("shop");
//! let run = shop.start_run("copy", &json!({ "arguments": { "year": 2013 } })).send().await?;
//! let mut events = Box::pin(shop.follow_run(&run.id).follow());
//! while let Some(event) = events.try_next().await? {
//!     if let RunEvent::State(run) = event {
//!         println!("{} is {}", run.id, run.state);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod builder;
mod call;
mod client;
mod error;
mod event;
mod follow;
mod operations;
mod pages;
mod path;
mod problem;
mod retry;
mod run;
mod sse;
mod token;
mod upload;

pub use answer::{Tagged, Text};
pub use builder::Builder;
pub use call::Call;
pub use client::{Client, Tenant};
pub use error::Error;
pub use event::{Event, RunEvent};
/// Streams, and what reads them.
pub use futures::{Stream, StreamExt, TryStreamExt};

pub use follow::{Followed, FollowedEvent};
pub use operations::{Operation, operations};
pub use pages::Page;
pub use path::Segment;
pub use problem::Problem;
pub use retry::Retries;
pub use run::{Failure, LogLine, Run, RunState};
pub use token::Token;
