//go:build !wasip1

// Package tenontest runs functions and scripts in unit tests, outside a sandbox, with plain `go test`.
//
//	func TestLateFlightsAreLate(t *testing.T) {
//		flights := tenontest.Batch(t, tenon.Named("arr_delay", tenontest.Column[int64](3, nil, 40)))
//		output, err := tenontest.Run("categorise", `{"late_after": 15}`, flights)
//		...
//	}
//
// Rows are held in memory by a stand-in for the host. It computes no SQL: a test gives the results of [tenon.Batch.Eval],
// of filters, and of a script's queries with [Answer]. What tests set and log is one run; [Reset] starts another.
package tenontest

import (
	"slices"
	"time"

	"tenon"
	"tenon/internal/boundary"
	"tenon/internal/config"
	"tenon/internal/guest"
	"tenon/internal/wire"
)

// T is a test.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Output is what came of a call.
type Output struct {
	// Batches are in order.
	Batches []tenon.Batch
	// Rejected are the rows that were refused, in the order in which they were.
	Rejected []Rejection
}

// Rejection is a row of the input that was refused.
type Rejection struct {
	Row    int
	Reason string
}

// Column is a column of these values; nil is null. A number may be given as a constant of another type.
func Column[V tenon.Value](values ...any) *tenon.Array[V] {
	column := tenon.NewBuilder[V](len(values))
	for _, value := range values {
		if value == nil {
			column.AppendNull()
			continue
		}
		column.Append(convert[V](value))
	}
	return column.Array()
}

// Batch is a batch of columns; the test fails where they make none.
func Batch(t T, columns ...tenon.NamedColumn) tenon.Batch {
	t.Helper()
	batch, err := tenon.NewBatch(columns...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return batch
}

// Session is a function that is bound to its configuration and input.
type Session struct {
	session guest.Session
}

// Open binds a function, by its name, as the host does. The configuration is JSON, or a value that becomes JSON.
func Open(function string, configuration any, input tenon.Schema) (*Session, error) {
	json, ok := configuration.(string)
	if !ok {
		var err error
		if json, err = config.Encode(configuration); err != nil {
			return nil, tenon.BadConfig("the configuration is no JSON: " + err.Error())
		}
	}
	empty, err := tenon.EmptyBatch(input)
	if err != nil {
		return nil, err
	}
	session, failed := guest.Open(function, json, guest.Unwrap(empty).Schema())
	if failed != nil {
		return nil, errorOf(failed)
	}
	return &Session{session}, nil
}

// Process gives it one batch, which stays usable.
func (s *Session) Process(batch tenon.Batch) (Output, error) {
	return s.checked(s.session.Process(guest.Unwrap(batch).Share()))
}

// Finish ends it.
func (s *Session) Finish() (Output, error) {
	return s.checked(s.session.Finish())
}

// checked holds the function to the schema that it announced, as the host does.
func (s *Session) checked(output guest.Output, failed *wire.Error) (Output, error) {
	if failed != nil {
		return Output{}, errorOf(failed)
	}
	var checked Output
	for _, handle := range output.Batches {
		if !boundary.SameFields(handle.Schema(), s.session.Output()) {
			return checked, tenon.Internal("the function answers with another schema than it announced")
		}
		checked.Batches = append(checked.Batches, guest.Wrap(handle).(tenon.Batch))
	}
	for _, rejection := range output.Rejected {
		checked.Rejected = append(checked.Rejected, Rejection{int(rejection.Row), rejection.Reason})
	}
	return checked, nil
}

// Run opens a function, gives it one batch and finishes it.
func Run(function string, configuration any, batch tenon.Batch) (Output, error) {
	session, err := Open(function, configuration, batch.Schema())
	if err != nil {
		return Output{}, err
	}
	output, err := session.Process(batch)
	if err != nil {
		return Output{}, err
	}
	last, err := session.Finish()
	output.Batches = append(output.Batches, last.Batches...)
	output.Rejected = append(output.Rejected, last.Rejected...)
	return output, err
}

// ConfigSchema is the JSON Schema of a function's configuration.
func ConfigSchema(function string) string {
	for _, described := range guest.Describe() {
		if described.Name == function {
			return described.Config
		}
	}
	return ""
}

// Reset starts another run: everything that was set, logged, counted and kept is forgotten.
func Reset() {
	boundary.Current = boundary.NewRun()
	guest.Forget()
}

// SetParameter sets a job parameter.
func SetParameter(name, value string) {
	boundary.Current.Parameters[name] = value
}

// SetSecret grants a secret.
func SetSecret(name, value string) {
	boundary.Current.Secrets[name] = value
}

// SetNow sets the run's clock, which otherwise stands at the Unix epoch.
func SetNow(now time.Time) {
	boundary.Current.Seconds, boundary.Current.Nanos = now.Unix(), uint32(now.Nanosecond())
}

// Logs are what was logged, in order.
func Logs() []string {
	var texts []string
	for _, message := range boundary.Current.Logs {
		texts = append(texts, message.Text)
	}
	return texts
}

// Counter is the sum of what was counted under this name.
func Counter(metric string) float64 {
	return boundary.Current.Counters[metric]
}

// Answer gives the result of the next operation that only the host can run. Given again, of the one after it.
func Answer(batch tenon.Batch) {
	boundary.Current.Answers = append(boundary.Current.Answers, guest.Unwrap(batch).Share())
}

// Source gives a script a source, by the name or URL with which it reads it. Given again, there are more rows.
func Source(name string, batch tenon.Batch) {
	sources := boundary.Current.Sources
	sources[name] = append(sources[name], guest.Unwrap(batch).Share())
}

// Written is what a script wrote to this URL.
func Written(url string) []tenon.Batch {
	var batches []tenon.Batch
	for _, handle := range boundary.Current.Written[url] {
		batches = append(batches, guest.Wrap(handle.Share()).(tenon.Batch))
	}
	return batches
}

// Operations are what a script asked for, in order: `filter status = 'paid'`.
func Operations() []string {
	return slices.Clone(boundary.Current.Operations)
}

// RunJob runs the program's script.
func RunJob() error {
	if guest.Run == nil {
		return tenon.BadConfig("there is no script: offer one with job.Run")
	}
	if failed := guest.Run(); failed != nil {
		return errorOf(failed)
	}
	return nil
}

func errorOf(failed *wire.Error) error {
	return &tenon.Error{Kind: tenon.Kind(failed.Kind), Message: failed.Message, Context: failed.Context}
}
