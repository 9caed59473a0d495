package tenon

import (
	"errors"

	"tenon/internal/wire"
)

// Kind is what a caller can do about an error.
type Kind uint8

// The kinds of errors.
const (
	// KindBadData: the data are wrong; the same data will fail again.
	KindBadData = Kind(wire.BadData)
	// KindBadConfig: the configuration or the plugin is wrong.
	KindBadConfig = Kind(wire.BadConfig)
	// KindTransient: worth trying again.
	KindTransient = Kind(wire.Transient)
	// KindUnsupported: not something that this side does.
	KindUnsupported = Kind(wire.Unsupported)
	// KindDenied: not granted.
	KindDenied = Kind(wire.Denied)
	// KindLimit: a limit was reached; the message names it.
	KindLimit = Kind(wire.Limit)
	// KindInternal: a defect.
	KindInternal = Kind(wire.Internal)
)

var kindNames = [...]string{"bad-data", "bad-config", "transient", "unsupported", "denied", "limit", "internal"}

// String is the kind's name in the contract.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Error is an error with a kind for the engine, a message for people, and what was being done when it happened. Any other
// error that a function returns counts as [KindBadData].
type Error struct {
	// Kind is what a caller can do about it.
	Kind Kind
	// Message is what went wrong.
	Message string
	// Context is what was being done, from the outside in.
	Context []string
}

// Error is the context and the message.
func (e *Error) Error() string {
	text := ""
	for _, what := range e.Context {
		text += what + ": "
	}
	return text + e.Message
}

// NewError is an error of any kind.
func NewError(kind Kind, message string) error {
	return &Error{Kind: kind, Message: message}
}

// BadData says that the data are wrong.
func BadData(message string) error { return NewError(KindBadData, message) }

// BadConfig says that the configuration or the plugin is wrong.
func BadConfig(message string) error { return NewError(KindBadConfig, message) }

// Transient says that it is worth trying again.
func Transient(message string) error { return NewError(KindTransient, message) }

// Unsupported says that this plugin doesn't do it.
func Unsupported(message string) error { return NewError(KindUnsupported, message) }

// Internal says that the plugin has a defect.
func Internal(message string) error { return NewError(KindInternal, message) }

// Within adds what was being done to an error; nil stays nil.
func Within(what string, err error) error {
	if err == nil {
		return nil
	}
	inner := asError(err)
	return &Error{Kind: inner.Kind, Message: inner.Message, Context: append([]string{what}, inner.Context...)}
}

// KindOf is an error's kind.
func KindOf(err error) Kind {
	return asError(err).Kind
}

// asError finds the kind of an error, whoever made or wrapped it.
func asError(err error) *Error {
	if exact, ok := err.(*Error); ok {
		return exact
	}
	if foreign, ok := err.(*wire.Error); ok {
		return &Error{Kind: Kind(foreign.Kind), Message: foreign.Message, Context: foreign.Context}
	}
	wrapped := &Error{Kind: KindBadData, Message: err.Error()}
	var inner *Error
	if errors.As(err, &inner) {
		wrapped.Kind = inner.Kind
	}
	return wrapped
}

// fromHost is an error of the boundary as one of ours.
func fromHost(err error) error {
	if err == nil {
		return nil
	}
	return asError(err)
}

// toHost is an error as it crosses.
func toHost(err error) *wire.Error {
	if err == nil {
		return nil
	}
	inner := asError(err)
	return &wire.Error{Kind: uint8(inner.Kind), Message: inner.Message, Context: inner.Context}
}
