//! What can't be true of a flight.

/// Faster than any airliner with the wind behind it, in miles per hour over the ground.
const TOO_FAST: i64 = 700;

/// The figures of one flight, as far as they are known.
#[derive(Clone, Copy, Default)]
pub struct Flight {
    /// Minutes behind schedule at departure.
    pub departure_delay: Option<i64>,
    /// Minutes behind schedule at arrival.
    pub arrival_delay: Option<i64>,
    /// Minutes in the air.
    pub air_time: Option<i64>,
    /// Miles between the airports.
    pub distance: Option<i64>,
}

impl Flight {
    /// Why the flight can't have been like that, if it can't.
    pub fn impossible(&self) -> Option<String> {
        if self.arrival_delay.is_some() && self.departure_delay.is_none() {
            return Some("it arrived, but never left".to_owned());
        }
        let minutes = self.air_time?;
        if minutes <= 0 {
            return Some(format!("{minutes} minutes in the air"));
        }
        let miles = self.distance?;
        if miles <= 0 {
            return Some(format!("{miles} miles between its airports"));
        }
        let speed = miles.saturating_mul(60) / minutes;
        (speed > TOO_FAST).then(|| format!("{miles} miles in {minutes} minutes are {speed} mph, above {TOO_FAST}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(air_time: i64, distance: i64) -> Option<String> {
        let (air_time, distance) = (Some(air_time), Some(distance));
        Flight {
            departure_delay: Some(0),
            arrival_delay: Some(0),
            air_time,
            distance,
        }
        .impossible()
    }

    #[test]
    fn impossible_flights_are_told_apart() {
        assert_eq!(flight(227, 1400), None);
        assert_eq!(
            flight(65, 762).as_deref(),
            Some("762 miles in 65 minutes are 703 mph, above 700")
        );
        assert_eq!(flight(-5, 762).as_deref(), Some("-5 minutes in the air"));
        assert_eq!(flight(60, 0).as_deref(), Some("0 miles between its airports"));
        assert!(flight(1, i64::MAX).is_some());
        let ghost = Flight {
            arrival_delay: Some(3),
            ..Flight::default()
        };
        assert_eq!(ghost.impossible().as_deref(), Some("it arrived, but never left"));
        assert_eq!(Flight::default().impossible(), None);
    }
}
