// Package guest joins the exports of a component to the SDK, which sets these functions when it starts.
package guest

import (
	"tenon/internal/boundary"
	"tenon/internal/wire"
)

// Output is what came of one call.
type Output struct {
	Batches  []*boundary.Batch
	Rejected []wire.Rejection
}

// Session is a function that is bound to its configuration and input.
type Session interface {
	Output() []wire.Field
	Process(input *boundary.Batch) (Output, *wire.Error)
	Finish() (Output, *wire.Error)
}

// What the host calls.
var (
	Describe func() []wire.Function
	Open     func(function, config string, input []wire.Field) (Session, *wire.Error)
	Run      func() *wire.Error
)

// What other packages of the SDK need of its root: to run a call as a function's are, to make batches and schemas, to
// take a batch's handle, and to forget compiled expressions between tests.
var (
	Call     func(part func() error) *wire.Error
	Wrap     func(handle *boundary.Batch) any
	Unwrap   func(batch any) *boundary.Batch
	SchemaOf func(fields []wire.Field) any
	Forget   func()
)
