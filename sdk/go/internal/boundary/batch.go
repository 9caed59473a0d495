//go:build !wasip1

package boundary

import (
	"slices"
	"strconv"
	"strings"

	"tenon/internal/wire"
)

// Batch is a batch that a test holds in memory.
type Batch struct {
	fields []wire.Field
	rows   uint32
	arrays []*array
}

func fail(kind uint8, message string) error {
	return &wire.Error{Kind: kind, Message: message}
}

// Schema asks for the columns' names and types.
func (b *Batch) Schema() []wire.Field {
	return b.fields
}

// Rows asks for the number of rows.
func (b *Batch) Rows() uint32 {
	return b.rows
}

// Read copies columns, by position, into the guest.
func (b *Batch) Read(columns []uint32) ([]wire.Column, error) {
	var read []wire.Column
	for _, position := range columns {
		if int(position) >= len(b.arrays) {
			return nil, fail(wire.BadConfig, "there is no column at position "+strconv.Itoa(int(position)))
		}
		read = append(read, b.arrays[position].flattened())
	}
	return read, nil
}

// Build copies columns out of the guest into a new batch.
func Build(schema []wire.Field, rows uint32, columns []wire.Column) (*Batch, error) {
	arrays, err := parse(schema, columns)
	if err != nil {
		return nil, err
	}
	for _, array := range arrays {
		if array.node.Length != rows {
			return nil, fail(wire.BadData, "a column has another number of rows than the batch")
		}
	}
	return &Batch{schema, rows, arrays}, nil
}

// WithColumns adds or replaces columns.
func (b *Batch) WithColumns(fields []wire.Field, columns []wire.Column) (*Batch, error) {
	added, err := Build(fields, b.rows, columns)
	if err != nil {
		return nil, err
	}
	groups, arrays := groupsOf(b.fields), slices.Clone(b.arrays)
	for i, group := range groupsOf(added.fields) {
		position := slices.IndexFunc(groups, func(other []wire.Field) bool { return other[0].Name == group[0].Name })
		if position < 0 {
			groups, arrays = append(groups, group), append(arrays, added.arrays[i])
		} else {
			groups[position], arrays[position] = group, added.arrays[i]
		}
	}
	return &Batch{slices.Concat(groups...), b.rows, arrays}, nil
}

// groupsOf are the fields of each column, with their descendants.
func groupsOf(fields []wire.Field) [][]wire.Field {
	var groups [][]wire.Field
	for len(fields) > 0 {
		length := 1
		for left := fields[0].Children; left > 0; left-- {
			left += fields[length].Children
			length++
		}
		groups = append(groups, fields[:length:length])
		fields = fields[length:]
	}
	return groups
}

// Select is the same rows with the named columns.
func (b *Batch) Select(columns []string) (*Batch, error) {
	return b.project(columns, columns)
}

func (b *Batch) project(columns, names []string) (*Batch, error) {
	groups := groupsOf(b.fields)
	projected := &Batch{rows: b.rows}
	for i, name := range columns {
		position := slices.IndexFunc(groups, func(group []wire.Field) bool { return group[0].Name == name })
		if position < 0 {
			return nil, fail(wire.BadConfig, "there is no column `"+name+"`")
		}
		group := slices.Clone(groups[position])
		group[0].Name = names[i]
		projected.fields = append(projected.fields, group...)
		projected.arrays = append(projected.arrays, b.arrays[position])
	}
	return projected, nil
}

// Slice is a range of rows.
func (b *Batch) Slice(offset, length uint32) (*Batch, error) {
	if uint64(offset)+uint64(length) > uint64(b.rows) {
		return nil, fail(wire.BadConfig, "the slice ends behind the batch's last row")
	}
	rows := make([]uint32, length)
	for i := range rows {
		rows[i] = offset + uint32(i)
	}
	return b.Take(rows)
}

