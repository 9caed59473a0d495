package main

import (
	"strconv"

	"tenon"
)

// runs counts itself up once per sandbox.
type runs struct {
	number int64
}

func countRuns(_ tenon.NoConfig, _ tenon.Schema) (tenon.Processor, error) {
	return &runs{}, nil
}

func (r *runs) OutputSchema(input tenon.Schema) (tenon.Schema, error) {
	return input.With(tenon.NewField("runs", tenon.TypeInt64)), nil
}

func (r *runs) Process(batch tenon.Batch) ([]tenon.Batch, error) {
	if r.number == 0 {
		if err := r.count(); err != nil {
			return nil, err
		}
	}
	output, err := batch.With("runs", repeated(r.number, batch.Rows()))
	return []tenon.Batch{output}, err
}

func (r *runs) count() error {
	text, found, err := tenon.StateGet("runs")
	if err != nil {
		return err
	}
	if found {
		if r.number, err = strconv.ParseInt(string(text), 10, 64); err != nil {
			return err
		}
	}
	r.number++
	return tenon.StatePut("runs", []byte(strconv.FormatInt(r.number, 10)))
}

func (r *runs) Finish() ([]tenon.Batch, error) {
	return nil, nil
}

// liar announces its input's schema.
type liar struct{}

func lie(_ tenon.NoConfig, _ tenon.Schema) (tenon.Processor, error) {
	return liar{}, nil
}

func (liar) Process(batch tenon.Batch) ([]tenon.Batch, error) {
	output, err := batch.With("surprise", repeated(int64(1), batch.Rows()))
	return []tenon.Batch{output}, err
}

func (liar) Finish() ([]tenon.Batch, error) {
	return nil, nil
}

// counter takes batches and answers at the end.
type counter struct {
	rows int64
}

func countRows(_ tenon.NoConfig, _ tenon.Schema) (tenon.Processor, error) {
	return &counter{}, nil
}

func (c *counter) OutputSchema(tenon.Schema) (tenon.Schema, error) {
	return tenon.Schema{tenon.NewField("rows", tenon.TypeInt64)}, nil
}

func (c *counter) Process(batch tenon.Batch) ([]tenon.Batch, error) {
	c.rows += int64(batch.Rows())
	return nil, nil
}

func (c *counter) Finish() ([]tenon.Batch, error) {
	output, err := tenon.NewBatch(tenon.Named("rows", tenon.NewArray([]int64{c.rows})))
	return []tenon.Batch{output}, err
}
