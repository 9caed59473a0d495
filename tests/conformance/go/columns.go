package main

import "tenon"

func pass(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	return batch, nil
}

func raw(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	columns, err := batch.RawColumns()
	if err != nil {
		return batch, err
	}
	return tenon.Build(batch.Schema(), batch.Rows(), columns)
}

func rebuild(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	columns, err := batch.RawColumns()
	if err != nil {
		return batch, err
	}
	rebuilt := make([]tenon.NamedColumn, len(columns))
	for i, column := range columns {
		data, err := rebuiltColumn(column)
		if err != nil {
			return batch, err
		}
		rebuilt[i] = tenon.Named(column.Field.Name, data)
	}
	if len(rebuilt) == 0 {
		return batch, nil
	}
	return tenon.NewBatch(rebuilt...)
}

// rebuiltColumn picks the Go type that the column's type is read as.
func rebuiltColumn(column tenon.RawColumn) (tenon.Data, error) {
	for _, rebuild := range []func(tenon.RawColumn) (tenon.Data, error){
		through[bool], through[int8], through[int16], through[int32], through[int64],
		through[uint8], through[uint16], through[uint32], through[uint64],
		through[float32], through[float64], through[tenon.Float16], through[string], through[[]byte],
		through[tenon.Date], through[tenon.DateMillis], through[tenon.Time32], through[tenon.Time64],
		through[tenon.Timestamp], through[tenon.Duration], through[tenon.Decimal], through[tenon.Decimal256],
		through[tenon.Months], through[tenon.DayMillis], through[tenon.MonthDayNanos], through[tenon.Null],
		throughLists, throughMaps, throughStructs,
	} {
		if data, err := rebuild(column); data != nil || err != nil {
			return data, err
		}
	}
	return nil, tenon.Unsupported("column `" + column.Field.Name + "` has the format " + column.Field.Type.Format +
		", for which there is no Go type")
}

// through takes the values out one by one and puts them in a column of the same field; nil where they are of another type.
func through[T tenon.Value](column tenon.RawColumn) (tenon.Data, error) {
	values, err := tenon.Typed[T](column)
	if err != nil {
		return otherType(err)
	}
	built := tenon.NewBuilder[T](values.Len())
	for row := range values.Len() {
		built.AppendOption(values.Get(row))
	}
	return built.Array().Like(column.Field)
}

func throughLists(column tenon.RawColumn) (tenon.Data, error) {
	read, err := column.Lists()
	if err != nil {
		return otherType(err)
	}
	items, err := rebuiltColumn(read.Items)
	if err != nil {
		return nil, err
	}
	made, err := tenon.NewLists(lengthsOf(&read.Ranges), items)
	if err != nil {
		return nil, err
	}
	if made, err = made.WithNulls(validOf(read)); err != nil {
		return nil, err
	}
	return made.Like(column.Field)
}

func throughMaps(column tenon.RawColumn) (tenon.Data, error) {
	read, err := column.Maps()
	if err != nil {
		return otherType(err)
	}
	keys, err := rebuiltColumn(read.Keys)
	if err != nil {
		return nil, err
	}
	values, err := rebuiltColumn(read.Values)
	if err != nil {
		return nil, err
	}
	made, err := tenon.NewMaps(lengthsOf(&read.Ranges), keys, values)
	if err != nil {
		return nil, err
	}
	if made, err = made.WithNulls(validOf(read)); err != nil {
		return nil, err
	}
	return made.Like(column.Field)
}

func throughStructs(column tenon.RawColumn) (tenon.Data, error) {
	read, err := column.Structs()
	if err != nil {
		return otherType(err)
	}
	var members []tenon.NamedColumn
	for _, member := range read.Members {
		rebuilt, err := rebuiltColumn(member)
		if err != nil {
			return nil, err
		}
		members = append(members, tenon.Named(member.Field.Name, rebuilt))
	}
	made, err := tenon.NewStructs(members...)
	if err != nil {
		return nil, err
	}
	if made, err = made.WithNulls(validOf(read)); err != nil {
		return nil, err
	}
	return made.Like(column.Field)
}

// otherType is no column and no error where the error says that it is of another type.
func otherType(err error) (tenon.Data, error) {
	if tenon.KindOf(err) == tenon.KindBadConfig {
		return nil, nil
	}
	return nil, err
}

func lengthsOf(rows *tenon.Ranges) []int {
	lengths := make([]int, rows.Len())
	for row := range lengths {
		from, to := rows.Span(row)
		lengths[row] = to - from
	}
	return lengths
}

func validOf(column interface {
	Len() int
	IsNull(row int) bool
}) []bool {
	valid := make([]bool, column.Len())
	for row := range valid {
		valid[row] = !column.IsNull(row)
	}
	return valid
}

func double(batch tenon.Batch, config one) (tenon.Batch, error) {
	numbers, err := tenon.Column[int64](batch, config.Column)
	if err != nil {
		return batch, err
	}
	return batch.With(config.Column, tenon.Map(numbers, func(number int64) int64 { return 2 * number }))
}

func missing(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	_, err := tenon.Column[string](batch, "nowhere")
	return batch, err
}

func greet(batch tenon.Batch, _ tenon.NoConfig) (*tenon.Array[string], error) {
	names, err := tenon.Column[string](batch, batch.Schema()[0].Name)
	if err != nil {
		return nil, err
	}
	return tenon.Map(names, func(name string) string { return "Hello, " + name }), nil
}
