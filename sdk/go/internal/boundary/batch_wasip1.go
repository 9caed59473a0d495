package boundary

import (
	"tenon/internal/abi"
	"tenon/internal/wire"
	"tenon/internal/wit/tenon_etl_batches"
	"tenon/internal/wit/tenon_etl_errors"
)

// Batch is a handle on a batch in the host's memory.
type Batch struct {
	handle *tenon_etl_batches.Batch
}

// BatchFrom takes over a handle.
func BatchFrom(handle *tenon_etl_batches.Batch) *Batch {
	return &Batch{handle}
}

// BatchInto gives the handle away.
func BatchInto(batch *Batch) *tenon_etl_batches.Batch {
	return batch.handle
}

// Schema asks for the columns' names and types.
func (b *Batch) Schema() []wire.Field {
	return FieldsFrom(b.handle.Schema())
}

// Rows asks for the number of rows.
func (b *Batch) Rows() uint32 {
	return b.handle.Rows()
}

// Read copies columns, by position, into the guest.
func (b *Batch) Read(columns []uint32) ([]wire.Column, error) {
	result := b.handle.Read(columns)
	if result.Tag() != abi.ResultOk {
		return nil, errorFrom(result.Err())
	}
	read := make([]wire.Column, len(result.Ok()))
	for i, column := range result.Ok() {
		nodes := make([]wire.Node, len(column.Nodes))
		for j, node := range column.Nodes {
			nodes[j] = wire.Node(node)
		}
		read[i] = wire.Column{Nodes: nodes, Buffers: column.Buffers}
	}
	return read, nil
}

// Build copies columns out of the guest into a new batch.
func Build(schema []wire.Field, rows uint32, columns []wire.Column) (*Batch, error) {
	return made(tenon_etl_batches.BatchBuild(FieldsInto(schema), rows, columnsInto(columns)))
}

// WithColumns adds or replaces columns.
func (b *Batch) WithColumns(fields []wire.Field, columns []wire.Column) (*Batch, error) {
	return made(b.handle.WithColumns(FieldsInto(fields), columnsInto(columns)))
}

// Select is the same rows with the named columns.
func (b *Batch) Select(columns []string) (*Batch, error) {
	return made(b.handle.Select(columns))
}

// Slice is a range of rows.
func (b *Batch) Slice(offset, length uint32) (*Batch, error) {
	return made(b.handle.Slice(offset, length))
}

// Take is the rows at these positions.
func (b *Batch) Take(rows []uint32) (*Batch, error) {
	return made(b.handle.Take(rows))
}

// Concat puts the rows of batches together.
func Concat(parts []*Batch) (*Batch, error) {
	handles := make([]*tenon_etl_batches.Batch, len(parts))
	for i, part := range parts {
		handles[i] = part.handle
	}
	return made(tenon_etl_batches.BatchConcat(handles))
}

// Share is another handle on the same batch.
func (b *Batch) Share() *Batch {
	return &Batch{b.handle.Share()}
}

// Close drops the handle.
func (b *Batch) Close() {
	b.handle.Drop()
}

// Program is a handle on compiled SQL expressions.
type Program struct {
	handle *tenon_etl_batches.Program
}

// Compile plans expressions over a schema.
func Compile(input []wire.Field, expressions []string) (*Program, error) {
	result := tenon_etl_batches.ProgramCompile(FieldsInto(input), expressions)
	if result.Tag() != abi.ResultOk {
		return nil, errorFrom(result.Err())
	}
	return &Program{result.Ok()}, nil
}

// Output is the schema of what Project makes.
func (p *Program) Output() []wire.Field {
	return FieldsFrom(p.handle.Output())
}

// Project computes one column per expression.
func (p *Program) Project(input *Batch) (*Batch, error) {
	return made(p.handle.Project(input.handle))
}

// Filter keeps the rows for which the expression is true.
func (p *Program) Filter(input *Batch) (*Batch, error) {
	return made(p.handle.Filter(input.handle))
}

// Close drops the handle.
func (p *Program) Close() {
	p.handle.Drop()
}

func made(result abi.Result[*tenon_etl_batches.Batch, tenon_etl_errors.Error]) (*Batch, error) {
	if result.Tag() != abi.ResultOk {
		return nil, errorFrom(result.Err())
	}
	return &Batch{result.Ok()}, nil
}
