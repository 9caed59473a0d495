//go:build wasip1

package abi

// The cases of results and options.
const (
	ResultOk   = 0
	ResultErr  = 1
	OptionNone = 0
	OptionSome = 1
)

// Result is WIT's result.
type Result[T, E any] struct {
	failed bool
	value  T
	err    E
}

// Ok is a success.
func Ok[T, E any](value T) Result[T, E] {
	return Result[T, E]{value: value}
}

// Err is a failure.
func Err[T, E any](err E) Result[T, E] {
	return Result[T, E]{failed: true, err: err}
}

// Tag is the case.
func (r Result[T, E]) Tag() uint8 {
	if r.failed {
		return ResultErr
	}
	return ResultOk
}

// Ok is the value of a success.
func (r Result[T, E]) Ok() T {
	return r.value
}

// Err is what a failure says.
func (r Result[T, E]) Err() E {
	return r.err
}

// Option is WIT's option.
type Option[T any] struct {
	some  bool
	value T
}

// None is nothing.
func None[T any]() Option[T] {
	return Option[T]{}
}

// Some is a value.
func Some[T any](value T) Option[T] {
	return Option[T]{some: true, value: value}
}

// Tag is the case.
func (o Option[T]) Tag() uint8 {
	if o.some {
		return OptionSome
	}
	return OptionNone
}

// Some is the value.
func (o Option[T]) Some() T {
	return o.value
}

// Tuple2 is a pair.
type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

// Unit is nothing at all.
type Unit struct{}

// Handle is the number of a resource in the host; 0 once it was given away.
type Handle struct {
	value int32
}

// MakeHandle holds a number that the host gave.
func MakeHandle(value int32) *Handle {
	return &Handle{value}
}

// Use is the number.
func (h *Handle) Use() int32 {
	if h.value == 0 {
		panic("a handle was used after it was given away")
	}
	return h.value
}

// Take is the number, which is given away.
func (h *Handle) Take() int32 {
	value := h.Use()
	h.value = 0
	return value
}

// TakeOrNil is as Take; 0 where it was given away before.
func (h *Handle) TakeOrNil() int32 {
	value := h.value
	h.value = 0
	return value
}

// Set holds another number.
func (h *Handle) Set(value int32) {
	h.value = value
}
