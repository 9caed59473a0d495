package tenon

import (
	"unsafe"
)

// readArray takes a column apart.
func readArray[T Value](raw RawColumn) (*Array[T], error) {
	var value T
	taken, err := takeApart(raw, typeOf[T](), int(unsafe.Sizeof(value)))
	if err != nil {
		return nil, err
	}
	array := &Array[T]{field: raw.Field, nulls: taken.nulls}
	if values, ok := taken.values.([]T); ok {
		array.values = values
	} else {
		array.values = unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(taken.bytes))), raw.Len())
	}
	return array, nil
}

// parts are what a column is made of, by all types alike: the code for that is only once in a component.
type parts struct {
	nulls
	// values is a slice of bool, string, []byte or Decimal, where they aren't simply the bytes.
	values any
	bytes  []byte
}

// takeApart takes a column of values of a type and width apart. Text and bytes refer to the data, numbers are them.
func takeApart(raw RawColumn, wanted DataType, width int) (parts, error) {
	if !holds(raw.Field, wanted) {
		return parts{}, mismatch(raw.Field, wanted.column())
	}
	length := raw.Len()
	if raw.Field.Type == TypeNull {
		return parts{nulls: nulls{make([]byte, length>>3+1), length}, values: make([]Null, length)}, nil
	}
	if len(raw.Buffers) < 2 || raw.Nulls() > 0 && len(raw.Buffers[0]) < (length+7)/8 {
		return parts{}, broken(raw.Field.Name)
	}
	taken := parts{nulls: nulls{raw.Buffers[0], raw.Nulls()}}
	var ok bool
	switch buffers := raw.Buffers[1:]; {
	case raw.Field.Type.Dictionary:
		return takeDictionary(raw, taken, wanted)
	case wanted == TypeBool:
		taken.values, ok = readBits(buffers[0], length)
	case wanted == TypeUtf8:
		taken.values, ok = readText(raw.Field.Type, buffers, length)
	case wanted == TypeBinary:
		taken.values, ok = readBinary(raw.Field.Type, buffers, length)
	default:
		if _, _, bits, decimal := raw.Field.Type.Decimal(); decimal && bits < 128 {
			taken.values, ok = readNarrow(bits, buffers[0], length)
			break
		}
		taken.bytes, ok = buffers[0], len(buffers[0]) >= length*width
	}
	if !ok {
		return parts{}, broken(raw.Field.Name)
	}
	return taken, nil
}

// view is bytes as values of fixed width.
func view[T any](bytes []byte, length int) ([]T, bool) {
	var value T
	if len(bytes) < length*int(unsafe.Sizeof(value)) {
		return nil, false
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(bytes))), length), true
}

func readBits(bits []byte, length int) ([]bool, bool) {
	if len(bits) < (length+7)/8 {
		return nil, false
	}
	values := make([]bool, length)
	for row := range values {
		values[row] = bits[row>>3]>>(row&7)&1 == 1
	}
	return values, true
}

func readText(dataType DataType, buffers [][]byte, length int) ([]string, bool) {
	values := make([]string, length)
	text := unsafe.String(unsafe.SliceData(last(buffers)), len(last(buffers)))
	narrow, wide, ok := offsetsOf(dataType, buffers, length)
	if ok && wide != nil {
		ok = cutText(wide, text, values)
	} else if ok && narrow != nil {
		ok = cutText(narrow, text, values)
	}
	return values, ok
}

// cutText gives each row its part of the text; false where offsets are no offsets into it.
func cutText[O int32 | int64](offsets []O, text string, values []string) bool {
	from := offsets[0]
	if from < 0 || int(offsets[len(values)]) > len(text) {
		return false
	}
	for row, to := range offsets[1:] {
		if to < from || int(to) > len(text) {
			return false
		}
		values[row] = text[from:to]
		from = to
	}
	return true
}

func readBinary(dataType DataType, buffers [][]byte, length int) ([][]byte, bool) {
	data := last(buffers)
	values := make([][]byte, length)
	if width := dataType.fixedSize(); width > 0 {
		if len(data) < length*width {
			return nil, false
		}
		for row := range values {
			values[row] = data[row*width : (row+1)*width : (row+1)*width]
		}
		return values, true
	}
	texts, ok := readText(dataType, buffers, length)
	for row, text := range texts {
		values[row] = unsafe.Slice(unsafe.StringData(text), len(text))
	}
	return values, ok
}

func last(buffers [][]byte) []byte {
	return buffers[len(buffers)-1]
}

// offsetsOf are the offsets of text or bytes, in the width of their type; neither where there are no rows.
func offsetsOf(dataType DataType, buffers [][]byte, length int) (narrow []int32, wide []int64, ok bool) {
	if length == 0 {
		return nil, nil, true
	}
	if len(buffers) != 2 {
		return nil, nil, false
	}
	if dataType == TypeLargeUtf8 || dataType == TypeLargeBinary {
		wide, ok = view[int64](buffers[0], length+1)
	} else {
		narrow, ok = view[int32](buffers[0], length+1)
	}
	return narrow, wide, ok
}

func readNarrow(bits int, bytes []byte, length int) ([]Decimal, bool) {
	values := make([]Decimal, length)
	if bits == 32 {
		narrow, ok := view[int32](bytes, length)
		for row, value := range narrow {
			values[row] = DecimalOf(int64(value))
		}
		return values, ok
	}
	narrow, ok := view[int64](bytes, length)
	for row, value := range narrow {
		values[row] = DecimalOf(value)
	}
	return values, ok
}

// mismatch is the error of an accessor that doesn't fit the column.
func mismatch(field Field, wanted string) error {
	found := field.Type.String()
	if field.Type.Dictionary {
		found = "dictionary of " + field.ValueType().String()
	}
	return BadConfig("column `" + field.Name + "` is " + found + ", not " + wanted + "; read it with " + field.accessor())
}
