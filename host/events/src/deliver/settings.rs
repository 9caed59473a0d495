use std::time::Duration;

/// How deliveries are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySettings {
    /// How long a connection may take to come about. Default 5 seconds.
    pub connect_timeout: Duration,
    /// How long an attempt may take in all. Default 15 seconds.
    pub timeout: Duration,
    /// How long after the first failure a delivery is tried again; after each further one twice as long, give or take a
    /// fifth. Default 5 seconds.
    pub first_retry: Duration,
    /// How long it is between attempts at most. Default 1 hour.
    pub longest_retry: Duration,
    /// How long a delivery is tried before it is given up. Default 24 hours.
    pub give_up: Duration,
    /// How long a target that fails is left alone at most, unless it asks for more by `Retry-After`. Default 5 minutes.
    pub longest_pause: Duration,
    /// Attempts at once, in all; one per target. Default 64.
    pub concurrency: usize,
    /// Attempts at once for one tenant: hanging targets of one do not take the places of others. Default 4.
    pub tenant_concurrency: usize,
    /// Deliveries that may wait for one target; further events wait in the stream. Default 1000.
    pub waiting: u32,
    /// What events call themselves by as `source`, before `/tenants/NAME`: the server's URL, say. Default empty.
    pub source: String,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(60 * 60),
            give_up: Duration::from_secs(24 * 60 * 60),
            longest_pause: Duration::from_secs(5 * 60),
            concurrency: 64,
            tenant_concurrency: 4,
            waiting: 1000,
            source: String::new(),
        }
    }
}
