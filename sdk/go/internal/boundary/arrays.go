//go:build !wasip1

package boundary

import (
	"encoding/binary"
	"strconv"
	"strings"

	"tenon/internal/wire"
)

// array is a column with its children, as a tree.
type array struct {
	format     string
	dictionary bool
	node       wire.Node
	buffers    [][]byte
	children   []*array
}

// parse makes trees of columns that are flattened over their fields.
func parse(fields []wire.Field, columns []wire.Column) ([]*array, error) {
	var arrays []*array
	for _, column := range columns {
		if len(fields) == 0 {
			return nil, fail(wire.BadData, "there are more columns than fields")
		}
		name := fields[0].Name
		reader := reader{fields: fields, column: column}
		parsed, ok := reader.next()
		if !ok || len(reader.column.Nodes) > 0 || len(reader.column.Buffers) > 0 {
			return nil, fail(wire.BadData, "column `"+name+"` doesn't have the nodes and buffers of its type")
		}
		arrays = append(arrays, parsed)
		fields = reader.fields
	}
	if len(fields) > 0 {
		return nil, fail(wire.BadData, "there are more fields than columns")
	}
	return arrays, nil
}

// reader takes a column apart, in pre-order.
type reader struct {
	fields []wire.Field
	column wire.Column
}

func (r *reader) next() (*array, bool) {
	if len(r.fields) == 0 || len(r.column.Nodes) == 0 {
		return nil, false
	}
	field := r.fields[0]
	parsed := &array{format: field.Format, dictionary: field.Dictionary, node: r.column.Nodes[0]}
	buffers := parsed.layout().buffers()
	if buffers > len(r.column.Buffers) {
		return nil, false
	}
	parsed.buffers = r.column.Buffers[:buffers]
	r.fields, r.column.Nodes, r.column.Buffers = r.fields[1:], r.column.Nodes[1:], r.column.Buffers[buffers:]
	for range field.Children {
		child, ok := r.next()
		if !ok {
			return nil, false
		}
		parsed.children = append(parsed.children, child)
	}
	return parsed, true
}

// flattened is the tree as a column.
func (a *array) flattened() wire.Column {
	column := wire.Column{Nodes: []wire.Node{a.node}, Buffers: append([][]byte(nil), a.buffers...)}
	for _, child := range a.children {
		inner := child.flattened()
		column.Nodes = append(column.Nodes, inner.Nodes...)
		column.Buffers = append(column.Buffers, inner.Buffers...)
	}
	return column
}

// layout is how a type's values lie in its buffers.
type layout struct {
	kind layoutKind
	// width is that of a value in bytes, of an offset, or in a list of fixed size the number of items.
	width int
}

type layoutKind uint8

const (
	noBuffers layoutKind = iota
	bits
	fixedWidth
	ranges
	lists
	fixedLists
	structs
	unknownLayout
)

func (l layout) buffers() int {
	switch l.kind {
	case noBuffers:
		return 0
	case structs, fixedLists:
		return 1
	case ranges:
		return 3
	default:
		return 2
	}
}

func (a *array) layout() layout {
	format := a.format
	if a.dictionary {
		return layout{fixedWidth, widthOf(format)}
	}
	switch format {
	case "n":
		return layout{kind: noBuffers}
	case "b":
		return layout{kind: bits}
	case "u", "z", "vu", "vz":
		return layout{ranges, 4}
	case "U", "Z":
		return layout{ranges, 8}
	case "+l", "+vl", "+m":
		return layout{lists, 4}
	case "+L", "+vL":
		return layout{lists, 8}
	case "+s":
		return layout{kind: structs}
	}
	if size, ok := strings.CutPrefix(format, "+w:"); ok {
		width, _ := strconv.Atoi(size)
		return layout{fixedLists, width}
	}
	if width := widthOf(format); width > 0 {
		return layout{fixedWidth, width}
	}
	return layout{kind: unknownLayout}
}

// widthOf is the width of a value in bytes, 0 for types of no fixed width.
func widthOf(format string) int {
	switch format {
	case "c", "C":
		return 1
	case "s", "S", "e":
		return 2
	case "i", "I", "f", "tdD", "tts", "ttm", "tiM":
		return 4
	case "l", "L", "g", "tdm", "ttu", "ttn", "tiD":
		return 8
	case "tin":
		return 16
	}
	switch {
	case strings.HasPrefix(format, "ts"), strings.HasPrefix(format, "tD"):
		return 8
	case strings.HasPrefix(format, "w:"):
		width, _ := strconv.Atoi(format[2:])
		return width
	case strings.HasPrefix(format, "d:"):
		parts := strings.Split(format[2:], ",")
		if len(parts) == 3 {
			bits, _ := strconv.Atoi(parts[2])
			return bits / 8
		}
		return 16
	}
	return 0
}

func (a *array) isNull(row int) bool {
	if a.format == "n" && !a.dictionary {
		return true
	}
	return a.node.Nulls > 0 && a.buffers[0][row>>3]>>(row&7)&1 == 0
}

// extent is the range of data or children of a row.
func (a *array) extent(row, width int) (from, to int) {
	if width == 8 {
		return int(binary.LittleEndian.Uint64(a.buffers[1][8*row:])), int(binary.LittleEndian.Uint64(a.buffers[1][8*row+8:]))
	}
	return int(binary.LittleEndian.Uint32(a.buffers[1][4*row:])), int(binary.LittleEndian.Uint32(a.buffers[1][4*row+4:]))
}
