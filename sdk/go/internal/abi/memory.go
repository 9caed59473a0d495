//go:build wasip1

// Package abi is what the generated bindings run on: memory that crosses the boundary, and WIT's own types.
//
// It stands in for the generator's runtime module. Go's objects on the heap don't move, so pinning one is keeping a
// pointer to it; nothing here needs fmt; and clocks stand still while the host may call cabi_realloc.
package abi

import (
	"strings"
	"unsafe"
)

// Pinner keeps objects alive whose addresses the host was given.
type Pinner struct {
	first [8]unsafe.Pointer
	count int
	more  []unsafe.Pointer
}

// Pin keeps an object alive until Unpin.
func (p *Pinner) Pin(object unsafe.Pointer) {
	if p.count < len(p.first) {
		p.first[p.count] = object
		p.count++
		return
	}
	p.more = append(p.more, object)
}

// Unpin lets go of the objects, and of what the host has allocated: by now it has been made into Go's own values.
func (p *Pinner) Unpin() {
	clear(p.first[:p.count])
	p.count = 0
	p.more = nil
	Unpin()
}

// Allocate is memory that the pinner keeps alive.
func Allocate(pinner *Pinner, size, _ uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	memory := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(memory)
	return memory
}

// allocated is what the host has allocated in the guest during this call.
var allocated []unsafe.Pointer

// Unpin lets go of what the host has allocated.
func Unpin() {
	clear(allocated)
	allocated = allocated[:0]
}

// reallocate is called by the host for each list and string that it is about to write. Multiples of eight bytes are
// aligned to eight, so that buffers can be read as numbers of any width.
//
//go:wasmexport cabi_realloc
func reallocate(_ unsafe.Pointer, _, _, size uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	// The host overwrites all of it: a builder's memory isn't cleared first.
	var memory strings.Builder
	memory.Grow(max(int(size+7)&^7, 16))
	memory.WriteByte(0)
	address := unsafe.Pointer(unsafe.StringData(memory.String()))
	allocated = append(allocated, address)
	return address
}
