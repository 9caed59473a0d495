//go:build !wasip1

package boundary

import (
	"strconv"

	"tenon/internal/wire"
)

// mostRandom is the most random bytes per call, as in a sandbox.
const mostRandom = 64 << 10

// Message is a line of the log.
type Message struct {
	Level uint8
	Text  string
}

// Run is what a run offers besides data, for one test.
type Run struct {
	Parameters map[string]string
	Secrets    map[string]string
	State      map[string][]byte
	Counters   map[string]float64
	Logs       []Message
	Seconds    int64
	Nanos      uint32
	// Sources are what a script reads, by name or URL; Written is what it wrote, by URL.
	Sources map[string][]*Batch
	Written map[string][]*Batch
	// Answers are the results of operations that only the host can run.
	Answers []*Batch
	// Operations are what a script asked for.
	Operations []string
	random     uint64
}

// Current is the run of the test.
var Current = NewRun()

// NewRun is a run in which nothing has happened.
func NewRun() *Run {
	return &Run{
		Parameters: map[string]string{},
		Secrets:    map[string]string{},
		State:      map[string][]byte{},
		Counters:   map[string]float64{},
		Sources:    map[string][]*Batch{},
		Written:    map[string][]*Batch{},
	}
}

// NextAnswer is what the test gave as the result of the next operation that can't be run here.
func NextAnswer(what string) (*Batch, error) {
	if len(Current.Answers) == 0 {
		return nil, fail(wire.Unsupported,
			"outside a sandbox "+what+" can't be run: give the test its result with tenontest.Answer(batch)")
	}
	answer := Current.Answers[0]
	Current.Answers = Current.Answers[1:]
	return answer, nil
}

// Log writes to the run's log.
func Log(level uint8, message string) {
	Current.Logs = append(Current.Logs, Message{level, message})
}

// Count adds to a counter.
func Count(metric string, amount float64) {
	Current.Counters[metric] += amount
}

// Parameter is a parameter of the job.
func Parameter(name string) (string, bool) {
	value, ok := Current.Parameters[name]
	return value, ok
}

// Secret is a secret of the job.
func Secret(name string) (string, error) {
	secret, ok := Current.Secrets[name]
	if !ok {
		return "", fail(wire.Denied, "the secret `"+name+"` is not granted")
	}
	return secret, nil
}

// Now is the run's clock.
func Now() (seconds int64, nanoseconds uint32) {
	return Current.Seconds, Current.Nanos
}

// Random draws bytes that are the same in every test.
func Random(bytes uint32) ([]byte, error) {
	if bytes > mostRandom {
		return nil, fail(wire.Limit, strconv.Itoa(int(bytes))+" random bytes are more than the "+
			strconv.Itoa(mostRandom)+" of one call")
	}
	drawn := make([]byte, bytes)
	for i := range drawn {
		// SplitMix64: enough for tests.
		Current.random += 0x9e3779b97f4a7c15
		mixed := (Current.random ^ Current.random>>30) * 0xbf58476d1ce4e5b9
		drawn[i] = byte((mixed ^ mixed>>27) * 0x94d049bb133111eb >> 56)
	}
	return drawn, nil
}

// StateGet is a value of the state.
func StateGet(key string) ([]byte, bool, error) {
	value, ok := Current.State[key]
	return value, ok, nil
}

// StatePut sets a value of the state.
func StatePut(key string, value []byte) error {
	Current.State[key] = append([]byte(nil), value...)
	return nil
}

// StateDelete removes a value of the state.
func StateDelete(key string) error {
	delete(Current.State, key)
	return nil
}
