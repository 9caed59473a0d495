package tenon

import "strings"

// Quote is a column's name as it must stand in a SQL expression: in double quotes, so that upper case, spaces and keywords
// work.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Literal is a text as it must stand in a SQL expression: in single quotes. Never put a secret into an expression: errors
// quote it.
func Literal(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
