// Flights is the transform of the flights job: it says what became of each flight, cleans its tail number, and refuses
// rows that can't be true.
package main

import (
	"strconv"

	"tenon"
)

// Categorise says how to tell late flights.
type Categorise struct {
	LateAfter     int64 `default:"15" doc:"Minutes behind schedule up to which an arrival still counts as on time."`
	VeryLateAfter int64 `default:"120" doc:"Minutes behind schedule after which an arrival counts as very late."`
}

const doc = "Adds `delay_category` and cleans `tailnum`.\n\n" +
	"`delay_category` is `cancelled`, `diverted`, `early`, `on time`, `late` or `very late`. `tailnum` becomes upper case " +
	"without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one faster than " +
	"any airliner, one that arrived but never left, one with a tail number that the United States don't issue."

func init() {
	tenon.Transform("categorise", doc, categorise,
		tenon.Reads("dep_delay", "arr_delay", "tailnum", "air_time", "distance"))
}

// Validate refuses thresholds in the wrong order.
func (c *Categorise) Validate() error {
	if c.VeryLateAfter < c.LateAfter {
		return tenon.BadConfig("very_late_after (" + strconv.FormatInt(c.VeryLateAfter, 10) +
			" minutes) is less than late_after (" + strconv.FormatInt(c.LateAfter, 10) + " minutes)")
	}
	return nil
}

func categorise(batch tenon.Batch, config Categorise) (tenon.Batch, error) {
	flights, err := readFlights(batch)
	if err != nil {
		return batch, err
	}
	categories := make([]string, batch.Rows())
	for row := range categories {
		flight := flights.at(row)
		if reason := flight.impossible(); reason != "" {
			tenon.Reject(row, reason)
		}
		categories[row] = config.category(flight)
	}
	cleaned, err := cleanTailNumbers(batch)
	if err != nil {
		return batch, err
	}
	batch, err = batch.WithColumns(
		tenon.Named("delay_category", tenon.NewArray(categories)),
		tenon.Named("tailnum", cleaned),
	)
	if err != nil {
		return batch, tenon.Within("adding the cleaned columns", err)
	}
	return batch.WithoutRejected()
}

func cleanTailNumbers(batch tenon.Batch) (*tenon.Array[string], error) {
	tailNumbers, err := tenon.Column[string](batch, "tailnum")
	if err != nil {
		return nil, err
	}
	cleaned := tenon.NewBuilder[string](tailNumbers.Len())
	for row := range tailNumbers.Len() {
		text, _ := tailNumbers.Get(row)
		tailNumber := cleanTailNumber(text)
		cleaned.AppendOption(tailNumber, tailNumber != "")
		if tailNumber != "" && !isAmerican(tailNumber) {
			tenon.Reject(row,
				tailNumber+" is no tail number of the United States: N and one to five digits or letters")
		}
	}
	return cleaned.Array(), nil
}

func main() {}
