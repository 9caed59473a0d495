package tenon

import (
	"math"
	"strconv"
	"unsafe"
)

// Data is a column that can become one of a batch: an [Array], a [Builder], [Lists], [Maps], [Structs],
// a [RawColumn] or an [Expr].
type Data interface {
	raw() (RawColumn, error)
}

func (b *Builder[T]) raw() (RawColumn, error) {
	return b.array.raw()
}

// raw makes buffers of the column. Numbers go as they are, without a copy.
func (a *Array[T]) raw() (RawColumn, error) {
	return putTogether(a.field, len(a.values), parts{a.nulls, a.values, bytesOf(a.values)})
}

// putTogether makes a column, for all types of values alike.
func putTogether(field Field, length int, parts parts) (RawColumn, error) {
	if field.Type.Dictionary {
		return putDictionary(field, length, parts)
	}
	column := leaf(field, length, parts.count, parts.present())
	if field.Type == TypeNull {
		return leaf(field, length, length), nil
	}
	var err error
	switch values := parts.values.(type) {
	case []bool:
		column.Buffers = append(column.Buffers, writeBits(values))
	case []string:
		column.Buffers, err = writeRanges(column, values, parts.nulls)
	case [][]byte:
		if width := field.Type.fixedSize(); width > 0 {
			column.Buffers, err = writeFixed(column, values, parts.nulls, width)
		} else {
			column.Buffers, err = writeRanges(column, textsOf(values), parts.nulls)
		}
	case []Decimal:
		if _, _, bits, _ := field.Type.Decimal(); bits < 128 {
			column.Buffers, err = writeNarrow(column, values, parts.nulls, bits)
		} else {
			column.Buffers = append(column.Buffers, parts.bytes)
		}
	default:
		column.Buffers = append(column.Buffers, parts.bytes)
	}
	return column, err
}

// bytesOf is values of fixed width as their bytes.
func bytesOf[T any](values []T) []byte {
	var value T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(value)))
}

func writeBits(values []bool) []byte {
	bits := make([]byte, (len(values)+7)/8)
	for row, value := range values {
		if value {
			bits[row>>3] |= 1 << (row & 7)
		}
	}
	return bits
}

// textsOf is bytes as texts, without a copy.
func textsOf(values [][]byte) []string {
	texts := make([]string, len(values))
	for row, value := range values {
		texts[row] = unsafe.String(unsafe.SliceData(value), len(value))
	}
	return texts
}

// writeRanges puts text or bytes in a row; null ones take no room.
func writeRanges(column RawColumn, values []string, nulls nulls) ([][]byte, error) {
	total := 0
	for row, value := range values {
		if nulls.count == 0 || !nulls.has(row) {
			total += len(value)
		}
	}
	data := make([]byte, total)
	if dataType := column.Field.Type; dataType == TypeLargeUtf8 || dataType == TypeLargeBinary {
		offsets := make([]int64, len(values)+1)
		putRanges(values, nulls, data, offsets)
		return append(column.Buffers, bytesOf(offsets), data), nil
	}
	if total > math.MaxInt32 {
		return nil, NewError(KindLimit, "a column of more than 2 GiB needs wide offsets: make it one by As(tenon.TypeLargeUtf8)")
	}
	offsets := make([]int32, len(values)+1)
	putRanges(values, nulls, data, offsets)
	return append(column.Buffers, bytesOf(offsets), data), nil
}

// putRanges copies texts, and says where each ends. Calls are dear in Go's WebAssembly: texts of the length of words are
// copied by the few loads and stores that it takes, here in the loop.
func putRanges[O int32 | int64](values []string, nulls nulls, data []byte, offsets []O) {
	at := 0
	start := unsafe.Pointer(unsafe.SliceData(data))
	offsets = offsets[1:][:len(values)]
	for row, value := range values {
		length := len(value)
		if nulls.count != 0 && nulls.validity[row>>3]>>(row&7)&1 == 0 {
			length = 0
		}
		source, target := unsafe.Pointer(unsafe.StringData(value)), unsafe.Add(start, at)
		switch {
		case length > 16:
			copy(data[at:], value)
		case length >= 8:
			first, last := *(*uint64)(source), *(*uint64)(unsafe.Add(source, length-8))
			*(*uint64)(target) = first
			*(*uint64)(unsafe.Add(target, length-8)) = last
		case length >= 4:
			first, last := *(*uint32)(source), *(*uint32)(unsafe.Add(source, length-4))
			*(*uint32)(target) = first
			*(*uint32)(unsafe.Add(target, length-4)) = last
		case length > 0:
			first, middle, last := *(*byte)(source), *(*byte)(unsafe.Add(source, length/2)), *(*byte)(unsafe.Add(source, length-1))
			*(*byte)(target) = first
			*(*byte)(unsafe.Add(target, length/2)) = middle
			*(*byte)(unsafe.Add(target, length-1)) = last
		}
		at += length
		offsets[row] = O(at)
	}
}

func writeFixed(column RawColumn, values [][]byte, nulls nulls, width int) ([][]byte, error) {
	data := make([]byte, len(values)*width)
	for row, value := range values {
		if nulls.has(row) {
			continue
		}
		if len(value) != width {
			return nil, BadData("a value of " + strconv.Itoa(len(value)) + " bytes doesn't fit " + column.Field.Type.String())
		}
		copy(data[row*width:], value)
	}
	return append(column.Buffers, data), nil
}

func writeNarrow(column RawColumn, values []Decimal, nulls nulls, bits int) ([][]byte, error) {
	wide := make([]int64, len(values))
	narrow := make([]int32, len(values))
	for row, value := range values {
		if nulls.has(row) {
			continue
		}
		number, ok := value.Int64()
		if !ok || bits == 32 && number != int64(int32(number)) {
			return nil, BadData("a decimal of more than " + strconv.Itoa(bits) + " bits doesn't fit " + column.Field.Type.String())
		}
		wide[row], narrow[row] = number, int32(number)
	}
	if bits == 32 {
		return append(column.Buffers, bytesOf(narrow)), nil
	}
	return append(column.Buffers, bytesOf(wide)), nil
}
