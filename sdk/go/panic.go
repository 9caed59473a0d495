package tenon

import (
	"runtime"
	"strconv"
	"strings"
)

// mostFrames is how many of the calls that led to a panic are told.
const mostFrames = 32

// panicked is the error of a panic: what was said, and the calls that led to it, innermost first.
func panicked(reason any) error {
	var message strings.Builder
	message.WriteString("panic: ")
	message.WriteString(said(reason))
	var calls [mostFrames]uintptr
	frames := runtime.CallersFrames(calls[:runtime.Callers(0, calls[:])])
	paniced := false
	for {
		frame, more := frames.Next()
		switch {
		case strings.HasPrefix(frame.Function, "runtime."):
			// What comes before is how the panic was caught.
			paniced = paniced || frame.Function == "runtime.gopanic"
		case isOurs(frame.Function):
		case paniced:
			message.WriteString("\n    in ")
			message.WriteString(frame.Function)
			message.WriteString(", ")
			message.WriteString(frame.File)
			message.WriteString(":")
			message.WriteString(strconv.Itoa(frame.Line))
		}
		if !more {
			return Internal(message.String())
		}
	}
}

// isOurs is whether a function is one of this SDK: of its packages, or an export of the component.
func isOurs(function string) bool {
	rest, ok := strings.CutPrefix(function, "tenon")
	return ok && rest != "" && strings.IndexByte("./:", rest[0]) >= 0
}

func said(reason any) string {
	switch reason := reason.(type) {
	case error:
		return reason.Error()
	case string:
		return reason
	case interface{ String() string }:
		return reason.String()
	case int:
		return strconv.Itoa(reason)
	default:
		return "a value that is no text"
	}
}
