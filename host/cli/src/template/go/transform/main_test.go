package main

import (
	"slices"
	"testing"

	"tenon"
	"tenon/tenontest"
)

func TestSizesAreToldAndNegativeAmountsRejected(t *testing.T) {
	orders := tenontest.Batch(t, tenon.Named("amount", tenontest.Column[float64](20, 250, -1, nil)))
	output, err := tenontest.Run("classify", Classify{LargeFrom: 100}, orders)
	if err != nil {
		t.Fatal(err)
	}
	sizes, err := tenon.Column[string](output.Batches[0], "size")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sizes.Values()[:2], []string{"small", "large"}) || !sizes.IsNull(2) {
		t.Error(sizes.Values())
	}
	if !slices.Equal(output.Rejected, []tenontest.Rejection{{Row: 2, Reason: "the amount is negative"}}) {
		t.Error(output.Rejected)
	}
}
