// Package times is between columns of times and the package time. It is apart, since that package would be a tenth of a
// small component.
package times

import (
	"time"

	"tenon"
	"tenon/internal/boundary"
)

const secondsPerDay = 24 * 60 * 60

// Now is the run's clock, in UTC. time.Now has the same time.
func Now() time.Time {
	seconds, nanoseconds := boundary.Now()
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

// OfDate is a date's midnight, in UTC.
func OfDate(date tenon.Date) time.Time {
	return time.Unix(int64(date)*secondsPerDay, 0).UTC()
}

// Date is the date on which a time falls, in its zone.
func Date(t time.Time) tenon.Date {
	year, month, day := t.Date()
	return tenon.Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// OfTimestamp is a timestamp as a time in UTC; the unit is that of the column's type: `column.Type().Unit()`.
func OfTimestamp(timestamp tenon.Timestamp, unit tenon.Unit) time.Time {
	per := unit.PerSecond()
	seconds, rest := int64(timestamp)/per, int64(timestamp)%per
	return time.Unix(seconds, rest*(1_000_000_000/per)).UTC()
}

// Timestamp is a time as a timestamp of this unit; what is finer is cut off.
func Timestamp(t time.Time, unit tenon.Unit) tenon.Timestamp {
	per := unit.PerSecond()
	return tenon.Timestamp(t.Unix()*per + int64(t.Nanosecond())/(1_000_000_000/per))
}

// OfDuration is a duration in Go's type; the unit is that of the column's type.
func OfDuration(duration tenon.Duration, unit tenon.Unit) time.Duration {
	return time.Duration(int64(duration) * (1_000_000_000 / unit.PerSecond()))
}
