package tenon

import (
	"slices"
	"strconv"

	"tenon/internal/boundary"
)

// Select is the named columns, in that order. Nothing is copied.
func (b Batch) Select(names ...string) (Batch, error) {
	handle, err := b.open()
	if err != nil {
		return Batch{}, err
	}
	schema, err := b.Schema().Select(names...)
	if err != nil {
		return Batch{}, err
	}
	selected, err := handle.Select(names)
	return result(selected, err, schema, schema.flattened())
}

// Drop is all but the named columns. Nothing is copied.
func (b Batch) Drop(names ...string) (Batch, error) {
	if _, err := b.Schema().Select(names...); err != nil {
		return Batch{}, err
	}
	var left []string
	for _, name := range b.Schema().Names() {
		if !slices.Contains(names, name) {
			left = append(left, name)
		}
	}
	return b.Select(left...)
}

// Rename is this batch with one column under another name. Nothing is copied.
func (b Batch) Rename(from, to string) (Batch, error) {
	schema := b.Schema()
	if _, err := schema.Position(from); err != nil {
		return Batch{}, err
	}
	if from != to && schema.Has(to) {
		return Batch{}, BadConfig("can't rename column `" + from + "` to `" + to + "`: there is one of that name")
	}
	expressions := make([]string, len(schema))
	for i, name := range schema.Names() {
		expressions[i] = Quote(name)
		if name == from {
			expressions[i] += " as " + Quote(to)
		}
	}
	return b.Project(expressions...)
}

// Slice is so many rows from offset on. Nothing is copied.
func (b Batch) Slice(offset, length int) (Batch, error) {
	handle, err := b.open()
	if err != nil {
		return Batch{}, err
	}
	if offset < 0 || length < 0 {
		return Batch{}, BadConfig("there is no slice of " + strconv.Itoa(length) + " rows from row " + strconv.Itoa(offset))
	}
	sliced, err := handle.Slice(rowCount(offset), rowCount(length))
	return b.same(sliced, err)
}

// Take is the rows at these positions, in this order; a position may repeat.
func (b Batch) Take(rows []uint32) (Batch, error) {
	handle, err := b.open()
	if err != nil {
		return Batch{}, err
	}
	taken, err := handle.Take(rows)
	return b.same(taken, err)
}

// Share is another batch of the same rows, with a life of its own. Nothing is copied.
func (b Batch) Share() (Batch, error) {
	handle, err := b.open()
	if err != nil {
		return Batch{}, err
	}
	return b.same(handle.Share(), nil)
}

// Concat is the rows of all parts, which must share one schema.
func Concat(parts ...Batch) (Batch, error) {
	handles := make([]*boundary.Batch, len(parts))
	for i, part := range parts {
		handle, err := part.open()
		if err != nil {
			return Batch{}, err
		}
		handles[i] = handle
	}
	concatenated, err := boundary.Concat(handles)
	if err != nil {
		return Batch{}, fromHost(err)
	}
	return parts[0].same(concatenated, nil)
}

// WithoutRejected is the rows that were not rejected since this call of the function began: of a batch that still has
// the rows of the function's input, in their order. [KindBadConfig] for one with another number of rows.
func (b Batch) WithoutRejected() (Batch, error) {
	if _, err := b.open(); err != nil {
		return Batch{}, err
	}
	if given := rejected.given(); given != unknown && given != b.Rows() {
		return Batch{}, BadConfig("this batch has " + strconv.Itoa(b.Rows()) + " rows, but the function was given " +
			strconv.Itoa(given) + ", and rows are rejected by their positions in those: call WithoutRejected before Filter " +
			"and whatever else leaves rows out, moves or adds them")
	}
	if len(rejected.rows) == 0 {
		return b, nil
	}
	return b.Take(rejected.others(b.Rows()))
}

// same is a batch of the same columns.
func (b Batch) same(handle *boundary.Batch, err error) (Batch, error) {
	schema, flat := b.schemas()
	return result(handle, err, schema, flat)
}

// rowCount is a number as it crosses; what is too large for that is too large for any batch.
func rowCount(rows int) uint32 {
	return uint32(min(rows, 1<<32-1))
}
