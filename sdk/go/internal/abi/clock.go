//go:build wasip1

package abi

import "runtime"

// setClocksStopped is the adapter's: while clocks are stopped it calls no imports. The host calls cabi_realloc before
// an exported function and during imported ones. No import may be called there, and Go's garbage collector, which may
// run there, asks for the time.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func setClocksStopped(stopped bool)

// inCall is whether an exported function runs, the only time when clocks may go.
var inCall bool

func init() {
	setClocksStopped(true)
}

// Enter starts an exported function.
func Enter() {
	inCall = true
	setClocksStopped(false)
}

// Leave ends it.
func Leave() {
	inCall = false
	setClocksStopped(true)
}

// StopClocks goes before each import.
func StopClocks() {
	setClocksStopped(true)
}

// StartClocks goes after each import. It gives the garbage collector a turn: there is one thread and nobody who takes it
// away, so a function that goes through batches would let garbage pile up up to its memory's limit.
func StartClocks() {
	if inCall {
		setClocksStopped(false)
		runtime.Gosched()
	}
}
