//! Chance that can be repeated.

/// A small generator of numbers, so that what fails once can be made to fail again.
pub struct Dice(u64);

impl Dice {
    /// By the seed in the environment variable `TENON_SEED`, or another one each time; which is printed.
    pub fn new(test: &str) -> Self {
        let given = std::env::var("TENON_SEED").ok().and_then(|seed| seed.parse().ok());
        let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        let seed = given.unwrap_or(since_epoch.as_nanos() as u64);
        println!("{test}: TENON_SEED={seed}");
        Self(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// How often something is done: as the environment says, or so often.
pub fn times(variable: &str, usually: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.and_then(|times| times.parse().ok()).unwrap_or(usually)
}
