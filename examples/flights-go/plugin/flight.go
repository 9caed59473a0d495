package main

import (
	"strconv"

	"tenon"
)

// tooFast is faster than any airliner with the wind behind it, in miles per hour over the ground.
const tooFast = 700

// figure is a number that may not be known.
type figure struct {
	value int64
	known bool
}

// flight is the figures of one flight.
type flight struct {
	// Minutes behind schedule.
	departureDelay, arrivalDelay figure
	// Minutes in the air.
	airTime figure
	// Miles between the airports.
	distance figure
}

// flights are the columns that the figures come from.
type flights struct {
	departureDelay, arrivalDelay, airTime, distance *tenon.Array[int64]
}

func readFlights(batch tenon.Batch) (flights, error) {
	var read flights
	for _, column := range []struct {
		name   string
		values **tenon.Array[int64]
	}{
		{"dep_delay", &read.departureDelay},
		{"arr_delay", &read.arrivalDelay},
		{"air_time", &read.airTime},
		{"distance", &read.distance},
	} {
		var err error
		if *column.values, err = tenon.Column[int64](batch, column.name); err != nil {
			return read, err
		}
	}
	return read, nil
}

func (f flights) at(row int) flight {
	return flight{
		departureDelay: figureOf(f.departureDelay, row),
		arrivalDelay:   figureOf(f.arrivalDelay, row),
		airTime:        figureOf(f.airTime, row),
		distance:       figureOf(f.distance, row),
	}
}

func figureOf(column *tenon.Array[int64], row int) figure {
	value, known := column.Get(row)
	return figure{value, known}
}

// impossible is why the flight can't have been like that, "" if it can.
func (f flight) impossible() string {
	minutes, miles := f.airTime.value, f.distance.value
	switch {
	case f.arrivalDelay.known && !f.departureDelay.known:
		return "it arrived, but never left"
	case !f.airTime.known:
		return ""
	case minutes <= 0:
		return strconv.FormatInt(minutes, 10) + " minutes in the air"
	case !f.distance.known:
		return ""
	case miles <= 0:
		return strconv.FormatInt(miles, 10) + " miles between its airports"
	}
	if speed := saturated(miles) / minutes; speed > tooFast {
		return strconv.FormatInt(miles, 10) + " miles in " + strconv.FormatInt(minutes, 10) + " minutes are " +
			strconv.FormatInt(speed, 10) + " mph, above " + strconv.Itoa(tooFast)
	}
	return ""
}

// saturated is sixty times a positive number, or the largest there is.
func saturated(miles int64) int64 {
	const largest = 1<<63 - 1
	if miles > largest/60 {
		return largest
	}
	return miles * 60
}

// category is what became of a flight.
func (c Categorise) category(f flight) string {
	switch delay := f.arrivalDelay.value; {
	case !f.arrivalDelay.known && !f.departureDelay.known:
		return "cancelled"
	case !f.arrivalDelay.known:
		return "diverted"
	case delay < 0:
		return "early"
	case delay <= c.LateAfter:
		return "on time"
	case delay <= c.VeryLateAfter:
		return "late"
	default:
		return "very late"
	}
}
