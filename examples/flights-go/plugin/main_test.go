package main

import (
	"slices"
	"strings"
	"testing"

	"tenon"
	"tenon/tenontest"
)

func sample(t *testing.T) tenon.Batch {
	return tenontest.Batch(t,
		tenon.Named("dep_delay", tenontest.Column[int64](2, nil, 4, -3, 0)),
		tenon.Named("arr_delay", tenontest.Column[int64](11, nil, 20, -18, 150)),
		tenon.Named("tailnum", tenontest.Column[string](" n14228", nil, "N24211", "D942DN", "N668DN")),
		tenon.Named("air_time", tenontest.Column[int64](227, nil, 65, 183, 116)),
		tenon.Named("distance", tenontest.Column[int64](1400, 1416, 762, 1576, 762)),
	)
}

func TestFlightsAreCategorisedCleanedAndRefused(t *testing.T) {
	output, err := tenontest.Run("categorise", "{}", sample(t))
	if err != nil {
		t.Fatal(err)
	}
	categories, err := tenon.Column[string](output.Batches[0], "delay_category")
	if err != nil || !slices.Equal(categories.Values(), []string{"on time", "cancelled", "very late"}) {
		t.Error(categories, err)
	}
	tailNumbers, err := tenon.Column[string](output.Batches[0], "tailnum")
	if err != nil || tailNumbers.Values()[0] != "N14228" || !tailNumbers.IsNull(1) {
		t.Error(tailNumbers, err)
	}
	if len(output.Rejected) != 2 || output.Rejected[0].Row != 2 ||
		output.Rejected[0].Reason != "762 miles in 65 minutes are 703 mph, above 700" ||
		!strings.HasPrefix(output.Rejected[1].Reason, "D942DN is no tail number") {
		t.Error(output.Rejected)
	}
}

func TestThresholdsMustBeInOrder(t *testing.T) {
	_, err := tenontest.Run("categorise", Categorise{LateAfter: 30, VeryLateAfter: 20}, sample(t))
	if err == nil || err.Error() != "very_late_after (20 minutes) is less than late_after (30 minutes)" {
		t.Error(err)
	}
}

func TestImpossibleFlightsAreToldApart(t *testing.T) {
	known := func(value int64) figure { return figure{value, true} }
	zero := known(0)
	for want, flight := range map[string]flight{
		"":                             {zero, zero, known(227), known(1400)},
		"-5 minutes in the air":        {zero, zero, known(-5), known(762)},
		"0 miles between its airports": {zero, zero, known(60), zero},
		"it arrived, but never left":   {arrivalDelay: known(3)},
	} {
		if got := flight.impossible(); got != want {
			t.Errorf("%q is not %q", got, want)
		}
	}
	if (flight{zero, zero, known(1), known(1<<63 - 1)}).impossible() == "" {
		t.Error("faster than light")
	}
}
