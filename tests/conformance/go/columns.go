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
		through[tenon.Timestamp], through[tenon.Duration], through[tenon.Decimal],
		through[tenon.Months], through[tenon.DayMillis], through[tenon.MonthDayNanos], through[tenon.Null],
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
		if tenon.KindOf(err) == tenon.KindBadConfig {
			return nil, nil
		}
		return nil, err
	}
	built := tenon.NewBuilder[T](values.Len())
	for row := range values.Len() {
		built.AppendOption(values.Get(row))
	}
	return built.Array().Like(column.Field)
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
