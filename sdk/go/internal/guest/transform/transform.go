//go:build wasip1

// Package export_tenon_etl_transform has the functions of the exported interface `transform`, as the bindings name them.
package export_tenon_etl_transform

import (
	"tenon/internal/abi"
	"tenon/internal/boundary"
	"tenon/internal/guest"
	"tenon/internal/wire"
	"tenon/internal/wit/tenon_etl_arrow"
	"tenon/internal/wit/tenon_etl_batches"
	"tenon/internal/wit/tenon_etl_errors"
	"tenon/internal/wit/tenon_etl_transform"
)

// current is the session of this sandbox. The host calls Open before anything else.
var current guest.Session

// Describe lists the component's functions.
func Describe() []tenon_etl_transform.Function {
	abi.Enter()
	defer abi.Leave()
	functions := guest.Describe()
	described := make([]tenon_etl_transform.Function, len(functions))
	for i, function := range functions {
		reads := abi.None[[]string]()
		if !function.ReadsAll {
			reads = abi.Some(function.Reads)
		}
		shape := tenon_etl_transform.ShapeBatchwise
		if function.Scalar {
			shape = tenon_etl_transform.ShapeScalar
		}
		described[i] = tenon_etl_transform.Function{
			Name:      function.Name,
			Doc:       function.Doc,
			Shape:     shape,
			Config:    function.Config,
			Reads:     reads,
			Stateless: function.Stateless,
		}
	}
	return described
}

// Open binds one function.
func Open(function, config string, input []tenon_etl_arrow.Field) abi.Result[[]tenon_etl_arrow.Field, tenon_etl_errors.Error] {
	abi.Enter()
	defer abi.Leave()
	session, err := guest.Open(function, config, boundary.FieldsFrom(input))
	if err != nil {
		return abi.Err[[]tenon_etl_arrow.Field](errorInto(err))
	}
	current = session
	return abi.Ok[[]tenon_etl_arrow.Field, tenon_etl_errors.Error](boundary.FieldsInto(session.Output()))
}

// Process takes one batch.
func Process(input *tenon_etl_batches.Batch) abi.Result[tenon_etl_transform.Output, tenon_etl_errors.Error] {
	abi.Enter()
	defer abi.Leave()
	return answer(current.Process(boundary.BatchFrom(input)))
}

// Finish ends the function.
func Finish() abi.Result[tenon_etl_transform.Output, tenon_etl_errors.Error] {
	abi.Enter()
	defer abi.Leave()
	return answer(current.Finish())
}

func answer(output guest.Output, err *wire.Error) abi.Result[tenon_etl_transform.Output, tenon_etl_errors.Error] {
	if err != nil {
		return abi.Err[tenon_etl_transform.Output](errorInto(err))
	}
	batches := make([]*tenon_etl_batches.Batch, len(output.Batches))
	for i, batch := range output.Batches {
		batches[i] = boundary.BatchInto(batch)
	}
	rejected := make([]tenon_etl_transform.Rejection, len(output.Rejected))
	for i, rejection := range output.Rejected {
		rejected[i] = tenon_etl_transform.Rejection(rejection)
	}
	return abi.Ok[tenon_etl_transform.Output, tenon_etl_errors.Error](
		tenon_etl_transform.Output{Batches: batches, Rejected: rejected},
	)
}

func errorInto(err *wire.Error) tenon_etl_errors.Error {
	return tenon_etl_errors.Error(*err)
}
