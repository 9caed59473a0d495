//! When a request is sent once more.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::Error;

/// How often what can be repeated is repeated.
///
/// A request is repeated if the server has not taken it up (it could not be reached, or says with 429 that it is busy), or
/// if doing it twice does no harm: reading, replacing something without a condition, and what has an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often a request is sent at most. Default 4.
    pub attempts: u32,
    /// How often a stream that broke off is taken up again without anything having come from it. Default 12.
    pub reconnects: u32,
    /// How long is waited before the second attempt; twice as long before each further one. Default 200 ms.
    pub first_wait: Duration,
    /// How long is waited at most. What the server asks for is not waited for if it is longer. Default 10 s.
    pub longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 4,
            reconnects: 12,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl Retries {
    /// None at all.
    pub fn none() -> Self {
        Self {
            attempts: 1,
            reconnects: 0,
            ..Self::default()
        }
    }

    /// How long to wait before a request is sent again that failed; none if it is not to be sent again.
    pub(crate) fn wait(&self, attempt: u32, is_safe: bool, error: &Error) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        match error {
            Error::Unreachable { .. } => Some(self.backoff(attempt)),
            Error::Broken { .. } | Error::TimedOut { .. } if is_safe => Some(self.backoff(attempt)),
            Error::Refused(problem) => {
                let is_passing = match problem.status {
                    429 => true,
                    502..=504 => is_safe,
                    _ => false,
                };
                let asked = problem.retry_after.map(Duration::from_secs);
                let wait = self.backoff(attempt).max(asked.unwrap_or_default());
                (is_passing && asked.is_none_or(|asked| asked <= self.longest_wait)).then_some(wait)
            }
            _ => None,
        }
    }

    /// Between half and the whole of the time, so that clients that failed together do not come back together.
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first_wait.saturating_mul(factor).min(self.longest_wait);
        let share = (random() % 1000) as u32;
        whole / 2 + (whole / 2).saturating_mul(share) / 1000
    }
}

/// An idempotency key that nobody else has.
pub(crate) fn fresh_key() -> String {
    format!("{:016x}{:016x}", random(), random())
}

/// The keys of maps' hashers are the standard library's random numbers.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;

    fn refused(status: u16, retry_after: Option<u64>) -> Error {
        let json = serde_json::json!({ "status": status, "retry_after": retry_after });
        let problem: Problem = serde_json::from_value(json).expect("a problem");
        Error::Refused(Box::new(problem))
    }

    fn broken() -> Error {
        let (server, reason) = (String::new(), String::new());
        Error::Broken { server, reason }
    }

    #[test]
    fn only_what_does_no_harm_is_repeated() {
        let retries = Retries::default();
        assert!(retries.wait(1, false, &broken()).is_none());
        assert!(retries.wait(1, true, &broken()).is_some());
        assert!(retries.wait(1, false, &refused(429, None)).is_some());
        assert!(retries.wait(1, false, &refused(503, None)).is_none());
        assert!(retries.wait(1, true, &refused(503, None)).is_some());
        assert!(retries.wait(1, true, &refused(404, None)).is_none());
        assert!(retries.wait(4, true, &broken()).is_none());
    }

    #[test]
    fn the_server_says_how_long_but_not_too_long() {
        let retries = Retries::default();
        let wait = retries.wait(1, false, &refused(429, Some(3))).expect("again");
        assert_eq!(wait, Duration::from_secs(3));
        assert!(retries.wait(1, false, &refused(429, Some(3600))).is_none());
    }

    #[test]
    fn waits_grow_to_their_longest() {
        let retries = Retries::default();
        for (attempt, least, most) in [(1, 100, 200), (2, 200, 400), (3, 400, 800), (40, 5000, 10_000)] {
            let wait = retries.backoff(attempt).as_millis();
            assert!((least..=most).contains(&wait), "{attempt}: {wait}");
        }
        assert_ne!(fresh_key(), fresh_key());
    }
}
