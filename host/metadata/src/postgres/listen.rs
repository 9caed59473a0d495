//! What other servers tell.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};
use tokio_postgres::AsyncMessage;

use super::failure::said;
use super::target::Target;
use super::worker::runtime;
use crate::Error;
use crate::metadata::spawn;
use crate::notices::{Notice, Notices};

/// The longest payload that PostgreSQL takes is a little less than 8000 bytes.
const LONGEST: usize = 4_000;
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the connection is tried out: a broken one of which nothing is sent would never be noticed.
const HEARTBEAT: Duration = Duration::from_secs(20);

type Ready = oneshot::Sender<Result<(), String>>;

/// A notice as it is sent: who tells, the topic, the text. Neither of the first two has a line break.
pub(super) fn payload(own: &str, notice: &Notice) -> String {
    let topic = &notice.topic;
    let text = if notice.text.len() > LONGEST { "" } else { &notice.text };
    format!("{own}\n{topic}\n{text}")
}

fn notice(own: &str, payload: &str) -> Option<Notice> {
    let (from, rest) = payload.split_once('\n')?;
    let (topic, text) = rest.split_once('\n')?;
    let (topic, text) = (topic.to_owned(), text.to_owned());
    (from != own).then_some(Notice { topic, text })
}

/// Starts to listen, until `closed` says so. Ready once it does, so that nothing is missed from then on.
pub(super) fn start(
    target: Arc<Target>,
    own: String,
    notices: Notices,
    mut closed: watch::Receiver<()>,
) -> Result<(), Error> {
    let runtime = runtime(&target)?;
    let (ready, listening) = oneshot::channel();
    let place = target.place.clone();
    spawn("metadata-listener", move || {
        let listener = Listener { target, own, notices };
        runtime.block_on(async {
            tokio::select! {
                never = listener.listen(ready) => match never {},
                // It never changes; it is gone.
                _ = closed.changed() => {}
            }
        });
        listener.notices.close();
    })?;
    let listening = listening.blocking_recv();
    let listening = listening.unwrap_or_else(|_| Err("its listener broke down".to_owned()));
    listening.map_err(|reason| Error::Open { place, reason })
}

struct Listener {
    target: Arc<Target>,
    own: String,
    notices: Notices,
}

impl Listener {
    /// Listens, and connects again when the connection breaks. Only the first failure is told to whoever opens.
    async fn listen(&self, ready: Ready) -> Infallible {
        let mut ready = Some(ready);
        let mut pause = SHORTEST_PAUSE;
        loop {
            let mut is_up = || {
                pause = SHORTEST_PAUSE;
                match ready.take() {
                    Some(ready) => drop(ready.send(Ok(()))),
                    // Whatever was told meanwhile is lost.
                    None => self.notices.tell_all(),
                }
            };
            let reason = self.until_broken(&mut is_up).await;
            if let Some(ready) = ready.take() {
                let _ = ready.send(Err(reason));
            } else {
                tracing::warn!(database = %self.target.place, reason, "other servers are not heard; connecting again");
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Listens until the connection breaks; says why.
    async fn until_broken(&self, is_up: &mut (dyn FnMut() + Send)) -> String {
        let (client, mut connection) = match self.target.config.connect(self.target.tls.clone()).await {
            Ok(connected) => connected,
            Err(error) => return said(&error),
        };
        let messages = async {
            loop {
                match poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(told))) => {
                        self.notices.tell(notice(&self.own, told.payload()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return said(&error),
                    None => return "the connection has ended".to_owned(),
                }
            }
        };
        let alive = async {
            if let Err(error) = client.batch_execute("listen tenon").await {
                return said(&error);
            }
            is_up();
            loop {
                sleep(HEARTBEAT).await;
                match timeout(HEARTBEAT, client.batch_execute("select 1")).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return said(&error),
                    Err(_) => return "the server does not answer".to_owned(),
                }
            }
        };
        tokio::select! {
            reason = messages => reason,
            reason = alive => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_sent_and_ones_own_are_not_heard() {
        let told = Notice {
            topic: "runs".to_owned(),
            text: "two\nlines".to_owned(),
        };
        let sent = payload("server_1", &told);
        assert_eq!(notice("server_2", &sent), Some(told.clone()));
        assert_eq!(notice("server_1", &sent), None);
        assert_eq!(notice("server_1", "something else"), None);
        let long = Notice {
            text: "x".repeat(LONGEST + 1),
            ..told
        };
        let heard = notice("server_2", &payload("server_1", &long)).unwrap();
        assert_eq!((heard.topic.as_str(), heard.text.as_str()), ("runs", ""));
    }
}
