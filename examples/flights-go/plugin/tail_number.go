package main

import "strings"

// cleanTailNumber is a registration as painted on a tail: upper case, without spaces around it.
func cleanTailNumber(text string) string {
	text = strings.TrimSpace(text)
	for i := range len(text) {
		if text[i] >= 'a' && text[i] <= 'z' {
			return upperASCII(text)
		}
	}
	return text
}

// upperASCII leaves letters beyond ASCII as they are.
func upperASCII(text string) string {
	upper := []byte(text)
	for i, char := range upper {
		if char >= 'a' && char <= 'z' {
			upper[i] = char - ('a' - 'A')
		}
	}
	return string(upper)
}

// isAmerican is whether the United States would issue it: N and one to five digits or letters, beginning with a digit.
func isAmerican(tailNumber string) bool {
	rest, ok := strings.CutPrefix(tailNumber, "N")
	if !ok || len(rest) < 1 || len(rest) > 5 || !isDigit(rest[0]) {
		return false
	}
	for i := range len(rest) {
		if !isDigit(rest[i]) && (rest[i] < 'A' || rest[i] > 'Z') {
			return false
		}
	}
	return true
}

func isDigit(char byte) bool {
	return char >= '0' && char <= '9'
}
