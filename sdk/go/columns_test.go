package tenon_test

import (
	"slices"
	"testing"
	"time"

	"tenon"
	"tenon/tenontest"
	"tenon/times"
)

// through writes values as a column, reads them back from a batch, and compares.
func through[T tenon.Value](t *testing.T, values []T, equal func(a, b T) bool) {
	t.Helper()
	built := tenon.NewBuilder[T](0)
	for row, value := range values {
		built.AppendOption(value, row%3 != 1)
	}
	batch := tenontest.Batch(t, tenon.Named("x", built))
	read, err := tenon.Column[T](batch, "x")
	if err != nil {
		t.Fatal(err)
	}
	for row, value := range values {
		got, ok := read.Get(row)
		if ok != (row%3 != 1) || ok && !equal(got, value) {
			t.Errorf("row %d of %v is %v, %v", row, read.Type(), got, ok)
		}
	}
	if read.Nulls() != (len(values)+1)/3 {
		t.Errorf("%d nulls of %v", read.Nulls(), read.Type())
	}
}

func exact[T comparable](a, b T) bool { return a == b }

func TestColumnsOfEveryTypeComeBack(t *testing.T) {
	through(t, []bool{true, false, false, true, true, false, true, true, false, true}, exact)
	through(t, []int8{1, -2, 3, 4, 5}, exact)
	through(t, []uint16{1, 2, 65535}, exact)
	through(t, []int32{-1, 2, 3}, exact)
	through(t, []int64{-1 << 60, 2, 3, 4}, exact)
	through(t, []uint64{1 << 63, 2, 3}, exact)
	through(t, []float32{0.5, 1, -2}, exact)
	through(t, []float64{0.5, 1, -2}, exact)
	through(t, []string{"", "b", "ccc", "dé"}, exact)
	through(t, [][]byte{{}, {1}, {2, 3}}, func(a, b []byte) bool { return slices.Equal(a, b) })
	through(t, []tenon.Date{1, 2, 3}, exact)
	through(t, []tenon.Timestamp{1, 2, 3}, exact)
	through(t, []tenon.Decimal{tenon.DecimalOf(-5), tenon.DecimalOf(6), {Low: 1, High: 2}}, exact)
	through(t, []tenon.MonthDayNanos{{Months: 1, Days: 2, Nanos: 3}, {}, {Nanos: -1}}, exact)
}

func TestColumnsTakeOtherLayouts(t *testing.T) {
	words := tenontest.Column[string]("a", nil, "b", "a", "")
	dictionary := tenon.Field{
		Type:     tenon.DataType{Format: "c", Dictionary: true},
		Nullable: true,
		Children: []tenon.Field{tenon.NewField("item", tenon.TypeUtf8)},
	}
	for _, field := range []tenon.Field{
		tenon.NewField("", tenon.TypeLargeUtf8), tenon.NewField("", tenon.TypeUtf8View), dictionary,
	} {
		other, err := words.Like(field)
		if err != nil {
			t.Fatal(err)
		}
		batch := tenontest.Batch(t, tenon.Named("x", other))
		read, err := tenon.Column[string](batch, "x")
		if err != nil {
			t.Fatal(err)
		}
		for row := range words.Len() {
			want, valid := words.Get(row)
			if got, ok := read.Get(row); got != want || ok != valid {
				t.Errorf("row %d of %v is %q, %v", row, field.Type, got, ok)
			}
		}
	}
	narrow, _ := tenon.NewArray([]tenon.Decimal{tenon.DecimalOf(1234)}).As(tenon.DataType{Format: "d:9,2,32"})
	batch := tenontest.Batch(t, tenon.Named("price", narrow))
	read, err := tenon.Column[tenon.Decimal](batch, "price")
	if err != nil || read.Values()[0].Text(2) != "12.34" {
		t.Errorf("%v, %v", read, err)
	}
	if _, err := words.As(tenon.TypeInt64); tenon.KindOf(err) != tenon.KindBadConfig {
		t.Errorf("text as numbers: %v", err)
	}
}

func TestErrorsNameTheColumn(t *testing.T) {
	batch := tenontest.Batch(t, tenon.Named("id", tenon.NewArray([]int64{1})))
	_, err := tenon.Column[string](batch, "id")
	if err == nil || err.Error() != "column `id` is int64, not string; read it with tenon.Column[int64]" {
		t.Error(err)
	}
	_, err = tenon.Column[string](batch, "nowhere")
	if err == nil || err.Error() != "there is no column `nowhere`; the columns are id" || tenon.KindOf(err) != tenon.KindBadConfig {
		t.Error(err)
	}
	_, err = batch.With("two", tenon.NewArray([]int64{1, 2}))
	if err == nil || err.Error() != "column `two` has 2 rows, but the batch has 1" {
		t.Error(err)
	}
}

func TestDecimalsAreWritten(t *testing.T) {
	for text, decimal := range map[string]tenon.Decimal{
		"0.05":                   tenon.DecimalOf(5),
		"-0.05":                  tenon.DecimalOf(-5),
		"12.00":                  tenon.DecimalOf(1200),
		"-184467440737095516.16": {Low: 0, High: -1},
		"184467440737095516.17":  {Low: 1, High: 1},
		"0.00":                   {},
		"-92233720368547758.08":  tenon.DecimalOf(-1 << 63),
	} {
		if got := decimal.Text(2); got != text {
			t.Errorf("%v is %s, not %s", decimal, got, text)
		}
	}
	if got := tenon.DecimalOf(7).Text(-2); got != "700" {
		t.Error(got)
	}
	if got := tenon.DecimalOf(12).Text(0); got != "12" {
		t.Error(got)
	}
}

func TestTimesAreConverted(t *testing.T) {
	moment := time.Date(2013, 7, 1, 12, 30, 0, 5_000, time.UTC)
	if got := times.OfTimestamp(times.Timestamp(moment, tenon.Microsecond), tenon.Microsecond); !got.Equal(moment) {
		t.Error(got)
	}
	if got := times.OfDate(times.Date(moment)); !got.Equal(moment.Truncate(24 * time.Hour)) {
		t.Error(got)
	}
	if got := times.OfTimestamp(-1, tenon.Millisecond); got.UnixMilli() != -1 {
		t.Error(got)
	}
}

func TestShapes(t *testing.T) {
	batch := tenontest.Batch(t,
		tenon.Named("id", tenontest.Column[int64](1, 2, 3)),
		tenon.Named("name", tenontest.Column[string]("a", nil, "c")),
	)
	taken, err := batch.Take([]uint32{2, 0, 2})
	if err != nil {
		t.Fatal(err)
	}
	twice, err := tenon.Concat(taken, taken)
	if err != nil {
		t.Fatal(err)
	}
	sliced, err := twice.Slice(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := sliced.Rename("id", "number")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := tenon.Column[int64](renamed, "number")
	if err != nil || !slices.Equal(ids.Values(), []int64{1, 3, 3}) {
		t.Error(ids, err)
	}
	left, err := renamed.Drop("number")
	if err != nil || !slices.Equal(left.Schema().Names(), []string{"name"}) {
		t.Error(left.Schema(), err)
	}
	if _, err := batch.Slice(2, 5); err == nil {
		t.Error("rows past the end")
	}
}

func TestNothingIsReadToo(t *testing.T) {
	nothing := tenontest.Column[tenon.Null](nil, nil, nil)
	batch := tenontest.Batch(t, tenon.Named("x", nothing))
	read, err := tenon.Column[tenon.Null](batch, "x")
	if err != nil || read.Len() != 3 || read.Nulls() != 3 || !read.IsNull(2) {
		t.Error(read, err)
	}
}
