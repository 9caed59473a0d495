//go:build !wasip1

package boundary

import (
	"encoding/binary"

	"tenon/internal/wire"
)

// pick is a row of one of several arrays.
type pick struct {
	part, row int
}

// gather is a new array of picked rows. Slices, takes and concatenations are all this.
func gather(parts []*array, picks []pick) (*array, error) {
	first := parts[0]
	layout := first.layout()
	if layout.kind == unknownLayout {
		return nil, fail(wire.Unsupported, "outside a sandbox, rows of type `"+first.format+"` can't be picked")
	}
	gathered := &array{format: first.format, dictionary: first.dictionary, node: wire.Node{Length: uint32(len(picks))}}
	gathered.buffers = make([][]byte, layout.buffers())
	gathered.pickValidity(parts, picks)
	if layout.kind == noBuffers {
		gathered.node.Nulls = uint32(len(picks))
		return gathered, nil
	}
	var err error
	switch layout.kind {
	case bits:
		gathered.pickBits(parts, picks)
	case fixedWidth:
		gathered.pickFixed(parts, picks, layout.width)
		if first.dictionary {
			err = gathered.pickDictionary(parts, picks, layout.width)
		}
	case ranges:
		gathered.pickRanges(parts, picks, layout.width)
	case lists:
		err = gathered.pickLists(parts, picks, layout.width)
	case fixedLists:
		var inner []pick
		for _, pick := range picks {
			for item := range layout.width {
				inner = append(inner, pick.at(pick.row*layout.width+item))
			}
		}
		err = gathered.pickChild(parts, 0, inner)
	case structs:
		for child := range first.children {
			if err == nil {
				err = gathered.pickChild(parts, child, picks)
			}
		}
	}
	return gathered, err
}

func (p pick) at(row int) pick {
	return pick{p.part, row}
}

func (a *array) pickChild(parts []*array, child int, picks []pick) error {
	children := make([]*array, len(parts))
	for i, part := range parts {
		children[i] = part.children[child]
	}
	gathered, err := gather(children, picks)
	a.children = append(a.children, gathered)
	return err
}

func (a *array) pickValidity(parts []*array, picks []pick) {
	validity := make([]byte, (len(picks)+7)/8)
	for row, pick := range picks {
		if parts[pick.part].isNull(pick.row) {
			a.node.Nulls++
		} else {
			validity[row>>3] |= 1 << (row & 7)
		}
	}
	if a.node.Nulls > 0 && len(a.buffers) > 0 {
		a.buffers[0] = validity
	}
}

func (a *array) pickBits(parts []*array, picks []pick) {
	a.buffers[1] = make([]byte, (len(picks)+7)/8)
	for row, pick := range picks {
		bit := parts[pick.part].buffers[1][pick.row>>3] >> (pick.row & 7) & 1
		a.buffers[1][row>>3] |= bit << (row & 7)
	}
}

func (a *array) pickFixed(parts []*array, picks []pick, width int) {
	a.buffers[1] = make([]byte, 0, len(picks)*width)
	for _, pick := range picks {
		a.buffers[1] = append(a.buffers[1], parts[pick.part].buffers[1][pick.row*width:(pick.row+1)*width]...)
	}
}

// pickDictionary puts the parts' dictionaries behind each other, and moves the indices.
func (a *array) pickDictionary(parts []*array, picks []pick, width int) error {
	var values []pick
	starts := make([]int, len(parts))
	for i, part := range parts {
		starts[i] = len(values)
		for row := range part.children[0].node.Length {
			values = append(values, pick{i, int(row)})
		}
	}
	for row, pick := range picks {
		var wide [8]byte
		index := a.buffers[1][row*width : (row+1)*width]
		copy(wide[:], index)
		binary.LittleEndian.PutUint64(wide[:], binary.LittleEndian.Uint64(wide[:])+uint64(starts[pick.part]))
		copy(index, wide[:])
	}
	return a.pickChild(parts, 0, values)
}

func (a *array) pickRanges(parts []*array, picks []pick, width int) {
	offsets := newOffsets(width, len(picks))
	data := []byte{}
	for _, pick := range picks {
		part := parts[pick.part]
		if !part.isNull(pick.row) {
			from, to := part.extent(pick.row, width)
			data = append(data, part.buffers[2][from:to]...)
		}
		offsets.add(len(data))
	}
	a.buffers[1], a.buffers[2] = offsets.bytes, data
}

func (a *array) pickLists(parts []*array, picks []pick, width int) error {
	offsets := newOffsets(width, len(picks))
	var items []pick
	for _, pick := range picks {
		part := parts[pick.part]
		if !part.isNull(pick.row) {
			for from, to := part.extent(pick.row, width); from < to; from++ {
				items = append(items, pick.at(from))
			}
		}
		offsets.add(len(items))
	}
	a.buffers[1] = offsets.bytes
	return a.pickChild(parts, 0, items)
}

// offsets are written one after the other.
type offsets struct {
	width int
	bytes []byte
}

func newOffsets(width, rows int) *offsets {
	o := &offsets{width, make([]byte, 0, (rows+1)*width)}
	o.add(0)
	return o
}

func (o *offsets) add(offset int) {
	if o.width == 8 {
		o.bytes = binary.LittleEndian.AppendUint64(o.bytes, uint64(offset))
	} else {
		o.bytes = binary.LittleEndian.AppendUint32(o.bytes, uint32(offset))
	}
}

// TextColumn is a column of texts.
func TextColumn(texts []string) wire.Column {
	offsets := newOffsets(4, len(texts))
	data := []byte{}
	for _, text := range texts {
		data = append(data, text...)
		offsets.add(len(data))
	}
	return wire.Column{
		Nodes:   []wire.Node{{Length: uint32(len(texts))}},
		Buffers: [][]byte{nil, offsets.bytes, data},
	}
}
