//! Which transactions a snapshot has seen.

use std::str::FromStr;

/// A snapshot as Postgres writes it: `xmin:xmax:running,...`, with transactions counted in 64 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// All transactions before this one have ended.
    from: u64,
    /// No transaction from this one on had ended.
    upto: u64,
    /// Those between that were running.
    pub running: Vec<u64>,
}

impl Seen {
    /// Whether the snapshot has seen what a transaction has committed. The log counts transactions in 32 bits and begins
    /// again at 0; the log of a slot is always within half of that.
    pub fn has(&self, transaction: u32) -> bool {
        let ahead = transaction.wrapping_sub(self.upto as u32).cast_signed();
        let transaction = self.upto.wrapping_add_signed(i64::from(ahead));
        transaction < self.from || transaction < self.upto && !self.running.contains(&transaction)
    }
}

impl FromStr for Seen {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |text: &str| text.parse::<u64>().map_err(drop);
        let mut parts = text.trim().splitn(3, ':');
        let mut part = || parts.next().ok_or(());
        let (from, upto, running) = (number(part()?)?, number(part()?)?, part()?);
        let running = running.split(',').filter(|text| !text.is_empty()).map(number);
        Ok(Self {
            from,
            upto,
            running: running.collect::<Result<_, ()>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_before_are_seen_unless_they_ran() {
        let seen: Seen = "10:20:12,15".parse().expect("a snapshot");
        for (transaction, expected) in [
            (9, true),
            (10, true),
            (12, false),
            (14, true),
            (15, false),
            (20, false),
            (21, false),
        ] {
            assert_eq!(seen.has(transaction), expected, "{transaction}");
        }
        let none: Seen = "20:20:".parse().expect("a snapshot");
        assert!(none.has(19) && !none.has(20));
        assert!("10:20".parse::<Seen>().is_err());
    }

    #[test]
    fn counting_begins_again() {
        let wrap = 1_u64 << 32;
        let seen = Seen {
            from: wrap - 2,
            upto: wrap + 5,
            running: vec![wrap - 1, wrap + 3],
        };
        assert!(seen.has(u32::MAX - 1) && seen.has(4) && seen.has(u32::MAX - 1000));
        assert!(!seen.has(u32::MAX) && !seen.has(3) && !seen.has(5) && !seen.has(1000));
    }
}
