package tenon

import (
	"strconv"

	"tenon/internal/boundary"
	"tenon/internal/wire"
)

// Batch is an immutable batch of rows. The rows stay with the host: only columns that are read, and new ones, cross. Every
// operation gives a new batch. The zero Batch is none: a function that returns it returns no rows.
type Batch struct {
	inner *batch
}

type batch struct {
	handle *boundary.Batch
	schema Schema
	// flat is the schema as it crosses; the identity of its first field is that of the schema.
	flat []wire.Field
	rows int
	kept bool
}

// unknown is the number of rows of a batch that was not asked yet.
const unknown = -1

// made are the batches of this call that are neither kept nor returned yet.
var made []*batch

func newBatch(handle *boundary.Batch, schema Schema, flat []wire.Field) Batch {
	inner := &batch{handle: handle, schema: schema, flat: flat, rows: unknown}
	made = append(made, inner)
	return Batch{inner}
}

func result(handle *boundary.Batch, err error, schema Schema, flat []wire.Field) (Batch, error) {
	if err != nil {
		return Batch{}, fromHost(err)
	}
	return newBatch(handle, schema, flat), nil
}

// open is the batch's handle.
func (b Batch) open() (*boundary.Batch, error) {
	switch {
	case b.inner == nil:
		return nil, Internal("this is the zero Batch, which has no rows and no columns")
	case b.inner.handle == nil:
		return nil, Internal("the batch is closed: it belonged to a call that has ended, and was not kept by Keep")
	default:
		return b.inner.handle, nil
	}
}

// IsZero is whether this is no batch.
func (b Batch) IsZero() bool {
	return b.inner == nil
}

// Rows is the number of rows; 0 of a batch that is closed.
func (b Batch) Rows() int {
	handle, err := b.open()
	if err != nil {
		return 0
	}
	if b.inner.rows == unknown {
		b.inner.rows = int(handle.Rows())
	}
	return b.inner.rows
}

// Schema is the columns' names and types. Don't change it.
func (b Batch) Schema() Schema {
	schema, _ := b.schemas()
	return schema
}

func (b Batch) schemas() (Schema, []wire.Field) {
	if b.inner == nil {
		return nil, nil
	}
	if b.inner.flat == nil && b.inner.handle != nil {
		b.inner.flat = b.inner.handle.Schema()
		b.inner.schema = schemaOf(b.inner.flat)
	}
	return b.inner.schema, b.inner.flat
}

// Keep holds the batch beyond the call in which it was made, until Close.
func (b Batch) Keep() Batch {
	if b.inner != nil {
		b.inner.kept = true
	}
	return b
}

// Close lets go of the batch before its call ends, or after, if it was kept.
func (b Batch) Close() {
	if b.inner != nil && b.inner.handle != nil {
		if b == rejected.input {
			// Rejected rows are left out by their positions in it, also when it is closed.
			b.Rows()
		}
		b.inner.handle.Close()
		b.inner.handle = nil
	}
}

// Column reads one column: only that column crosses. The type says how: int64, float64, string, []byte, bool, [Date],
// [Timestamp], [Decimal] and so on. [KindBadConfig] if there is no such column, or it is of another type.
func Column[T Value](batch Batch, name string) (*Array[T], error) {
	raw, err := batch.Raw(name)
	if err != nil {
		return nil, err
	}
	return readArray[T](raw)
}

// Typed is a raw column as one of values; errors as [Column].
func Typed[T Value](column RawColumn) (*Array[T], error) {
	return readArray[T](column)
}

// Raw reads a column of any type as it crosses.
func (b Batch) Raw(name string) (RawColumn, error) {
	if _, err := b.open(); err != nil {
		return RawColumn{}, err
	}
	position, err := b.Schema().Position(name)
	if err != nil {
		return RawColumn{}, err
	}
	columns, err := b.read([]uint32{uint32(position)})
	if err != nil {
		return RawColumn{}, err
	}
	return columns[0], nil
}

// RawColumns reads every column as it crosses, in order.
func (b Batch) RawColumns() ([]RawColumn, error) {
	positions := make([]uint32, len(b.Schema()))
	for i := range positions {
		positions[i] = uint32(i)
	}
	return b.read(positions)
}

