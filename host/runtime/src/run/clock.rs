//! What a guest sees as the time and as chance.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The clock that guests see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// Always the same time, since the Unix epoch: makes a run reproducible.
    Fixed(Duration),
}

impl Clock {
    /// Time since the Unix epoch.
    pub fn now(&self) -> Duration {
        match self {
            Clock::System => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            Clock::Fixed(time) => *time,
        }
    }
}

/// Where a guest's random bytes come from.
#[derive(Debug, Default)]
pub enum Randomness {
    /// The system's generator.
    #[default]
    System,
    /// A seeded generator: makes a run with one partition reproducible.
    Seeded(Box<StdRng>),
}

impl Randomness {
    /// A seeded generator.
    pub fn seeded(seed: u64) -> Self {
        Randomness::Seeded(Box::new(StdRng::seed_from_u64(seed)))
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        match self {
            Randomness::System => rand::rng().fill_bytes(bytes),
            Randomness::Seeded(generator) => generator.fill_bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself() {
        let mut bytes = [[0u8; 16]; 2];
        for row in &mut bytes {
            Randomness::seeded(7).fill(row);
        }
        assert_eq!(bytes[0], bytes[1]);
        assert_eq!(Clock::Fixed(Duration::from_secs(5)).now().as_secs(), 5);
    }
}
