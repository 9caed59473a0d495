package tenon

// Array is a column of values. What was read can't be changed: other batches may have the same bytes.
type Array[T Value] struct {
	field  Field
	values []T
	nulls
}

// nulls are the rows of a column that are null.
type nulls struct {
	// validity has a bit per row, 1 where there is a value; nil where no row is null.
	validity []byte
	count    int
}

func (n nulls) has(row int) bool {
	return n.count != 0 && n.validity[row>>3]>>(row&7)&1 == 0
}

// present is the validity as it crosses.
func (n nulls) present() []byte {
	if n.count == 0 {
		return nil
	}
	return n.validity
}

// NewArray is a column of these values, none of them null. It keeps the slice.
func NewArray[T Value](values []T) *Array[T] {
	return &Array[T]{field: NewField("", typeOf[T]()), values: values}
}

// Len is the number of rows.
func (a *Array[T]) Len() int {
	return len(a.values)
}

// Nulls is the number of rows that are null.
func (a *Array[T]) Nulls() int {
	return a.nulls.count
}

// IsNull is whether a row is null.
func (a *Array[T]) IsNull(row int) bool {
	return a.nulls.has(row)
}

// Get is the value of a row, false where it is null.
func (a *Array[T]) Get(row int) (T, bool) {
	if a.IsNull(row) {
		var none T
		return none, false
	}
	return a.values[row], true
}

// Values are all values. Those of rows that are null mean nothing.
func (a *Array[T]) Values() []T {
	return a.values
}

// All goes over rows and values: `for row, value := range column.All()`. It passes over nulls.
func (a *Array[T]) All() func(yield func(int, T) bool) {
	return func(yield func(int, T) bool) {
		for row, value := range a.values {
			if !a.IsNull(row) && !yield(row, value) {
				return
			}
		}
	}
}

// Field is the column's field: of one that was read, as it was read.
func (a *Array[T]) Field() Field {
	return a.field
}

// Type is the column's type.
func (a *Array[T]) Type() DataType {
	return a.field.Type
}

// As is the same values as a column of another type that holds such values: text in another layout, a timestamp with a
// zone, a decimal with a scale. The values aren't converted.
func (a *Array[T]) As(dataType DataType) (*Array[T], error) {
	return a.Like(NewField(a.field.Name, dataType))
}

// Like is the same values as a column with this field's type, nullability and metadata: for a column that stands in for
// another. The values aren't converted.
func (a *Array[T]) Like(field Field) (*Array[T], error) {
	if !holds(field, typeOf[T]()) {
		return nil, BadConfig("a column of " + field.Type.String() + " doesn't hold " + typeOf[T]().String() + " values")
	}
	like := *a
	like.field = field
	return &like, nil
}

// Map makes a column of another, value by value; nulls stay.
func Map[T, U Value](column *Array[T], convert func(T) U) *Array[U] {
	values := make([]U, len(column.values))
	if column.count == 0 {
		for row, value := range column.values {
			values[row] = convert(value)
		}
	} else {
		for row, value := range column.values {
			if !column.has(row) {
				values[row] = convert(value)
			}
		}
	}
	return &Array[U]{NewField("", typeOf[U]()), values, column.nulls}
}

// Builder makes a column row by row. It is a column itself.
type Builder[T Value] struct {
	array Array[T]
}

// NewBuilder is a builder with room for so many rows.
func NewBuilder[T Value](rows int) *Builder[T] {
	return &Builder[T]{Array[T]{field: NewField("", typeOf[T]()), values: make([]T, 0, rows)}}
}

// Append adds a row.
func (b *Builder[T]) Append(value T) {
	row := len(b.array.values)
	b.array.values = append(b.array.values, value)
	if b.array.validity != nil {
		b.mark(row, true)
	}
}

// AppendNull adds a row that is null.
func (b *Builder[T]) AppendNull() {
	row := len(b.array.values)
	var none T
	b.array.values = append(b.array.values, none)
	b.array.count++
	if b.array.validity == nil {
		b.array.validity = make([]byte, row>>3+1, cap(b.array.values)>>3+1)
		for i := range b.array.validity {
			b.array.validity[i] = 0xff
		}
	}
	b.mark(row, false)
}

// AppendOption adds a row: null unless ok.
func (b *Builder[T]) AppendOption(value T, ok bool) {
	if ok {
		b.Append(value)
	} else {
		b.AppendNull()
	}
}

// Len is the number of rows so far.
func (b *Builder[T]) Len() int {
	return len(b.array.values)
}

// Array is what was built. The builder starts anew.
func (b *Builder[T]) Array() *Array[T] {
	built := b.array
	b.array = Array[T]{field: built.field}
	return &built
}

func (b *Builder[T]) mark(row int, valid bool) {
	if row>>3 == len(b.array.validity) {
		b.array.validity = append(b.array.validity, 0)
	}
	if valid {
		b.array.validity[row>>3] |= 1 << (row & 7)
	} else {
		b.array.validity[row>>3] &^= 1 << (row & 7)
	}
}
