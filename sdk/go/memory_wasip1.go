package tenon

import _ "unsafe" // for linkname

const (
	// growth is by how many percent the heap may grow before Go collects. Batches are megabytes that live for one call:
	// with Go's own 100 it would collect several times in each; with much more, memory that was never touched before
	// costs more than collecting.
	growth = 300
	// softMemory is from where it collects more often: below what sandboxes may have, which is 256 MiB unless the job
	// says otherwise.
	softMemory = 192 << 20
)

// tuneMemory sets the garbage collector up. It takes some microseconds, so sandboxes that wait don't have it.
func tuneMemory() {
	setGCPercent(growth)
	setMemoryLimit(softMemory)
}

// These two are behind debug.SetGCPercent and debug.SetMemoryLimit. The package runtime/debug itself prints stacks, and
// so brings files and formats along.

//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(percent int32) int32

//go:linkname setMemoryLimit runtime/debug.setMemoryLimit
func setMemoryLimit(bytes int64) int64
