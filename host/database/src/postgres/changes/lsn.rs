//! Places in the log.

use std::fmt;
use std::str::FromStr;

/// A log sequence number. Written as Postgres writes it: `16/B374D848`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lsn(pub u64);

impl Lsn {
    /// With all zeros in front, so that it compares as text as it does as a number. Postgres reads that as well.
    pub fn padded(self) -> String {
        format!("{:08X}/{:08X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl FromStr for Lsn {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (high, low) = text.trim().split_once('/').ok_or(())?;
        let half = |half: &str| u32::from_str_radix(half, 16).map(u64::from).map_err(drop);
        Ok(Self(half(high)? << 32 | half(low)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_being_written() {
        let place = Lsn(0x16_B374_D848);
        assert_eq!(place.to_string(), "16/B374D848");
        assert_eq!(place.padded(), "00000016/B374D848");
        assert_eq!(place.padded().parse(), Ok(place));
        assert!("16".parse::<Lsn>().is_err() && "x/1".parse::<Lsn>().is_err());
    }
}
