package tenon_test

import (
	"slices"
	"testing"

	"tenon"
	"tenon/tenontest"
)

// thereAndBack sends a column to the host and reads it back.
func thereAndBack(t *testing.T, column tenon.Data) tenon.RawColumn {
	t.Helper()
	raw, err := tenontest.Batch(t, tenon.Named("x", column)).Raw("x")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestListsOfEveryLayout(t *testing.T) {
	made := must[*tenon.Lists](t)(tenon.NewLists([]int{2, 2, 2}, tenontest.Column[string]("a", nil, "c", "d", "e", "f")))
	made = must[*tenon.Lists](t)(made.WithNulls([]bool{true, false, true}))
	item := tenon.NewField("one", tenon.TypeUtf8)
	for _, format := range []string{"+l", "+L", "+vl", "+w:2"} {
		field := tenon.Field{Type: tenon.DataType{Format: format}, Nullable: true, Children: []tenon.Field{item}}
		raw := thereAndBack(t, must[*tenon.Lists](t)(made.Like(field)))
		if raw.Field.Type.Format != format || raw.Field.Children[0].Name != "one" {
			t.Errorf("%v came back as %v", field, raw.Field)
		}
		read := must[*tenon.Lists](t)(raw.Lists())
		items := must[*tenon.Array[string]](t)(tenon.Typed[string](read.Items))
		from, to, ok := read.Get(2)
		if !ok || !slices.Equal(items.Values()[from:to], []string{"e", "f"}) {
			t.Errorf("row 2 of %s is %d to %d, %v", format, from, to, ok)
		}
		if _, _, ok := read.Get(1); ok || !read.IsNull(1) || read.Nulls() != 1 || read.Len() != 3 {
			t.Errorf("row 1 of %s is no null", format)
		}
	}
	empty := thereAndBack(t, must[*tenon.Lists](t)(tenon.NewLists(nil, tenon.NewArray([]int64{}))))
	if read := must[*tenon.Lists](t)(empty.Lists()); read.Len() != 0 || read.Items.Len() != 0 {
		t.Error(read)
	}
}

func TestStructsHaveMembers(t *testing.T) {
	tags := must[*tenon.Lists](t)(tenon.NewLists([]int{1, 0}, tenon.NewArray([]string{"x"})))
	made := must[*tenon.Structs](t)(tenon.NewStructs(
		tenon.Named("age", tenon.NewArray([]int64{36, 41})), tenon.Named("tags", tags)))
	made = must[*tenon.Structs](t)(made.WithNulls([]bool{true, false}))
	read := must[*tenon.Structs](t)(thereAndBack(t, made).Structs())
	ages := must[*tenon.Array[int64]](t)(tenon.Typed[int64](must[tenon.RawColumn](t)(read.Member("age"))))
	inner := must[*tenon.Lists](t)(must[tenon.RawColumn](t)(read.Member("tags")).Lists())
	if _, to, _ := inner.Get(0); !slices.Equal(ages.Values(), []int64{36, 41}) || to != 1 {
		t.Error(ages.Values(), to)
	}
	if read.Len() != 2 || read.Nulls() != 1 || !read.IsNull(1) {
		t.Error(read)
	}
	_, err := read.Member("size")
	if err == nil || err.Error() != "column `x` has no member `size`; the members are age, tags" {
		t.Error(err)
	}
}

func TestMapsHaveKeysAndValues(t *testing.T) {
	made := must[*tenon.Maps](t)(tenon.NewMaps(
		[]int{2, 0, 1}, tenon.NewArray([]string{"x", "y", "x"}), tenontest.Column[int64](1, nil, 3)))
	made = must[*tenon.Maps](t)(made.WithNulls([]bool{true, false, true}))
	read := must[*tenon.Maps](t)(thereAndBack(t, made).Maps())
	keys := must[*tenon.Array[string]](t)(tenon.Typed[string](read.Keys))
	values := must[*tenon.Array[int64]](t)(tenon.Typed[int64](read.Values))
	from, to, ok := read.Get(2)
	if !ok || to-from != 1 || keys.Values()[from] != "x" || values.Values()[from] != 3 || !values.IsNull(1) || !read.IsNull(1) {
		t.Error(from, to, ok, keys.Values(), values.Values())
	}
}

func TestWhatMakesNoNestedColumnIsRefused(t *testing.T) {
	names := tenon.NewArray([]string{"a"})
	_, err := tenon.NewLists([]int{1, 1}, names)
	if err == nil || err.Error() != "the rows' lengths say 2 items, but there are 1" {
		t.Error(err)
	}
	if _, err = tenon.NewLists([]int{2, -1}, names); tenon.KindOf(err) != tenon.KindBadData {
		t.Error(err)
	}
	made := must[*tenon.Lists](t)(tenon.NewLists([]int{1}, names))
	_, err = made.WithNulls(nil)
	if err == nil || err.Error() != "which rows are null was said of 0 rows, but the column has 1" {
		t.Error(err)
	}
	pairs := tenon.Field{Type: tenon.DataType{Format: "+w:2"}, Children: []tenon.Field{tenon.NewField("item", tenon.TypeUtf8)}}
	if _, err = made.Like(pairs); err == nil || err.Error() != "row 0 has 1 items, not 2" {
		t.Error(err)
	}
	numbers := tenon.Field{Type: tenon.DataType{Format: "+l"}, Children: []tenon.Field{tenon.NewField("item", tenon.TypeInt64)}}
	_, err = made.Like(numbers)
	if err == nil || err.Error() != "a column of utf8 can't take the place of `item`, which is int64" {
		t.Error(err)
	}
	batch := tenontest.Batch(t, tenon.Named("tags", made))
	_, err = tenon.Column[string](batch, "tags")
	if err == nil || err.Error() != "column `tags` is list, not string; read it with Raw and its method Lists" {
		t.Error(err)
	}
	if _, err = must[tenon.RawColumn](t)(batch.Raw("tags")).Structs(); tenon.KindOf(err) != tenon.KindBadConfig {
		t.Error(err)
	}
	if _, err = tenon.NewMaps([]int{1}, names, tenon.NewArray([]int64{})); tenon.KindOf(err) != tenon.KindBadData {
		t.Error(err)
	}
	uneven := []tenon.NamedColumn{tenon.Named("a", names), tenon.Named("b", tenon.NewArray([]int64{1, 2}))}
	if _, err = tenon.NewStructs(uneven...); tenon.KindOf(err) != tenon.KindBadData {
		t.Error(err)
	}
}

func TestDecimalsOf256Bits(t *testing.T) {
	far := tenon.Decimal256{Words: [4]uint64{0, 0, 1, 0}}
	column := tenontest.Column[tenon.Decimal256](tenon.DecimalOf(-7).Wide(), nil, far)
	typed := must[*tenon.Array[tenon.Decimal256]](t)(column.As(tenon.TypeDecimal256(76, 2)))
	raw := thereAndBack(t, typed)
	read := must[*tenon.Array[tenon.Decimal256]](t)(tenon.Typed[tenon.Decimal256](raw))
	if raw.Field.Type.String() != "decimal256(76, 2)" || !read.IsNull(1) || read.Values()[2] != far {
		t.Error(raw.Field, read.Values())
	}
	if narrow, ok := read.Values()[0].Narrow(); !ok || narrow != tenon.DecimalOf(-7) {
		t.Error(narrow, ok)
	}
	if _, ok := far.Narrow(); ok {
		t.Error("256 bits fit into 128")
	}
	if _, err := tenon.Typed[tenon.Decimal](raw); err == nil ||
		err.Error() != "column `x` is decimal256(76, 2), not Decimal; read it with tenon.Column[tenon.Decimal256]" {
		t.Error(err)
	}
}
