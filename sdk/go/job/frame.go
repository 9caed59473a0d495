package job

import (
	"strings"

	"tenon"
	"tenon/internal/config"
	"tenon/internal/guest"
	"tenon/internal/pipeline"
	"tenon/internal/wire"
)

// Frame is a query that has not run, or the error that came of making it.
type Frame struct {
	handle *pipeline.Frame
	err    error
}

// JoinKind is which rows of a join survive.
type JoinKind uint8

// The kinds of joins.
const (
	// Inner: rows with a match on both sides.
	Inner JoinKind = iota
	// Left: all rows of this frame.
	Left
	// Right: all rows of the other frame.
	Right
	// Full: all rows of both.
	Full
	// Semi: rows of this frame with a match, once each.
	Semi
	// Anti: rows of this frame without a match.
	Anti
)

// Written is what a sink has taken. It becomes visible when the script has ended well.
type Written struct {
	Rows    int64
	Bytes   int64
	Objects int
}

func made(handle *pipeline.Frame, err error) *Frame {
	return &Frame{handle, hostError(err)}
}

// hostError is an error of the boundary as one of the SDK's.
func hostError(err error) error {
	if foreign, ok := err.(*wire.Error); ok {
		return &tenon.Error{Kind: tenon.Kind(foreign.Kind), Message: foreign.Message, Context: foreign.Context}
	}
	return err
}

// then goes on from a frame that is sound.
func (f *Frame) then(next func(handle *pipeline.Frame) (*pipeline.Frame, error)) *Frame {
	if f.err != nil {
		return f
	}
	return made(next(f.handle))
}

// with goes on from two frames that are sound.
func (f *Frame) with(other *Frame, next func(handle, other *pipeline.Frame) (*pipeline.Frame, error)) *Frame {
	if other.err != nil && f.err == nil {
		return other
	}
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) { return next(handle, other.handle) })
}

// Err is what was wrong with this frame, or with one that it was made of.
func (f *Frame) Err() error {
	return f.err
}

// Schema is the columns that it will have.
func (f *Frame) Schema() (tenon.Schema, error) {
	if f.err != nil {
		return nil, f.err
	}
	fields, err := f.handle.Schema()
	if err != nil {
		return nil, hostError(err)
	}
	return guest.SchemaOf(fields).(tenon.Schema), nil
}

// Filter is the rows for which a SQL predicate is true.
func (f *Frame) Filter(predicate string) *Frame {
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) { return handle.Filter(predicate) })
}

// Project is one column per SQL expression.
func (f *Frame) Project(expressions ...string) *Frame {
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) { return handle.Project(expressions) })
}

// Select is the named columns, in that order.
func (f *Frame) Select(columns ...string) *Frame {
	return f.Project(quoted(columns)...)
}

// Column is a name with a SQL expression.
type Column struct {
	Name       string
	Expression string
}

// With is this frame with a column added, or replaced where the name is taken.
func (f *Frame) With(name, expression string) *Frame {
	return f.WithColumns(Column{name, expression})
}

// WithColumns is this frame with columns added, or replaced where a name is taken.
func (f *Frame) WithColumns(columns ...Column) *Frame {
	schema, err := f.Schema()
	if err != nil {
		return &Frame{err: err}
	}
	var expressions []string
	computed := make(map[string]string)
	for _, column := range columns {
		computed[column.Name] = column.Expression + " as " + tenon.Quote(column.Name)
	}
	for _, name := range schema.Names() {
		if expression, ok := computed[name]; ok {
			expressions = append(expressions, expression)
		} else {
			expressions = append(expressions, tenon.Quote(name))
		}
	}
	for _, column := range columns {
		if !schema.Has(column.Name) {
			expressions = append(expressions, computed[column.Name])
		}
	}
	return f.Project(expressions...)
}

// Join is rows paired by equal columns.
func (f *Frame) Join(other *Frame, kind JoinKind, on ...string) *Frame {
	return f.with(other, func(handle, other *pipeline.Frame) (*pipeline.Frame, error) {
		return handle.Join(other, on, uint8(kind))
	})
}

// Union is the rows of both, columns matched by name.
func (f *Frame) Union(other *Frame) *Frame {
	return f.with(other, func(handle, other *pipeline.Frame) (*pipeline.Frame, error) { return handle.Union(other) })
}

// Aggregate is one row per group: the columns that group, and SQL expressions over each group.
func (f *Frame) Aggregate(groupBy []string, expressions ...string) *Frame {
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) {
		return handle.Aggregate(groupBy, expressions)
	})
}

// Sort is ordered by SQL order expressions: "amount desc".
func (f *Frame) Sort(by ...string) *Frame {
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) { return handle.Sort(by) })
}

// Limit is the first rows.
func (f *Frame) Limit(rows int) *Frame {
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) {
		return handle.Limit(uint32(min(max(rows, 0), 1<<32-1)))
	})
}

// Apply passes it through a function of this program ("redact") or of another plugin ("plugin:redact"). The
// configuration is a struct or a map, or nil for none.
func (f *Frame) Apply(function string, configuration any) *Frame {
	json, err := config.Encode(configuration)
	if err != nil {
		return &Frame{err: tenon.BadConfig("the configuration of `" + function + "` is no JSON: " + err.Error())}
	}
	if configuration == nil {
		json = "{}"
	}
	return f.then(func(handle *pipeline.Frame) (*pipeline.Frame, error) { return handle.Apply(function, json) })
}

// Rejected is the rows that functions rejected on the way to this frame, with `rejected_by`, `rejected_row` and
// `rejected_because`. It calls those functions again.
func (f *Frame) Rejected() *Frame {
	return f.then((*pipeline.Frame).Rejected)
}

// Write runs the frame into a sink: a URL, or a [Sink].
func (f *Frame) Write(sink any) (Written, error) {
	if f.err != nil {
		return Written{}, f.err
	}
	json, err := tableOf(sink)
	if err != nil {
		return Written{}, err
	}
	written, err := f.handle.Write(json)
	return Written{int64(written.Rows), int64(written.Bytes), int(written.Objects)}, hostError(err)
}

// Collect runs the frame and gives its batches to the script: for small results.
func (f *Frame) Collect() ([]tenon.Batch, error) {
	if f.err != nil {
		return nil, f.err
	}
	handles, err := f.handle.Collect()
	batches := make([]tenon.Batch, len(handles))
	for i, handle := range handles {
		batches[i] = guest.Wrap(handle).(tenon.Batch)
	}
	return batches, hostError(err)
}

// Count runs the frame and counts its rows.
func (f *Frame) Count() (int64, error) {
	if f.err != nil {
		return 0, f.err
	}
	rows, err := f.handle.Count()
	return int64(rows), hostError(err)
}

func quoted(names []string) []string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = tenon.Quote(name)
	}
	return quoted
}

// path is where in a table a setting is: "csv.delimiter".
func path(setting string) []string {
	return strings.Split(setting, ".")
}
