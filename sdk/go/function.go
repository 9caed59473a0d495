package tenon

import (
	"reflect"
	"slices"
	"strings"

	"tenon/internal/config"
	"tenon/internal/wire"
)

// NoConfig is the configuration of a function that takes none.
type NoConfig struct{}

// Processor is a function that keeps something between batches: one value per sandbox, and so per partition.
type Processor interface {
	// Process takes one batch.
	Process(batch Batch) ([]Batch, error)
	// Finish comes after the last batch; it may return more batches.
	Finish() ([]Batch, error)
}

// OutputSchema is for a [Processor] whose output doesn't have the schema of its input.
type OutputSchema interface {
	// OutputSchema is the schema of what comes out.
	OutputSchema(input Schema) (Schema, error)
}

// Validator is for configurations that can be wrong in more ways than types tell.
type Validator interface {
	// Validate says what is wrong; the error becomes [KindBadConfig].
	Validate() error
}

// Option says something of a function.
type Option func(*function)

// Reads names the columns that a function reads; without it, it reads all. The host may leave others out of its input.
func Reads(columns ...string) Option {
	return func(function *function) {
		function.reads = columns
		function.readsAll = false
	}
}

// Stateless says whether batches may go to several sandboxes in any order. Functions are, processors aren't.
func Stateless(stateless bool) Option {
	return func(function *function) { function.stateless = stateless }
}

// Transform offers a function from a batch to a batch. The doc is Markdown; its first line is the summary.
//
// C is a struct. The fields' tags say how it is configured: `json:"late_after"` the key (else the field's name in snake
// case), `default:"15"` what it is where it isn't given (text as it is, everything else as JSON), `doc:"..."` what it
// means, `enum:"hash,redact"` which texts are allowed. Fields without a default must be given, unless they are pointers
// or tagged `json:",omitempty"`. A key that isn't there is refused.
//
// What comes out has the schema of what the function makes of a batch without rows: it is called with one first.
func Transform[C any](name, doc string, call func(batch Batch, config C) (Batch, error), options ...Option) {
	register[C](name, doc, options, func(config C) (running, error) {
		return plainFunction(func(batch Batch) ([]Batch, error) {
			output, err := call(batch, config)
			return listed(output), err
		}), nil
	})
}

// Scalar offers a function that makes one value per row, for SQL. Its input has the columns that [Reads] names, or
// `arg_1`, `arg_2` and so on.
func Scalar[C any, D Data](name, doc string, call func(batch Batch, config C) (D, error), options ...Option) {
	register[C](name, doc, append(options, func(function *function) { function.scalar = true }),
		func(config C) (running, error) {
			return plainFunction(func(batch Batch) ([]Batch, error) {
				column, err := call(batch, config)
				if err != nil {
					return nil, err
				}
				output, err := NewBatch(Named(name, column))
				return listed(output), err
			}), nil
		})
}

// Stateful offers a function that keeps something between batches. It is opened once in each sandbox.
func Stateful[C any](name, doc string, open func(config C, input Schema) (Processor, error), options ...Option) {
	options = append([]Option{Stateless(false)}, options...)
	registerOpen[C](name, doc, options, func(config C, input Schema) (running, error) {
		processor, err := open(config, input)
		if err != nil {
			return nil, err
		}
		return statefulFunction{processor}, nil
	})
}

// function is one function of the component.
type function struct {
	name, doc string
	scalar    bool
	stateless bool
	reads     []string
	readsAll  bool
	config    reflect.Type
	open      func(config config.Value, input Schema) (running, error)
}

// functions are those of this component, by name.
var functions []*function

// running is a function that was opened.
type running interface {
	process(batch Batch) ([]Batch, error)
	finish() ([]Batch, error)
	output(input Schema) (Schema, error)
}

func register[C any](name, doc string, options []Option, open func(config C) (running, error)) {
	registerOpen[C](name, doc, options, func(config C, _ Schema) (running, error) { return open(config) })
}

func registerOpen[C any](name, doc string, options []Option, open func(config C, input Schema) (running, error)) {
	registered := &function{name: name, doc: doc, stateless: true, readsAll: true, config: reflect.TypeFor[C]()}
	registered.open = func(value config.Value, input Schema) (running, error) {
		var configuration C
		if err := configure(value, &configuration); err != nil {
			return nil, err
		}
		return open(configuration, input)
	}
	for _, option := range options {
		option(registered)
	}
	position, taken := slices.BinarySearchFunc(functions, name, func(other *function, name string) int {
		return strings.Compare(other.name, name)
	})
	if taken {
		panic("tenon: there are two functions of the name " + name)
	}
	functions = slices.Insert(functions, position, registered)
}

func configure(value config.Value, configuration any) error {
	if err := config.Decode(value, configuration); err != nil {
		return BadConfig("the configuration doesn't fit at " + err.Error())
	}
	if validator, ok := configuration.(Validator); ok {
		if err := validator.Validate(); err != nil {
			return BadConfig(err.Error())
		}
	}
	return nil
}

func describe() []wire.Function {
	described := make([]wire.Function, len(functions))
	for i, function := range functions {
		described[i] = wire.Function{
			Name:      function.name,
			Doc:       function.doc,
			Scalar:    function.scalar,
			Config:    config.Schema(function.config),
			Reads:     function.reads,
			ReadsAll:  function.readsAll,
			Stateless: function.stateless,
		}
	}
	return described
}

// plainFunction keeps nothing between batches.
type plainFunction func(batch Batch) ([]Batch, error)

func (f plainFunction) process(batch Batch) ([]Batch, error) {
	return f(batch)
}

func (f plainFunction) finish() ([]Batch, error) {
	return nil, nil
}

func (f plainFunction) output(input Schema) (Schema, error) {
	empty, err := EmptyBatch(input)
	if err != nil {
		return nil, err
	}
	batches, err := f(empty)
	if err != nil || len(batches) == 0 {
		return input, err
	}
	return batches[0].Schema(), nil
}

// statefulFunction keeps something between batches.
type statefulFunction struct {
	processor Processor
}

func (f statefulFunction) process(batch Batch) ([]Batch, error) {
	return f.processor.Process(batch)
}

func (f statefulFunction) finish() ([]Batch, error) {
	return f.processor.Finish()
}

func (f statefulFunction) output(input Schema) (Schema, error) {
	if other, ok := f.processor.(OutputSchema); ok {
		return other.OutputSchema(input)
	}
	return input, nil
}

func listed(batch Batch) []Batch {
	if batch.IsZero() {
		return nil
	}
	return []Batch{batch}
}
