package main

import (
	"strconv"
	"strings"

	"tenon"
	"tenon/times"
)

type rejection struct {
	Column string `doc:"A boolean column."`
	Reason string
}

func reject(batch tenon.Batch, config rejection) (tenon.Batch, error) {
	flags, err := tenon.Column[bool](batch, config.Column)
	if err != nil {
		return batch, err
	}
	for row := range flags.Len() {
		if flag, ok := flags.Get(row); !ok || !flag {
			tenon.Reject(row, config.Reason)
		}
	}
	return batch.WithoutRejected()
}

// rejectLate filters before it leaves out what it rejected.
func rejectLate(batch tenon.Batch, config predicate) (tenon.Batch, error) {
	tenon.Reject(0, "it is the first")
	filtered, err := batch.Filter(config.Predicate)
	if err != nil {
		return batch, err
	}
	return filtered.WithoutRejected()
}

type shown struct {
	Text   string
	Number int64
	Ratio  float64
	Flag   bool     `default:"true"`
	Names  []string `default:"[]"`
}

func showConfig(batch tenon.Batch, config shown) (tenon.Batch, error) {
	names := make([]string, len(config.Names))
	for i, name := range config.Names {
		names[i] = strconv.Quote(name)
	}
	text := `{"text":` + strconv.Quote(config.Text) +
		`,"number":` + strconv.FormatInt(config.Number, 10) +
		`,"ratio":` + strconv.FormatFloat(config.Ratio, 'g', -1, 64) +
		`,"flag":` + strconv.FormatBool(config.Flag) +
		`,"names":[` + strings.Join(names, ",") + `]}`
	return batch.With("config", repeated(text, batch.Rows()))
}

// repeated is a column with the same value in each row.
func repeated[T tenon.Value](value T, rows int) *tenon.Array[T] {
	values := make([]T, rows)
	for row := range values {
		values[row] = value
	}
	return tenon.NewArray(values)
}

type services struct {
	Parameter string
	Secret    string
}

func useHost(batch tenon.Batch, config services) (tenon.Batch, error) {
	rows := batch.Rows()
	if rows > 0 {
		for level, name := range []string{"trace", "debug", "info", "warn", "error"} {
			tenon.Log(tenon.Level(level), "a line of "+name)
		}
		tenon.Count("conformance.rows", float64(rows))
	}
	value, ok := tenon.Parameter(config.Parameter)
	parameter := tenon.NewBuilder[string](rows)
	for range rows {
		parameter.AppendOption(value, ok)
	}
	secret, err := tenon.Secret(config.Secret)
	if err != nil {
		secret = tenon.KindOf(err).String()
	}
	random := 0
	if rows > 0 {
		bytes, err := tenon.Random(16)
		if err != nil {
			return batch, err
		}
		random = len(bytes)
	}
	return batch.WithColumns(
		tenon.Named("parameter", parameter),
		tenon.Named("secret", repeated(secret, rows)),
		tenon.Named("year", repeated(int64(times.Now().Year()), rows)),
		tenon.Named("random", repeated(int64(random), rows)),
	)
}
