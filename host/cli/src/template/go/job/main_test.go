package main

import (
	"testing"

	"tenon"
	"tenon/tenontest"
)

func TestTheJobWritesOrdersAndRejects(t *testing.T) {
	defer tenontest.Reset()
	tenontest.Source("data/orders.csv", tenontest.Batch(t,
		tenon.Named("id", tenontest.Column[int64](1, 2, 3)),
		tenon.Named("amount", tenontest.Column[float64](20, 250, -1)),
	))
	if err := tenontest.RunJob(); err != nil {
		t.Fatal(err)
	}
	sizes, err := tenon.Column[string](tenontest.Written("out/classified.csv")[0], "size")
	if err != nil || sizes.Values()[1] != "large" {
		t.Error(sizes, err)
	}
	if rejected := tenontest.Written("out/rejected.ndjson"); rejected[0].Rows() != 1 {
		t.Error(rejected)
	}
}
