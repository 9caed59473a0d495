//! Streams of events, which are taken up again where they broke off.

use std::time::Duration;

use futures::{Stream, stream};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use crate::sse::{Frame, Parser};
use crate::{Call, Error};

/// A server that says nothing for so long is gone: it sends something every 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// The answer is a stream of these events, which is read by [`Call::follow`].
#[derive(Debug)]
pub struct Followed<E>(std::marker::PhantomData<E>);

/// What comes from a stream.
pub trait FollowedEvent: Sized + Send {
    /// Makes one of an event's name and data; none if it is of a sort that this client does not know.
    ///
    /// # Errors
    /// If the data are not what they should be.
    fn read(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error>;

    /// Whether nothing comes after it.
    fn is_last(&self) -> bool;
}

impl<E: FollowedEvent> Call<Followed<E>> {
    /// The events, as they happen. A stream that breaks off is taken up again after the last event that was read, as often
    /// as [`Retries::reconnects`](crate::Retries::reconnects) says. The stream ends after an error, and after what is the
    /// last by its nature: the final state of a run.
    pub fn follow(self) -> impl Stream<Item = Result<E, Error>> + Send {
        let following = Following {
            call: self,
            open: None,
            last_event: None,
            failures: 0,
            was_open: false,
            has_ended: false,
        };
        stream::unfold(following, |mut following| async move {
            let event = following.next().await?;
            Some((event, following))
        })
    }
}

/// A stream that is followed.
struct Following<E> {
    call: Call<Followed<E>>,
    open: Option<Open>,
    last_event: Option<String>,
    /// How often it broke off since something came from it.
    failures: u32,
    was_open: bool,
    has_ended: bool,
}

/// A connection from which events come.
struct Open {
    response: Response,
    parser: Parser,
}

impl<E: FollowedEvent> Following<E> {
    async fn next(&mut self) -> Option<Result<E, Error>> {
        while !self.has_ended {
            let error = match self.frame().await {
                Ok(frame) => match E::read(&frame.name, &frame.data) {
                    Ok(None) => continue,
                    Ok(Some(event)) => {
                        self.has_ended = event.is_last();
                        return Some(Ok(event));
                    }
                    Err(error) => Error::Foreign {
                        url: self.call.client().server().to_owned(),
                        reason: format!("an event of its stream is not what was expected: {error}"),
                    },
                },
                Err(error) => {
                    self.open = None;
                    self.failures += 1;
                    if let Some(wait) = self.wait(&error) {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    error
                }
            };
            self.has_ended = true;
            return Some(Err(error));
        }
        None
    }

    /// The next event, of a connection that is opened if there is none.
    async fn frame(&mut self) -> Result<Frame, Error> {
        if self.open.is_none() {
            let response = self.call.opened(self.last_event.as_deref()).await?;
            self.open = Some(Open::new(response)?);
            self.was_open = true;
        }
        let server = self.call.client().server();
        let broken = |reason: String| Error::Broken {
            server: server.to_owned(),
            reason,
        };
        let Some(open) = &mut self.open else {
            return Err(broken("there is no connection".to_owned()));
        };
        loop {
            if let Some(frame) = open.parser.next() {
                if frame.id.is_some() {
                    self.last_event.clone_from(&frame.id);
                }
                return Ok(frame);
            }
            let chunk = tokio::time::timeout(SILENCE, open.response.chunk()).await;
            let chunk = chunk.map_err(|_| broken(format!("it was silent for {} s", SILENCE.as_secs())))?;
            let chunk = chunk.map_err(|error| Error::of_transport(server, &error, SILENCE.as_secs()))?;
            let chunk = chunk.ok_or_else(|| broken("the stream ended before its end".to_owned()))?;
            self.failures = 0;
            open.parser.take(&chunk).map_err(|_| Error::Foreign {
                url: server.to_owned(),
                reason: "an event of its stream does not end".to_owned(),
            })?;
        }
    }

    /// How long to wait before it is tried again; none if it is not.
    fn wait(&self, error: &Error) -> Option<Duration> {
        let retries = &self.call.client().parts().retries;
        if !self.was_open {
            return retries.wait(self.failures, true, error);
        }
        let may_pass = match error {
            Error::Unreachable { .. } | Error::Broken { .. } | Error::TimedOut { .. } => true,
            Error::Refused(problem) => matches!(problem.status, 429 | 502..=504),
            _ => false,
        };
        (may_pass && self.failures <= retries.reconnects).then(|| retries.backoff(self.failures))
    }
}

impl Open {
    fn new(response: Response) -> Result<Self, Error> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Ok(Self {
                response,
                parser: Parser::default(),
            });
        }
        Err(Error::Foreign {
            url: response.url().to_string(),
            reason: format!(
                "its answer is {} rather than a stream of events",
                kind.unwrap_or("nothing that it names")
            ),
        })
    }
}
