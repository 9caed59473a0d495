package config

import (
	"reflect"
	"strings"
)

// key is a field of a struct as a key of an object.
type key struct {
	name     string
	index    int
	doc      string
	standard string
	// required is whether it must be given.
	required bool
	// choices are the texts that are allowed, nil for all.
	choices []string
	kind    reflect.Type
}

// keysOf are the keys that stand for a struct's exported fields. The tag `json` names a key, else it is the field's name
// in snake case; `default` is its value where it isn't given, `doc` what it means, `enum` the texts that are allowed.
func keysOf(structure reflect.Type) []key {
	var keys []key
	for index := range structure.NumField() {
		field := structure.Field(index)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = snake(field.Name)
		}
		standard, given := field.Tag.Lookup("default")
		key := key{
			name:     name,
			index:    index,
			doc:      field.Tag.Get("doc"),
			standard: standard,
			required: !given && field.Type.Kind() != reflect.Pointer && !strings.HasPrefix(options, "omit"),
			kind:     field.Type,
		}
		if choices := field.Tag.Get("enum"); choices != "" {
			key.choices = strings.Split(choices, ",")
		}
		if !given {
			key.standard = none
		}
		keys = append(keys, key)
	}
	return keys
}

// none is the default of a key without one: no tag can hold it.
const none = "\x00"

// snake is a Go name in snake case: LateAfter is late_after, URLPath is url_path.
func snake(name string) string {
	var snake []byte
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	for i := range len(name) {
		char := name[i]
		if upper(i) {
			if i > 0 && (!upper(i-1) || i+1 < len(name) && !upper(i+1)) && name[i-1] != '_' {
				snake = append(snake, '_')
			}
			char += 'a' - 'A'
		}
		snake = append(snake, char)
	}
	return string(snake)
}
