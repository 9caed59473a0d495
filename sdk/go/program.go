package tenon

import (
	"slices"

	"tenon/internal/boundary"
	"tenon/internal/wire"
)

// Expr is a SQL expression over a batch, checked but computed only when it is needed, and then by the host. Given to
// [Batch.With] of the same batch, its values never enter the sandbox.
type Expr struct {
	batch Batch
	text  string
}

// Eval is a SQL expression over the columns; an error for one that doesn't compile, with the position in it.
func (b Batch) Eval(expression string) (Expr, error) {
	if _, err := b.compiled(expression); err != nil {
		return Expr{}, err
	}
	return Expr{b, expression}, nil
}

// Batch computes it as a batch of one column, which stays with the host.
func (e Expr) Batch() (Batch, error) {
	return e.batch.Project(e.text)
}

func (e Expr) raw() (RawColumn, error) {
	batch, err := e.Batch()
	if err != nil {
		return RawColumn{}, err
	}
	columns, err := batch.RawColumns()
	if err != nil {
		return RawColumn{}, err
	}
	return columns[0], nil
}

// Evaluate computes a SQL expression and reads it: only the result crosses.
func Evaluate[T Value](batch Batch, expression string) (*Array[T], error) {
	raw, err := Expr{batch, expression}.raw()
	if err != nil {
		return nil, err
	}
	return readArray[T](raw)
}

// Project is one column per SQL expression: "carrier", "amount * rate as total".
func (b Batch) Project(expressions ...string) (Batch, error) {
	program, err := b.compiled(expressions...)
	if err != nil {
		return Batch{}, err
	}
	projected, err := program.handle.Project(b.inner.handle)
	return result(projected, err, program.output, program.flat)
}

// Filter is the rows for which a boolean SQL expression is true.
func (b Batch) Filter(predicate string) (Batch, error) {
	program, err := b.compiled(predicate)
	if err != nil {
		return Batch{}, err
	}
	filtered, err := program.handle.Filter(b.inner.handle)
	return b.same(filtered, err)
}

// withExpressions adds or replaces columns that the host computes.
func (b Batch) withExpressions(columns []NamedColumn) (Batch, error) {
	computed := make(map[string]string, len(columns))
	for _, column := range columns {
		computed[column.Name] = column.Data.(Expr).text + " as " + Quote(column.Name)
	}
	var expressions []string
	for _, name := range b.Schema().Names() {
		if expression, ok := computed[name]; ok {
			expressions = append(expressions, expression)
		} else {
			expressions = append(expressions, Quote(name))
		}
	}
	for _, column := range columns {
		if !b.Schema().Has(column.Name) {
			expressions = append(expressions, computed[column.Name])
		}
	}
	return b.Project(expressions...)
}

// mostPrograms is how many programs a sandbox keeps; the oldest goes first.
const mostPrograms = 64

// program is compiled expressions with the schema of what they compute.
type program struct {
	input       []wire.Field
	expressions []string
	handle      *boundary.Program
	output      Schema
	flat        []wire.Field
}

var programs []*program

func (b Batch) compiled(expressions ...string) (*program, error) {
	if _, err := b.open(); err != nil {
		return nil, err
	}
	_, input := b.schemas()
	for _, known := range programs {
		if slices.Equal(known.expressions, expressions) && sameSchema(known.input, input) {
			return known, nil
		}
	}
	handle, err := boundary.Compile(input, expressions)
	if err != nil {
		return nil, fromHost(err)
	}
	flat := handle.Output()
	if len(programs) == mostPrograms {
		programs[0].handle.Close()
		programs = slices.Delete(programs, 0, 1)
	}
	compiled := &program{input, slices.Clone(expressions), handle, schemaOf(flat), flat}
	programs = append(programs, compiled)
	return compiled, nil
}

// sameSchema looks at the fields only where they are not the same memory.
func sameSchema(one, two []wire.Field) bool {
	if len(one) != len(two) {
		return false
	}
	if len(one) == 0 || &one[0] == &two[0] {
		return true
	}
	return slices.EqualFunc(one, two, func(a, b wire.Field) bool {
		return a.Name == b.Name && a.Format == b.Format && a.Dictionary == b.Dictionary && a.Nullable == b.Nullable &&
			a.Children == b.Children && slices.Equal(a.Metadata, b.Metadata)
	})
}
