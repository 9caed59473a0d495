// Package wire has the data that cross between guest and host, in WIT's flattened form.
package wire

// Field is one field; its children follow it directly.
type Field struct {
	Name       string
	Format     string
	Dictionary bool
	Nullable   bool
	Children   uint32
	Metadata   [][2]string
}

// Node is the length and null count of one array.
type Node struct {
	// Length is the number of values.
	Length uint32
	// Nulls is the number of nulls among them.
	Nulls uint32
}

// Column is one column: its nodes and buffers in pre-order.
type Column struct {
	Nodes   []Node
	Buffers [][]byte
}

// Error is what either side fails with.
type Error struct {
	Kind    uint8
	Message string
	Context []string
}

// The kinds of errors, in WIT's order.
const (
	BadData uint8 = iota
	BadConfig
	Transient
	Unsupported
	Denied
	Limit
	Internal
)

// Error makes an error of it.
func (e *Error) Error() string {
	text := ""
	for _, what := range e.Context {
		text += what + ": "
	}
	return text + e.Message
}

// Function is what a component says of one of its functions.
type Function struct {
	Name      string
	Doc       string
	Scalar    bool
	Config    string
	Reads     []string
	ReadsAll  bool
	Stateless bool
}

// Rejection is a row that a function refuses.
type Rejection struct {
	Row    uint32
	Reason string
}
