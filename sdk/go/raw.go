package tenon

import (
	"slices"
	"strings"

	"tenon/internal/wire"
)

// Node is the length and null count of one array of a column.
type Node = wire.Node

// RawColumn is a column of any type as it crosses: its nodes in pre-order, then its buffers in the order in which Arrow
// IPC writes them. [Typed], Lists, Maps and Structs read it; it is also for what has no typed access (unions, run-end encoded)
// and for passing columns through.
//
// Buffers per node: none for null and run-end encoded; validity for struct and fixed-size list; validity and values for
// fixed-width types and dictionary indices; validity, offsets and data for text and bytes; validity and offsets for list
// and map; type ids for a sparse union; type ids and offsets for a dense one. The host checks all of it when the column
// goes back. Don't change the bytes: other batches may have the same.
type RawColumn struct {
	// Field is name, type and children.
	Field Field
	// Nodes are one per array, in pre-order.
	Nodes []Node
	// Buffers are those of all nodes, in pre-order.
	Buffers [][]byte
}

// Len is the number of rows.
func (c RawColumn) Len() int {
	if len(c.Nodes) == 0 {
		return 0
	}
	return int(c.Nodes[0].Length)
}

// Nulls is the number of rows that are null at the top level.
func (c RawColumn) Nulls() int {
	if len(c.Nodes) == 0 {
		return 0
	}
	return int(c.Nodes[0].Nulls)
}

func (c RawColumn) raw() (RawColumn, error) {
	return c, nil
}

// Like is the same data under the field of another column, whose name, nullability and metadata, and those of children, it
// takes over: for a column that stands in for another. [KindBadConfig] if that one is laid out otherwise.
func (c RawColumn) Like(field Field) (RawColumn, error) {
	if !crossAlike(c.Field, field) {
		return RawColumn{}, BadConfig("a column of " + c.Field.Type.String() + " can't take the place of `" + field.Name +
			"`, which is " + field.Type.String())
	}
	c.Field = field
	return c, nil
}

func crossAlike(one, other Field) bool {
	return crossing(one.Type) == crossing(other.Type) && slices.EqualFunc(one.Children, other.Children, crossAlike)
}

// crossing is the type in whose layout columns of a type cross.
func crossing(dataType DataType) DataType {
	switch dataType {
	case TypeUtf8View:
		return TypeUtf8
	case TypeBinaryView:
		return TypeBinary
	case DataType{Format: "+vl"}:
		return DataType{Format: "+l"}
	case DataType{Format: "+vL"}:
		return DataType{Format: "+L"}
	}
	return dataType
}

// split is the buffers of the column's own array, and its children as columns of their own; false where they don't fit its
// type.
func (c RawColumn) split() (own [][]byte, children []RawColumn, ok bool) {
	count := buffersOf(c.Field.Type)
	if len(c.Nodes) == 0 || len(c.Buffers) < count {
		return nil, nil, false
	}
	own = c.Buffers[:count]
	nodes, buffers := c.Nodes[1:], c.Buffers[count:]
	for _, field := range c.Field.Children {
		whole := emptyColumn(field)
		if len(nodes) < len(whole.Nodes) || len(buffers) < len(whole.Buffers) {
			return nil, nil, false
		}
		children = append(children, RawColumn{field, nodes[:len(whole.Nodes)], buffers[:len(whole.Buffers)]})
		nodes, buffers = nodes[len(whole.Nodes):], buffers[len(whole.Buffers):]
	}
	return own, children, true
}

// joined is a column of an array and its children.
func joined(field Field, length, nulls int, own [][]byte, children ...RawColumn) RawColumn {
	column := leaf(field, length, nulls, own...)
	for _, child := range children {
		column.Nodes = append(column.Nodes, child.Nodes...)
		column.Buffers = append(column.Buffers, child.Buffers...)
	}
	return column
}

// leaf is a column of one array without children.
func leaf(field Field, length, nulls int, buffers ...[]byte) RawColumn {
	return RawColumn{field, []Node{{Length: uint32(length), Nulls: uint32(nulls)}}, buffers}
}

// emptyColumn is a column of any type without rows.
func emptyColumn(field Field) RawColumn {
	column := RawColumn{Field: field}
	var visit func(Field)
	visit = func(field Field) {
		column.Nodes = append(column.Nodes, Node{})
		column.Buffers = append(column.Buffers, make([][]byte, buffersOf(field.Type))...)
		for _, child := range field.Children {
			visit(child)
		}
	}
	visit(field)
	return column
}

// buffersOf is how many buffers a node of this type has.
func buffersOf(dataType DataType) int {
	format := dataType.Format
	switch {
	case dataType.Dictionary:
		return 2
	case dataType == TypeNull || format == "+r":
		return 0
	case dataType.isText() || dataType.isBinary() && dataType.fixedSize() == 0:
		return 3
	case format == "+s" || strings.HasPrefix(format, "+w") || strings.HasPrefix(format, "+us"):
		return 1
	default:
		return 2
	}
}

// broken is the error of a column whose buffers are not what its type needs.
func broken(name string) error {
	return Internal("the buffers of column `" + name + "` don't fit its type and length")
}
