package tenon

import "tenon/internal/boundary"

// Level is how much a message matters.
type Level uint8

// The levels.
const (
	// LevelTrace: each step of an algorithm.
	LevelTrace Level = iota
	// LevelDebug: for whoever develops the plugin.
	LevelDebug
	// LevelInfo: for whoever runs the job.
	LevelInfo
	// LevelWarn: something looks wrong, the run goes on.
	LevelWarn
	// LevelError: something failed.
	LevelError
)

// Log writes to the run's log. What is printed goes there too: os.Stdout as LevelInfo, os.Stderr, println and the package log
// as LevelWarn.
func Log(level Level, message string) {
	boundary.Log(uint8(level), message)
}

// Count adds to a counter of the run's metrics.
func Count(metric string, amount float64) {
	boundary.Count(metric, amount)
}

// Parameter is a job parameter by name, as text; false where there is none.
func Parameter(name string) (string, bool) {
	return boundary.Parameter(name)
}

// Secret is a secret by name; [KindDenied] unless the job was granted it.
func Secret(name string) (string, error) {
	secret, err := boundary.Secret(name)
	return secret, fromHost(err)
}

// Random draws random bytes, at most 64 KiB per call. crypto/rand draws the same ones.
func Random(bytes int) ([]byte, error) {
	random, err := boundary.Random(rowCount(max(bytes, 0)))
	return random, fromHost(err)
}

// StateGet is a value kept between runs of the job; false where there is none.
func StateGet(key string) ([]byte, bool, error) {
	value, found, err := boundary.StateGet(key)
	return value, found, fromHost(err)
}

// StatePut sets a value that is kept between runs of the job, saved with the run's commit; [KindLimit] past the run's
// quota.
func StatePut(key string, value []byte) error {
	return fromHost(boundary.StatePut(key, value))
}

// StateDelete removes a value, if it is there.
func StateDelete(key string) error {
	return fromHost(boundary.StateDelete(key))
}
