//go:build !wasip1

package pipeline

import (
	"strconv"
	"strings"

	"tenon/internal/boundary"
	"tenon/internal/config"
	"tenon/internal/guest"
	"tenon/internal/wire"
)

// Frame is the batches that a test gave, as far as operations can be run here.
type Frame struct {
	fields   []wire.Field
	batches  []*boundary.Batch
	rejected []*boundary.Batch
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

func note(operation string) {
	boundary.Current.Operations = append(boundary.Current.Operations, operation)
}

func fail(kind uint8, message string) error {
	return &wire.Error{Kind: kind, Message: message}
}

// answered is what the test gave as the result of an operation that can't be run here.
func answered(what string, parts ...*Frame) (*Frame, error) {
	answer, err := boundary.NextAnswer(what)
	if err != nil {
		return nil, err
	}
	frame := &Frame{fields: answer.Schema(), batches: []*boundary.Batch{answer}}
	for _, part := range parts {
		frame.rejected = append(frame.rejected, part.rejected...)
	}
	return frame, nil
}

// urlOf is the text that a source or sink is, or the URL in its table; else the table itself.
func urlOf(table string) string {
	value, _ := config.Parse(table)
	if value.Kind == config.Text {
		return value.Text
	}
	for i, key := range value.Keys {
		if key == "url" {
			return value.Items[i].Text
		}
	}
	return table
}

// Read is a source.
func Read(source string) (*Frame, error) {
	name := urlOf(source)
	note("read " + name)
	batches, ok := boundary.Current.Sources[name]
	if !ok {
		return nil, fail(wire.BadConfig, "there is no source `"+name+"`: give the test one with tenontest.Source(\""+name+"\", batch)")
	}
	return &Frame{fields: batches[0].Schema(), batches: batches}, nil
}

// SQL is a query over frames.
func SQL(query string, inputs []Input) (*Frame, error) {
	note("sql " + query)
	frames := make([]*Frame, len(inputs))
	for i, input := range inputs {
		frames[i] = input.Frame
	}
	return answered("a query", frames...)
}

// Schema is the columns that it will have.
func (f *Frame) Schema() ([]wire.Field, error) {
	return f.fields, nil
}

// Filter keeps rows.
func (f *Frame) Filter(predicate string) (*Frame, error) {
	note("filter " + predicate)
	return answered("a filter", f)
}

// Project computes columns.
func (f *Frame) Project(expressions []string) (*Frame, error) {
	note("project " + strings.Join(expressions, ", "))
	program, err := boundary.Compile(f.fields, expressions)
	if err != nil {
		return nil, err
	}
	projected := &Frame{fields: program.Output(), rejected: f.rejected}
	for _, batch := range f.batches {
		output, err := program.Project(batch)
		if err != nil {
			return nil, err
		}
		projected.batches = append(projected.batches, output)
	}
	return projected, nil
}

// Join pairs rows.
func (f *Frame) Join(other *Frame, on []string, kind uint8) (*Frame, error) {
	kinds := [...]string{"inner", "left", "right", "full", "semi", "anti"}
	note("join " + kinds[kind] + " on " + strings.Join(on, ", "))
	return answered("a join", f, other)
}

// Union is the rows of both.
func (f *Frame) Union(other *Frame) (*Frame, error) {
	note("union")
	if !boundary.SameFields(f.fields, other.fields) {
		return nil, fail(wire.Unsupported, "outside a sandbox, a union needs frames of the same columns in the same order")
	}
	return &Frame{f.fields, append(f.batches[:len(f.batches):len(f.batches)], other.batches...), append(f.rejected, other.rejected...)}, nil
}

// Aggregate is one row per group.
func (f *Frame) Aggregate(groupBy, expressions []string) (*Frame, error) {
	note("aggregate " + strings.Join(expressions, ", ") + " by " + strings.Join(groupBy, ", "))
	return answered("an aggregation", f)
}

// Sort orders rows.
func (f *Frame) Sort(by []string) (*Frame, error) {
	note("sort " + strings.Join(by, ", "))
	return answered("a sort", f)
}

// Limit is the first rows.
func (f *Frame) Limit(rows uint32) (*Frame, error) {
	note("limit " + strconv.Itoa(int(rows)))
	limited := &Frame{fields: f.fields, rejected: f.rejected}
	for _, batch := range f.batches {
		taken := min(batch.Rows(), rows)
		output, err := batch.Slice(0, taken)
		if err != nil {
			return nil, err
		}
		limited.batches = append(limited.batches, output)
		rows -= taken
	}
	return limited, nil
}

// Apply passes it through a function.
func (f *Frame) Apply(function, configuration string) (*Frame, error) {
	note("apply " + function + " " + configuration)
	if strings.Contains(function, ":") {
		return answered("a function of another plugin", f)
	}
	session, failed := guest.Open(function, configuration, f.fields)
	if failed != nil {
		return nil, failed
	}
	applied := &Frame{fields: session.Output(), rejected: f.rejected}
	for _, batch := range f.batches {
		output, failed := session.Process(batch.Share())
		if failed != nil {
			return nil, failed
		}
		applied.batches = append(applied.batches, output.Batches...)
		if len(output.Rejected) > 0 {
			refused, err := withReasons(batch, function, output.Rejected)
			if err != nil {
				return nil, err
			}
			applied.rejected = append(applied.rejected, refused)
		}
	}
	output, failed := session.Finish()
	if failed != nil {
		return nil, failed
	}
	applied.batches = append(applied.batches, output.Batches...)
	return applied, nil
}

// withReasons is the rows that a function rejected, with why.
func withReasons(batch *boundary.Batch, function string, rejected []wire.Rejection) (*boundary.Batch, error) {
	var rows []uint32
	var reasons, by []string
	for _, rejection := range rejected {
		rows = append(rows, rejection.Row)
		by = append(by, function)
		reasons = append(reasons, rejection.Reason)
	}
	taken, err := batch.Take(rows)
	if err != nil {
		return nil, err
	}
	fields := []wire.Field{{Name: "rejected_by", Format: "u"}, {Name: "rejected_because", Format: "u"}}
	return taken.WithColumns(fields, []wire.Column{boundary.TextColumn(by), boundary.TextColumn(reasons)})
}

// Rejected is the rows that functions refused.
func (f *Frame) Rejected() (*Frame, error) {
	note("rejected")
	frame := &Frame{batches: f.rejected}
	if len(f.rejected) > 0 {
		frame.fields = f.rejected[0].Schema()
	}
	return frame, nil
}

// Write runs it into a sink.
func (f *Frame) Write(sink string) (Written, error) {
	note("write " + sink)
	written := boundary.Current.Written
	url := urlOf(sink)
	written[url] = append(written[url], f.batches...)
	rows, err := f.Count()
	return Written{Rows: rows, Objects: 1}, err
}

// Collect runs it for the script.
func (f *Frame) Collect() ([]*boundary.Batch, error) {
	return f.batches, nil
}

// Count runs it and counts.
func (f *Frame) Count() (float64, error) {
	rows := 0.0
	for _, batch := range f.batches {
		rows += float64(batch.Rows())
	}
	return rows, nil
}
