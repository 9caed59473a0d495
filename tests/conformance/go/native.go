package main

import "tenon"

type expressions struct {
	Expressions []string `doc:"SQL expressions, a column each."`
}

func kernel(batch tenon.Batch, config expressions) (tenon.Batch, error) {
	return batch.Project(config.Expressions...)
}

type predicate struct {
	Predicate string `doc:"A SQL expression."`
}

func filter(batch tenon.Batch, config predicate) (tenon.Batch, error) {
	return batch.Filter(config.Predicate)
}

type extent struct {
	Offset int
	Length int
}

func slice(batch tenon.Batch, config extent) (tenon.Batch, error) {
	if batch.Rows() == 0 {
		return batch, nil
	}
	return batch.Slice(config.Offset, config.Length)
}

type rows struct {
	Rows []uint32
}

func take(batch tenon.Batch, config rows) (tenon.Batch, error) {
	if batch.Rows() == 0 {
		return batch, nil
	}
	return batch.Take(config.Rows)
}

type columns struct {
	Columns []string
}

func selectColumns(batch tenon.Batch, config columns) (tenon.Batch, error) {
	return batch.Select(config.Columns...)
}

func concat(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	return tenon.Concat(batch, batch)
}
