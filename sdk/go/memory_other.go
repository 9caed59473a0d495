//go:build !wasip1

package tenon

// tuneMemory leaves tests with Go's own settings.
func tuneMemory() {}
