package pipeline

import (
	"tenon/internal/abi"
	"tenon/internal/boundary"
	"tenon/internal/wire"
	"tenon/internal/wit/tenon_etl_errors"
	"tenon/internal/wit/tenon_etl_pipeline"
)

// Frame is a handle on a query in the host.
type Frame struct {
	handle *tenon_etl_pipeline.Frame
}

// Input is a frame with the name that a query has for it.
type Input struct {
	Name  string
	Frame *Frame
}

// Written is what a sink has taken.
type Written struct {
	Rows, Bytes float64
	Objects     uint32
}

// Read is a source.
func Read(source string) (*Frame, error) {
	return made(tenon_etl_pipeline.FrameRead(source))
}

// SQL is a query over frames.
func SQL(query string, inputs []Input) (*Frame, error) {
	pairs := make([]abi.Tuple2[string, *tenon_etl_pipeline.Frame], len(inputs))
	for i, input := range inputs {
		pairs[i] = abi.Tuple2[string, *tenon_etl_pipeline.Frame]{F0: input.Name, F1: input.Frame.handle}
	}
	return made(tenon_etl_pipeline.FrameSql(query, pairs))
}

// Schema is the columns that it will have.
func (f *Frame) Schema() ([]wire.Field, error) {
	fields, err := value(f.handle.Schema())
	return boundary.FieldsFrom(fields), err
}

// Filter keeps rows.
func (f *Frame) Filter(predicate string) (*Frame, error) {
	return made(f.handle.Filter(predicate))
}

// Project computes columns.
func (f *Frame) Project(expressions []string) (*Frame, error) {
	return made(f.handle.Project(expressions))
}

// Join pairs rows; kinds are numbered as WIT numbers them.
func (f *Frame) Join(other *Frame, on []string, kind uint8) (*Frame, error) {
	return made(f.handle.Join(other.handle, on, kind))
}

// Union is the rows of both.
func (f *Frame) Union(other *Frame) (*Frame, error) {
	return made(f.handle.Union(other.handle))
}

// Aggregate is one row per group.
func (f *Frame) Aggregate(groupBy, expressions []string) (*Frame, error) {
	return made(f.handle.Aggregate(groupBy, expressions))
}

// Sort orders rows.
func (f *Frame) Sort(by []string) (*Frame, error) {
	return made(f.handle.Sort(by))
}

// Limit is the first rows.
func (f *Frame) Limit(rows uint32) (*Frame, error) {
	return made(f.handle.Limit(rows))
}

// Apply passes it through a function.
func (f *Frame) Apply(function, config string) (*Frame, error) {
	return made(f.handle.Apply(function, config))
}

// Rejected is the rows that functions refused.
func (f *Frame) Rejected() (*Frame, error) {
	return made(f.handle.Rejected())
}

// Write runs it into a sink.
func (f *Frame) Write(sink string) (Written, error) {
	written, err := value(f.handle.Write(sink))
	return Written(written), err
}

// Collect runs it for the script.
func (f *Frame) Collect() ([]*boundary.Batch, error) {
	collected, err := value(f.handle.Collect())
	if err != nil {
		return nil, err
	}
	batches := make([]*boundary.Batch, len(collected))
	for i, batch := range collected {
		batches[i] = boundary.BatchFrom(batch)
	}
	return batches, nil
}

// Count runs it and counts.
func (f *Frame) Count() (float64, error) {
	return value(f.handle.Count())
}

func made(result abi.Result[*tenon_etl_pipeline.Frame, tenon_etl_errors.Error]) (*Frame, error) {
	handle, err := value(result)
	if err != nil {
		return nil, err
	}
	return &Frame{handle}, nil
}

func value[T any](result abi.Result[T, tenon_etl_errors.Error]) (T, error) {
	if result.Tag() != abi.ResultOk {
		err := wire.Error(result.Err())
		return result.Ok(), &err
	}
	return result.Ok(), nil
}
