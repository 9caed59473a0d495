// Package config reads and describes the configurations of functions: JSON into Go structs, with errors that name the key
// at fault, and structs as JSON Schema. encoding/json would be half of a small component.
package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is what a JSON value is.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Object
)

// Value is a JSON value.
type Value struct {
	Kind Kind
	// Bool is the value of a Bool.
	Bool bool
	// Text is the value of a Text, and a Number as it was written.
	Text string
	// Items are those of a List, and the values of an Object's keys.
	Items []Value
	// Keys are those of an Object.
	Keys []string
}

// mostDepth is how deep values may be nested.
const mostDepth = 128

// Parse reads JSON. An empty text and null stand for {}.
func Parse(text string) (Value, error) {
	p := parser{text: text}
	p.space()
	if p.at == len(text) {
		return Value{Kind: Object}, nil
	}
	value, err := p.value(0)
	if err != nil {
		return value, err
	}
	p.space()
	if p.at != len(text) {
		return value, p.fault("something follows the value")
	}
	if value.Kind == Null {
		return Value{Kind: Object}, nil
	}
	return value, nil
}

type parser struct {
	text string
	at   int
}

type fault string

func (f fault) Error() string {
	return string(f)
}

func (p *parser) fault(what string) error {
	return fault(what + " at byte " + strconv.Itoa(p.at))
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) take(char byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == char {
		p.at++
		return true
	}
	return false
}

func (p *parser) value(depth int) (Value, error) {
	if depth > mostDepth {
		return Value{}, p.fault("values are nested too deep")
	}
	p.space()
	rest := p.text[p.at:]
	for _, word := range [...]struct {
		text  string
		value Value
	}{{"null", Value{}}, {"true", Value{Kind: Bool, Bool: true}}, {"false", Value{Kind: Bool}}} {
		if strings.HasPrefix(rest, word.text) {
			p.at += len(word.text)
			return word.value, nil
		}
	}
	switch {
	case rest == "":
		return Value{}, p.fault("the text ends where a value should be")
	case rest[0] == '"':
		text, err := p.quoted()
		return Value{Kind: Text, Text: text}, err
	case p.take('['):
		return p.list(depth)
	case p.take('{'):
		return p.object(depth)
	default:
		return p.number()
	}
}

func (p *parser) list(depth int) (Value, error) {
	list := Value{Kind: List}
	if p.take(']') {
		return list, nil
	}
	for {
		item, err := p.value(depth + 1)
		if err != nil {
			return list, err
		}
		list.Items = append(list.Items, item)
		if p.take(']') {
			return list, nil
		}
		if !p.take(',') {
			return list, p.fault("there is no `,` or `]`")
		}
	}
}

func (p *parser) object(depth int) (Value, error) {
	object := Value{Kind: Object}
	if p.take('}') {
		return object, nil
	}
	for {
		p.space()
		key, err := p.quoted()
		if err != nil {
			return object, err
		}
		if !p.take(':') {
			return object, p.fault("there is no `:`")
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return object, err
		}
		object.Keys = append(object.Keys, key)
		object.Items = append(object.Items, item)
		if p.take('}') {
			return object, nil
		}
		if !p.take(',') {
			return object, p.fault("there is no `,` or `}`")
		}
	}
}

func (p *parser) number() (Value, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.eE0123456789", p.text[p.at]) >= 0 {
		p.at++
	}
	text := p.text[start:p.at]
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		p.at = start
		return Value{}, p.fault("there is no value")
	}
	return Value{Kind: Number, Text: text}, nil
}

func (p *parser) quoted() (string, error) {
	if p.at >= len(p.text) || p.text[p.at] != '"' {
		return "", p.fault("there is no text in double quotes")
	}
	p.at++
	var text []byte
	for p.at < len(p.text) {
		char := p.text[p.at]
		p.at++
		switch {
		case char == '"':
			return string(text), nil
		case char < 0x20:
			return "", p.fault("there is a control character in a text")
		case char == '\\':
			letter, err := p.escaped()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, letter)
		default:
			text = append(text, char)
		}
	}
	return "", p.fault("a text has no end")
}

func (p *parser) escaped() (rune, error) {
	if p.at == len(p.text) {
		return 0, p.fault("a text has no end")
	}
	char := p.text[p.at]
	p.at++
	if plain := strings.IndexByte(`"\/bfnrt`, char); plain >= 0 {
		return rune("\"\\/\b\f\n\r\t"[plain]), nil
	}
	if char != 'u' {
		return 0, p.fault("there is an unknown escape")
	}
	high, err := p.hex()
	if err != nil || high < 0xd800 || high > 0xdbff {
		return high, err
	}
	if !strings.HasPrefix(p.text[p.at:], `\u`) {
		return utf8.RuneError, nil
	}
	p.at += 2
	low, err := p.hex()
	if err != nil || low < 0xdc00 || low > 0xdfff {
		return utf8.RuneError, err
	}
	return (high-0xd800)<<10 + (low - 0xdc00) + 0x10000, nil
}

func (p *parser) hex() (rune, error) {
	if len(p.text) < p.at+4 {
		return 0, p.fault("an escape has no four digits")
	}
	code, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 32)
	if err != nil {
		return 0, p.fault("an escape has no four digits")
	}
	p.at += 4
	return rune(code), nil
}

// AppendQuoted adds a text as JSON.
func AppendQuoted(json []byte, text string) []byte {
	json = append(json, '"')
	for i := range len(text) {
		switch char := text[i]; {
		case char == '"' || char == '\\':
			json = append(json, '\\', char)
		case char < 0x20:
			const digits = "0123456789abcdef"
			json = append(json, '\\', 'u', '0', '0', digits[char>>4], digits[char&15])
		default:
			json = append(json, char)
		}
	}
	return append(json, '"')
}
