package tenon

import "tenon/internal/wire"

// mostRows is more than a batch can have. What lies beyond is no row, and the host says so.
const mostRows = 1 << 24

// rejections are the rows refused in this call, in the order in which they were refused.
type rejections struct {
	// input is the batch that the call was given; zero where it was given none.
	input Batch
	rows  []wire.Rejection
	// seen has a bit per row, up to the last that was refused.
	seen []byte
}

var rejected rejections

// Reject refuses a row of the batch that the function was given: it goes to the job's reject sink with this reason, for
// people to read. The function leaves the row out of its output by itself, for example with [Batch.WithoutRejected]. A
// row is refused once; the first reason stays.
func Reject(row int, reason string) {
	if row < 0 || row >= mostRows {
		rejected.rows = append(rejected.rows, wire.Rejection{Row: 1<<32 - 1, Reason: reason})
		return
	}
	if missing := row>>3 + 1 - len(rejected.seen); missing > 0 {
		rejected.seen = append(rejected.seen, make([]byte, missing)...)
	}
	if rejected.has(row) {
		return
	}
	rejected.seen[row>>3] |= 1 << (row & 7)
	rejected.rows = append(rejected.rows, wire.Rejection{Row: uint32(row), Reason: reason})
}

func (r *rejections) has(row int) bool {
	return row>>3 < len(r.seen) && r.seen[row>>3]>>(row&7)&1 == 1
}

// given is how many rows the call was given; unknown where it was given none.
func (r *rejections) given() int {
	if r.input.IsZero() {
		return unknown
	}
	if r.input.inner.handle == nil {
		return r.input.inner.rows
	}
	return r.input.Rows()
}

// others are the rows below a number that were not refused.
func (r *rejections) others(rows int) []uint32 {
	others := make([]uint32, 0, rows)
	for row := range rows {
		if !r.has(row) {
			others = append(others, uint32(row))
		}
	}
	return others
}
