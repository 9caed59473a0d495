//! What became of a flight.

/// From which delay, in minutes, a flight counts as what.
pub struct Thresholds {
    /// Up to this delay an arrival is on time.
    pub late_after: i64,
    /// Past this delay it is very late.
    pub very_late_after: i64,
}

impl Thresholds {
    /// The category of a flight with these delays, in minutes; `None` where it didn't leave or arrive.
    pub fn category(&self, departure_delay: Option<i64>, arrival_delay: Option<i64>) -> &'static str {
        match (departure_delay, arrival_delay) {
            (None, None) => "cancelled",
            (Some(_), None) => "diverted",
            (_, Some(delay)) if delay < 0 => "early",
            (_, Some(delay)) if delay <= self.late_after => "on time",
            (_, Some(delay)) if delay <= self.very_late_after => "late",
            (_, Some(_)) => "very late",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flight_has_a_category() {
        let thresholds = Thresholds {
            late_after: 15,
            very_late_after: 120,
        };
        let of = |arrival| thresholds.category(Some(0), arrival);
        assert_eq!(
            [of(Some(-1)), of(Some(0)), of(Some(15))],
            ["early", "on time", "on time"]
        );
        assert_eq!(
            [of(Some(16)), of(Some(120)), of(Some(121))],
            ["late", "late", "very late"]
        );
        assert_eq!([of(None), thresholds.category(None, None)], ["diverted", "cancelled"]);
    }
}
