// Package boundary is the way to the host: in a component the real one, behind the generated bindings; in tests one that
// holds rows in memory.
package boundary