func (b Batch) read(positions []uint32) ([]RawColumn, error) {
	handle, err := b.open()
	if err != nil {
		return nil, err
	}
	read, err := handle.Read(positions)
	if err != nil {
		return nil, fromHost(err)
	}
	schema := b.Schema()
	columns := make([]RawColumn, len(read))
	for i, column := range read {
		columns[i] = RawColumn{schema[positions[i]], column.Nodes, column.Buffers}
	}
	return columns, nil
}

// NamedColumn is a column with the name that it is to have.
type NamedColumn struct {
	Name string
	Data Data
}

// Named is a column with a name.
func Named(name string, column Data) NamedColumn {
	return NamedColumn{name, column}
}

// NewBatch is a batch of these columns, which must all have the same number of rows. Each is nullable.
func NewBatch(columns ...NamedColumn) (Batch, error) {
	schema, values, err := evaluated(columns)
	if err != nil {
		return Batch{}, err
	}
	rows := 0
	if len(values) > 0 {
		rows = values[0].Len()
	}
	return Build(schema, rows, values)
}

// Build is a batch of this schema. The host checks every column in full.
func Build(schema Schema, rows int, columns []RawColumn) (Batch, error) {
	if len(schema) != len(columns) {
		return Batch{}, BadData("the schema has " + strconv.Itoa(len(schema)) + " columns, but " +
			strconv.Itoa(len(columns)) + " were given")
	}
	for i, column := range columns {
		if err := checkRows(schema[i].Name, column.Len(), rows); err != nil {
			return Batch{}, err
		}
	}
	flat := schema.flattened()
	handle, err := boundary.Build(flat, uint32(rows), wired(columns))
	return result(handle, err, schema, flat)
}

// EmptyBatch is a batch of this schema without rows.
func EmptyBatch(schema Schema) (Batch, error) {
	columns := make([]RawColumn, len(schema))
	for i, field := range schema {
		columns[i] = emptyColumn(field)
	}
	return Build(schema, 0, columns)
}

// With is this batch with a column added, or replaced where the name is taken. The others don't move.
func (b Batch) With(name string, column Data) (Batch, error) {
	return b.WithColumns(Named(name, column))
}

// WithColumns is this batch with columns added, or replaced where a name is taken. The others don't move.
func (b Batch) WithColumns(columns ...NamedColumn) (Batch, error) {
	var expressions, others []NamedColumn
	for _, column := range columns {
		if expression, ok := column.Data.(Expr); ok && expression.batch.inner == b.inner {
			expressions = append(expressions, column)
		} else {
			others = append(others, column)
		}
	}
	base := b
	if len(expressions) > 0 {
		var err error
		if base, err = b.withExpressions(expressions); err != nil || len(others) == 0 {
			return base, err
		}
	}
	handle, err := base.open()
	if err != nil {
		return Batch{}, err
	}
	fields, values, err := evaluated(others)
	if err != nil {
		return Batch{}, err
	}
	for i, column := range values {
		if err := checkRows(fields[i].Name, column.Len(), base.Rows()); err != nil {
			return Batch{}, err
		}
	}
	schema := base.Schema().With(fields...)
	with, err := handle.WithColumns(fields.flattened(), wired(values))
	return result(with, err, schema, schema.flattened())
}

func evaluated(columns []NamedColumn) (Schema, []RawColumn, error) {
	fields := make(Schema, len(columns))
	values := make([]RawColumn, len(columns))
	for i, column := range columns {
		raw, err := column.Data.raw()
		if err != nil {
			return nil, nil, Within("making column `"+column.Name+"`", err)
		}
		fields[i] = raw.Field.Named(column.Name)
		values[i] = raw
	}
	return fields, values, nil
}

func wired(columns []RawColumn) []wire.Column {
	wired := make([]wire.Column, len(columns))
	for i, column := range columns {
		wired[i] = wire.Column{Nodes: column.Nodes, Buffers: column.Buffers}
	}
	return wired
}

func checkRows(name string, found, expected int) error {
	if found == expected {
		return nil
	}
	return BadData("column `" + name + "` has " + strconv.Itoa(found) + " rows, but the batch has " + strconv.Itoa(expected))
}
