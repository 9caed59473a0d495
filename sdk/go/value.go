package tenon

import (
	"math/bits"
	"slices"
)

// Value is what columns hold, as Go sees it.
type Value interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 | string | []byte |
		Float16 | Date | DateMillis | Time32 | Time64 | Timestamp | Duration | Decimal | Decimal256 | Months | DayMillis |
		MonthDayNanos | Null
}

// Null is the value of a column that holds nothing but nulls.
type Null struct{}

// Float16 is a number in IEEE half precision, as its bits.
type Float16 uint16

// Date is days since the Unix epoch.
type Date int32

// DateMillis is milliseconds since the Unix epoch, of a date.
type DateMillis int64

// Time32 is seconds or milliseconds since midnight, as the column's type says.
type Time32 int32

// Time64 is microseconds or nanoseconds since midnight, as the column's type says.
type Time64 int64

// Timestamp is time since the Unix epoch, in the unit of the column's type.
type Timestamp int64

// Duration is a span of time, in the unit of the column's type.
type Duration int64

// Decimal is an integer of 128 bits, scaled by the power of ten that the column's type says.
type Decimal struct {
	Low  uint64
	High int64
}

// Decimal256 is an integer of 256 bits, scaled by the power of ten that the column's type says.
type Decimal256 struct {
	// Words are its two's complement, the low one first.
	Words [4]uint64
}

// Months is an interval of months.
type Months int32

// DayMillis is an interval of days and milliseconds.
type DayMillis struct {
	Days   int32
	Millis int32
}

// MonthDayNanos is an interval of months, days and nanoseconds.
type MonthDayNanos struct {
	Months int32
	Days   int32
	Nanos  int64
}

// DecimalOf is an integer as a decimal without digits after the point.
func DecimalOf(value int64) Decimal {
	return Decimal{Low: uint64(value), High: value >> 63}
}

// Wide is the same integer in 256 bits.
func (d Decimal) Wide() Decimal256 {
	sign := uint64(d.High >> 63)
	return Decimal256{[4]uint64{d.Low, uint64(d.High), sign, sign}}
}

// Narrow is the same integer in 128 bits, false if it doesn't fit.
func (d Decimal256) Narrow() (Decimal, bool) {
	narrow := Decimal{Low: d.Words[0], High: int64(d.Words[1])}
	return narrow, narrow.Wide() == d
}

// Int64 is the decimal's integer, false if it doesn't fit.
func (d Decimal) Int64() (int64, bool) {
	value := int64(d.Low)
	return value, d.High == value>>63
}

// Float64 is about the decimal's value; scale is that of the column's type.
func (d Decimal) Float64(scale int) float64 {
	value := float64(d.High)*(1<<64) + float64(d.Low)
	for ; scale > 0; scale-- {
		value /= 10
	}
	for ; scale < 0; scale++ {
		value *= 10
	}
	return value
}

// Text is the decimal's digits, with the point where scale says.
func (d Decimal) Text(scale int) string {
	high, low := uint64(d.High), d.Low
	if d.High < 0 {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	// From the last digit to the first.
	var reversed []byte
	for written := 0; high != 0 || low != 0 || written <= scale; written++ {
		if written == scale && scale > 0 {
			reversed = append(reversed, '.')
		}
		var digit uint64
		high, digit = high/10, high%10
		low, digit = bits.Div64(digit, low, 10)
		reversed = append(reversed, '0'+byte(digit))
	}
	if d.High < 0 {
		reversed = append(reversed, '-')
	}
	slices.Reverse(reversed)
	if d != (Decimal{}) {
		for ; scale < 0; scale++ {
			reversed = append(reversed, '0')
		}
	}
	if len(reversed) == 0 {
		return "0"
	}
	return string(reversed)
}
