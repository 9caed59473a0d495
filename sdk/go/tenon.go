// Package tenon is for writing Tenon transforms and jobs in Go.
//
// A transform is a function from batches to batches that runs in a sandbox. The rows stay with the host: a function
// reads the columns it needs, adds the ones it makes, and lets the host do what the host does best ([Batch.Eval],
// [Batch.Filter]).
//
//	package main
//
//	import "tenon"
//
//	// Categorise says how to tell late flights.
//	type Categorise struct {
//		LateAfter int64 `json:"late_after" default:"15" doc:"Minutes behind schedule from which a flight is late."`
//	}
//
//	func init() {
//		tenon.Transform("categorise", "Says of each flight whether it was on time.", categorise)
//	}
//
//	func categorise(batch tenon.Batch, config Categorise) (tenon.Batch, error) {
//		delays, err := tenon.Column[int64](batch, "arr_delay") // this column crosses, no other
//		if err != nil {
//			return batch, err
//		}
//		category := tenon.NewBuilder[string](delays.Len())
//		for row := range delays.Len() {
//			switch delay, ok := delays.Get(row); {
//			case !ok:
//				category.Append("cancelled")
//			case delay < -1440:
//				tenon.Reject(row, "it arrived the day before")
//				category.Append("early")
//			case delay > config.LateAfter:
//				category.Append("late")
//			default:
//				category.Append("on time")
//			}
//		}
//		batch, err = batch.With("category", category)
//		if err != nil {
//			return batch, err
//		}
//		return batch.WithoutRejected()
//	}
//
//	func main() {}
//
// `tenon build` makes a component of the program. Functions are registered by init; main is never called.
//
// # Batches and their lives
//
// A batch belongs to the call in which it was made. When the function returns, those that it did not return are closed,
// unless it called [Batch.Keep]. A function that makes very many batches in one call closes them by [Batch.Close].
//
// # One goroutine
//
// A sandbox has one thread. Goroutines may compute, but only the one that was called may use batches and the other
// functions of this package.
package tenon
