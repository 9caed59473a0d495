//! Who waits for a change is woken by it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast;

/// How many notices a subscription can be behind before it is told only that there were some.
const BEHIND: usize = 1024;

/// What a committed change told others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about: "runs".
    pub topic: String,
    /// What was said; empty if that is not known, because the subscription was too far behind, or the connection to the
    /// database has been broken for a while: then anything may have been said.
    pub text: String,
}

/// Distributes notices within this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    /// By topic. Held while a notice is put into buffers, or a subscription is made.
    topics: Arc<Mutex<HashMap<String, broadcast::Sender<String>>>>,
}

impl Notices {
    pub fn tell(&self, notices: impl IntoIterator<Item = Notice>) {
        for notice in notices {
            if let Some(topic) = self.topics.lock().get(&notice.topic) {
                // Nobody may be listening any more.
                let _ = topic.send(notice.text);
            }
        }
    }

    /// Tells every subscription that something may have been missed.
    pub fn tell_all(&self) {
        for topic in self.topics.lock().values() {
            let _ = topic.send(String::new());
        }
    }

    pub fn subscribe(&self, topic: &str) -> Subscription {
        let mut topics = self.topics.lock();
        topics.retain(|_, topic| topic.receiver_count() > 0);
        let sender = topics
            .entry(topic.to_owned())
            .or_insert_with(|| broadcast::channel(BEHIND).0);
        Subscription {
            topic: topic.to_owned(),
            notices: sender.subscribe(),
        }
    }

    /// Ends every subscription.
    pub fn close(&self) {
        self.topics.lock().clear();
    }
}

/// Notices of one topic, from when it was made.
#[derive(Debug)]
pub struct Subscription {
    topic: String,
    notices: broadcast::Receiver<String>,
}

impl Subscription {
    /// The next notice; none once the database is closed. Notices may be lost when a server dies or its connection to
    /// the database breaks, so look at the tables now and then without one too.
    pub async fn next(&mut self) -> Option<Notice> {
        let text = match self.notices.recv().await {
            Ok(text) => text,
            Err(broadcast::error::RecvError::Lagged(_)) => String::new(),
            Err(broadcast::error::RecvError::Closed) => return None,
        };
        let topic = self.topic.clone();
        Some(Notice { topic, text })
    }

    /// Forgets the notices that wait: for whoever looks at the tables now, which is one look for all of them.
    pub fn forget(&mut self) {
        self.notices = self.notices.resubscribe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(topic: &str, text: &str) -> Notice {
        let (topic, text) = (topic.to_owned(), text.to_owned());
        Notice { topic, text }
    }

    #[tokio::test]
    async fn a_subscription_hears_its_topic_only_and_that_it_missed_something() {
        let notices = Notices::default();
        let mut runs = notices.subscribe("runs");
        let mut plugins = notices.subscribe("plugins");
        notices.tell([notice("jobs", "a"), notice("runs", "b"), notice("plugins", "c")]);
        assert_eq!(runs.next().await, Some(notice("runs", "b")));
        assert_eq!(plugins.next().await, Some(notice("plugins", "c")));

        notices.tell((0..=BEHIND).map(|number| notice("runs", &number.to_string())));
        assert_eq!(runs.next().await, Some(notice("runs", "")));
        assert_eq!(runs.next().await, Some(notice("runs", "1")));

        notices.tell([notice("plugins", "d"), notice("plugins", "e")]);
        plugins.forget();
        notices.tell_all();
        assert_eq!(plugins.next().await, Some(notice("plugins", "")));
        notices.close();
        assert_eq!(plugins.next().await, None);
    }
}
