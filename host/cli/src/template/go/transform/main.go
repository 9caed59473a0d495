// {name} tells large orders from small ones.
package main

import "tenon"

// Classify is what the job file says under `config`. A key that isn't here is refused.
type Classify struct {
	LargeFrom float64 `json:"large_from" default:"100" doc:"Amount from which an order is large."`
}

// Functions are offered by init; main is never called.
func init() {
	tenon.Transform("classify", "Adds the column `size`; orders below nothing are rejected.", classify)
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

func main() {}
