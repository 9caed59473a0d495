package tenon

import (
	"slices"
	"strconv"
	"strings"

	"tenon/internal/boundary"
	"tenon/internal/config"
	"tenon/internal/guest"
	"tenon/internal/wire"
)

func init() {
	guest.Describe = describe
	guest.Open = openSession
	guest.Call = func(part func() error) *wire.Error {
		tuneMemory()
		return toHost(func() (err error) {
			defer endCall(startCall(), &err)
			return part()
		}())
	}
	guest.SchemaOf = func(fields []wire.Field) any { return schemaOf(fields) }
	guest.Wrap = func(handle *boundary.Batch) any { return newBatch(handle, nil, nil) }
	guest.Unwrap = func(batch any) *boundary.Batch { return batch.(Batch).inner.handle }
	guest.Forget = func() { programs = nil }
}

// session is one function, bound to its configuration and input.
type session struct {
	function *function
	running  running
	input    Schema
	flat     []wire.Field
	output   Schema
}

func openSession(name, configuration string, input []wire.Field) (guest.Session, *wire.Error) {
	tuneMemory()
	opened, err := open(name, configuration, input)
	if err != nil {
		return nil, toHost(err)
	}
	return opened, nil
}

func open(name, configuration string, input []wire.Field) (opened *session, err error) {
	defer endCall(startCall(), &err)
	position := slices.IndexFunc(functions, func(function *function) bool { return function.name == name })
	if position < 0 {
		names := make([]string, len(functions))
		for i, function := range functions {
			names[i] = function.name
		}
		return nil, BadConfig("there is no function `" + name + "`; the functions are " + strings.Join(names, ", "))
	}
	session := &session{function: functions[position], input: schemaOf(input), flat: input}
	for _, column := range session.function.reads {
		if _, err := session.input.Position(column); err != nil {
			return nil, Within("function `"+name+"`", err)
		}
	}
	value, err := config.Parse(configuration)
	if err != nil {
		return nil, BadConfig("the configuration isn't JSON: " + err.Error())
	}
	if session.running, err = session.function.open(value, session.input); err != nil {
		return nil, err
	}
	if session.output, err = session.running.output(session.input); err != nil {
		return nil, err
	}
	if session.function.scalar && len(session.output) != 1 {
		return nil, BadConfig("scalar function `" + name + "` must answer with one column, not " +
			strconv.Itoa(len(session.output)))
	}
	return session, nil
}

// Output is the schema of what comes out.
func (s *session) Output() []wire.Field {
	return s.output.flattened()
}

// Process takes one batch.
func (s *session) Process(input *boundary.Batch) (guest.Output, *wire.Error) {
	return s.call(func() ([]Batch, error) {
		batch := newBatch(input, s.input, s.flat)
		rejected.input = batch
		// Asking for the rows is a call to the host.
		rows := 0
		if s.function.scalar {
			rows = batch.Rows()
		}
		batches, err := s.running.process(batch)
		if err != nil || !s.function.scalar {
			return batches, err
		}
		if len(batches) != 1 || batches[0].Rows() != rows {
			values := 0
			for _, batch := range batches {
				values += batch.Rows()
			}
			return nil, BadData("scalar function `" + s.function.name + "` made " + strconv.Itoa(values) + " values for " +
				strconv.Itoa(rows) + " rows")
		}
		return batches, nil
	})
}

// Finish ends the function.
func (s *session) Finish() (guest.Output, *wire.Error) {
	return s.call(s.running.finish)
}

// call runs a part of the function; what it returns is given away.
func (s *session) call(part func() ([]Batch, error)) (guest.Output, *wire.Error) {
	output, err := func() (output guest.Output, err error) {
		defer endCall(startCall(), &err)
		batches, err := part()
		if err != nil {
			return output, err
		}
		output.Batches, err = given(batches)
		output.Rejected = rejected.rows
		return output, err
	}()
	return output, toHost(err)
}

// given are the handles of batches that leave the sandbox. One that is kept, or returned twice, stays as well.
func given(batches []Batch) ([]*boundary.Batch, error) {
	handles := make([]*boundary.Batch, 0, len(batches))
	for i, batch := range batches {
		if batch.IsZero() {
			continue
		}
		handle, err := batch.open()
		if err != nil {
			return nil, err
		}
		if batch.inner.kept || slices.Contains(batches[i+1:], batch) {
			handles = append(handles, handle.Share())
			continue
		}
		handles = append(handles, handle)
		batch.inner.handle = nil
	}
	return handles, nil
}

// call is what a call keeps track of.
type call struct {
	made     []*batch
	rejected rejections
}

// startCall starts a call. In a test, one may run within another.
func startCall() (outer call) {
	outer = call{made, rejected}
	made, rejected = nil, rejections{}
	return outer
}

// endCall closes what the call has made and forgets its rejections. A panic becomes the call's error.
func endCall(outer call, err *error) {
	if reason := recover(); reason != nil {
		*err = panicked(reason)
	}
	ended := made
	made, rejected = outer.made, outer.rejected
	for _, batch := range ended {
		if !batch.kept {
			Batch{batch}.Close()
		}
	}
}