// Take is the rows at these positions.
func (b *Batch) Take(rows []uint32) (*Batch, error) {
	picks := make([]pick, len(rows))
	for i, row := range rows {
		if row >= b.rows {
			return nil, fail(wire.BadConfig, "there is no row "+strconv.Itoa(int(row)))
		}
		picks[i] = pick{0, int(row)}
	}
	return gathered([]*Batch{b}, picks)
}

// Concat puts the rows of batches together.
func Concat(parts []*Batch) (*Batch, error) {
	if len(parts) == 0 {
		return nil, fail(wire.BadConfig, "there are no batches to put together")
	}
	var picks []pick
	for i, part := range parts {
		if !SameFields(parts[0].fields, part.fields) {
			return nil, fail(wire.BadConfig, "the batches have different schemas")
		}
		for row := range part.rows {
			picks = append(picks, pick{i, int(row)})
		}
	}
	return gathered(parts, picks)
}

// SameFields is whether two schemas are the same.
func SameFields(one, two []wire.Field) bool {
	return slices.EqualFunc(one, two, func(a, b wire.Field) bool {
		return a.Name == b.Name && a.Format == b.Format && a.Dictionary == b.Dictionary && a.Nullable == b.Nullable &&
			a.Children == b.Children && slices.Equal(a.Metadata, b.Metadata)
	})
}

func gathered(parts []*Batch, picks []pick) (*Batch, error) {
	made := &Batch{fields: parts[0].fields, rows: uint32(len(picks))}
	for column := range parts[0].arrays {
		arrays := make([]*array, len(parts))
		for i, part := range parts {
			arrays[i] = part.arrays[column]
		}
		array, err := gather(arrays, picks)
		if err != nil {
			return nil, err
		}
		made.arrays = append(made.arrays, array)
	}
	return made, nil
}

// Share is another handle on the same batch.
func (b *Batch) Share() *Batch {
	shared := *b
	return &shared
}

// Close drops the handle.
func (b *Batch) Close() {}

// Program is SQL expressions. Those that only name columns, and perhaps rename them, are computed; the result of others
// the test has to give.
type Program struct {
	what    string
	columns []string
	names   []string
	output  []wire.Field
	// plain is whether it can be computed; else answer is its first result.
	plain  bool
	answer *Batch
}

// Compile plans expressions over a schema.
func Compile(input []wire.Field, expressions []string) (*Program, error) {
	program := &Program{what: strings.Join(expressions, ", ")}
	empty := &Batch{fields: input, arrays: make([]*array, len(groupsOf(input)))}
	for _, expression := range expressions {
		column, name := plainColumn(expression)
		program.columns, program.names = append(program.columns, column), append(program.names, name)
	}
	if projected, err := empty.project(program.columns, program.names); err == nil {
		program.output, program.plain = projected.fields, true
		return program, nil
	}
	answer, err := NextAnswer("the SQL `" + program.what + "`")
	if err != nil {
		return nil, err
	}
	program.answer, program.output = answer, answer.fields
	return program, nil
}

// plainColumn takes `name` or `"name" as "other"` apart.
func plainColumn(expression string) (column, name string) {
	column, name, renamed := strings.Cut(expression, " as ")
	if !renamed {
		name = column
	}
	return unquoted(column), unquoted(name)
}

func unquoted(name string) string {
	name = strings.TrimSpace(name)
	if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
		return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return name
}

// Output is the schema of what Project makes.
func (p *Program) Output() []wire.Field {
	return p.output
}

// Project computes one column per expression.
func (p *Program) Project(input *Batch) (*Batch, error) {
	if p.plain {
		return input.project(p.columns, p.names)
	}
	return p.given()
}

// Filter keeps the rows for which the expression is true.
func (p *Program) Filter(*Batch) (*Batch, error) {
	return p.given()
}

// given is the answer that came with the first call, then one per call.
func (p *Program) given() (*Batch, error) {
	if answer := p.answer; answer != nil {
		p.answer = nil
		return answer, nil
	}
	return NextAnswer("the SQL `" + p.what + "`")
}

// Close drops the handle.
func (p *Program) Close() {}
