// {name} reads orders, tells large ones from small ones, and writes both with what was rejected.
package main

import (
	"tenon"
	"tenon/job"
)

// Classify is what `classify` is applied with.
type Classify struct {
	LargeFrom float64 `json:"large_from" doc:"Amount from which an order is large."`
}

// Functions and the script are offered by init; main is never called.
func init() {
	tenon.Transform("classify", "Adds the column `size`; orders below nothing are rejected.", classify)
	job.Run(run)
}

func classify(batch tenon.Batch, config Classify) (tenon.Batch, error) {
	amounts, err := tenon.Column[float64](batch, "amount") // this column crosses, no other
	if err != nil {
		return batch, err
	}
	for row, amount := range amounts.All() {
		if amount < 0 {
			tenon.Reject(row, "the amount is negative")
		}
	}
	sizes := tenon.Map(amounts, func(amount float64) string {
		if amount < config.LargeFrom {
			return "small"
		}
		return "large"
	})
	if batch, err = batch.With("size", sizes); err != nil {
		return batch, err
	}
	return batch.WithoutRejected()
}

// run is the job: the host plans and runs it, `classify` in sandboxes of its own.
func run(ctx *job.Context) error {
	orders := ctx.Read("data/orders.csv")
	classified := orders.Apply("classify", Classify{LargeFrom: 100})
	if _, err := classified.Write(job.CSV("out/classified.csv").Mode(job.Overwrite)); err != nil {
		return err
	}
	_, err := classified.Rejected().Write(job.NDJSON("out/rejected.ndjson").Mode(job.Overwrite))
	return err
}

func main() {}
