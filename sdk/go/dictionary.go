package tenon

import (
	"strconv"
	"unsafe"
)

// takeDictionary gives each row of a dictionary of text or bytes the value that its index points at.
func takeDictionary(raw RawColumn, outer parts, wanted DataType) (parts, error) {
	if len(raw.Nodes) != 2 || len(raw.Buffers) < 4 {
		return parts{}, broken(raw.Field.Name)
	}
	child := RawColumn{raw.Field.Children[len(raw.Field.Children)-1], raw.Nodes[1:], raw.Buffers[2:]}
	inner, err := takeApart(child, wanted, 0)
	if err != nil {
		return parts{}, err
	}
	indices, ok := readIndices(raw.Field.Type.Format, raw.Buffers[1], raw.Len())
	if ok {
		switch values := inner.values.(type) {
		case []string:
			ok = decode(indices, values, inner.nulls, &outer)
		case [][]byte:
			ok = decode(indices, values, inner.nulls, &outer)
		}
	}
	if !ok {
		return parts{}, broken(raw.Field.Name)
	}
	return outer, nil
}

// decode makes plain values of indices; false where one points nowhere.
func decode[T string | []byte](indices []int, values []T, missing nulls, outer *parts) bool {
	decoded := NewBuilder[T](len(indices))
	for row, index := range indices {
		switch {
		case outer.has(row):
			decoded.AppendNull()
		case index < 0 || index >= len(values):
			return false
		default:
			decoded.AppendOption(values[index], !missing.has(index))
		}
	}
	outer.values, outer.nulls = decoded.array.values, decoded.array.nulls
	return true
}

func readIndices(format string, bytes []byte, length int) ([]int, bool) {
	switch format {
	case "c":
		return widened[int8](bytes, length)
	case "C":
		return widened[uint8](bytes, length)
	case "s":
		return widened[int16](bytes, length)
	case "S":
		return widened[uint16](bytes, length)
	case "i":
		return widened[int32](bytes, length)
	case "I":
		return widened[uint32](bytes, length)
	default:
		return widened[int64](bytes, length)
	}
}

func widened[I int8 | uint8 | int16 | uint16 | int32 | uint32 | int64](bytes []byte, length int) ([]int, bool) {
	indices, ok := view[I](bytes, length)
	wide := make([]int, len(indices))
	for row, index := range indices {
		wide[row] = int(index)
	}
	return wide, ok
}

// putDictionary makes a dictionary of text or bytes.
func putDictionary(field Field, length int, plain parts) (RawColumn, error) {
	var indices []int
	var distinct parts
	count := 0
	switch values := plain.values.(type) {
	case []string:
		kept := encode(values, plain.nulls, &indices, func(value string) string { return value })
		distinct.values, count = kept, len(kept)
	case [][]byte:
		kept := encode(values, plain.nulls, &indices, func(value []byte) string {
			return unsafe.String(unsafe.SliceData(value), len(value))
		})
		distinct.values, count = kept, len(kept)
	}
	inner, err := putTogether(field.Children[len(field.Children)-1], count, distinct)
	if err != nil {
		return inner, err
	}
	bytes, ok := writeIndices(field.Type.Format, indices, count)
	if !ok {
		return inner, BadData("column `" + field.Name + "` has " + strconv.Itoa(count) +
			" distinct values, more than the indices of its type can tell apart")
	}
	return RawColumn{
		Field:   field,
		Nodes:   append([]Node{{Length: uint32(length), Nulls: uint32(plain.count)}}, inner.Nodes...),
		Buffers: append([][]byte{plain.present(), bytes}, inner.Buffers...),
	}, nil
}

// encode makes indices of values; it returns the distinct ones in the order in which they first come.
func encode[T string | []byte](values []T, missing nulls, indices *[]int, key func(T) string) []T {
	known := make(map[string]int)
	var distinct []T
	*indices = make([]int, len(values))
	for row, value := range values {
		if missing.has(row) {
			continue
		}
		index, ok := known[key(value)]
		if !ok {
			index = len(distinct)
			known[key(value)] = index
			distinct = append(distinct, value)
		}
		(*indices)[row] = index
	}
	return distinct
}

func writeIndices(format string, indices []int, distinct int) ([]byte, bool) {
	switch format {
	case "c":
		return narrowed[int8](indices), distinct <= 1<<7
	case "C":
		return narrowed[uint8](indices), distinct <= 1<<8
	case "s":
		return narrowed[int16](indices), distinct <= 1<<15
	case "S":
		return narrowed[uint16](indices), distinct <= 1<<16
	case "i", "I":
		return narrowed[int32](indices), true
	default:
		return narrowed[int64](indices), true
	}
}

func narrowed[I int8 | uint8 | int16 | uint16 | int32 | int64](indices []int) []byte {
	narrow := make([]I, len(indices))
	for row, index := range indices {
		narrow[row] = I(index)
	}
	return bytesOf(narrow)
}
