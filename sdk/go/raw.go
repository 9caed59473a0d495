package tenon

import (
	"strings"

	"tenon/internal/wire"
)

// Node is the length and null count of one array of a column.
type Node = wire.Node

// RawColumn is a column of any type as it crosses: its nodes in pre-order, then its buffers in the order in which Arrow
// IPC writes them. It is for what has no typed access (lists, structs, maps, unions), and for passing columns through.
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
