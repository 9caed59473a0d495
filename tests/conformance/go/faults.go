package main

import "tenon"

type failure struct {
	Kind    string `enum:"bad-data,bad-config,transient,unsupported,denied,limit,internal"`
	Message string
}

func fail(batch tenon.Batch, config failure) (tenon.Batch, error) {
	for kind := tenon.KindBadData; kind <= tenon.KindInternal; kind++ {
		if kind.String() == config.Kind {
			return batch, tenon.NewError(kind, config.Message)
		}
	}
	return batch, nil
}

func raise(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	if batch.Rows() > 0 {
		outer()
	}
	return batch, nil
}

//go:noinline
func outer() { middle() }

//go:noinline
func middle() { inner() }

//go:noinline
func inner() { panic("raised on purpose") }

// held keeps what memory allocates reachable.
var held [][]byte

func memory(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	for batch.Rows() > 0 {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = byte(i)
		}
		held = append(held, block)
	}
	return batch, nil
}

// turns is written by spin, so that its loop can't be left out.
var turns uint64

func spin(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {
	for batch.Rows() > 0 {
		turns++
	}
	return batch, nil
}
