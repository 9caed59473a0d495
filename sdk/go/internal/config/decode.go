package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Decode reads a value into what the pointer points at. The error names the path of what doesn't fit.
func Decode(value Value, target any) error {
	return decode(value, reflect.ValueOf(target).Elem(), "$")
}

func misfit(path, what string) error {
	return fault(path + ": " + what)
}

func decode(value Value, target reflect.Value, path string) error {
	kind := target.Type()
	if kind.Kind() == reflect.Pointer {
		if value.Kind == Null {
			target.SetZero()
			return nil
		}
		target.Set(reflect.New(kind.Elem()))
		return decode(value, target.Elem(), path)
	}
	wrong := func() error {
		return misfit(path, "expected "+expected(kind)+", found "+found(value))
	}
	switch kind.Kind() {
	case reflect.Bool:
		if value.Kind != Bool {
			return wrong()
		}
		target.SetBool(value.Bool)
	case reflect.String:
		if value.Kind != Text {
			return wrong()
		}
		target.SetString(value.Text)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		number, err := strconv.ParseInt(whole(value.Text), 10, kind.Bits())
		if value.Kind != Number || err != nil {
			return wrong()
		}
		target.SetInt(number)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		number, err := strconv.ParseUint(whole(value.Text), 10, kind.Bits())
		if value.Kind != Number || err != nil {
			return wrong()
		}
		target.SetUint(number)
	case reflect.Float32, reflect.Float64:
		number, err := strconv.ParseFloat(value.Text, kind.Bits())
		if value.Kind != Number || err != nil {
			return wrong()
		}
		target.SetFloat(number)
	case reflect.Slice:
		if value.Kind != List {
			return wrong()
		}
		target.Set(reflect.MakeSlice(kind, len(value.Items), len(value.Items)))
		for i, item := range value.Items {
			if err := decode(item, target.Index(i), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	case reflect.Map:
		if kind.Key().Kind() != reflect.String {
			return misfit(path, "a field of type "+kind.String()+" can't be configured: its keys are no texts")
		}
		if value.Kind != Object {
			return wrong()
		}
		target.Set(reflect.MakeMap(kind))
		for i, item := range value.Items {
			element := reflect.New(kind.Elem()).Elem()
			if err := decode(item, element, path+"."+value.Keys[i]); err != nil {
				return err
			}
			target.SetMapIndex(reflect.ValueOf(value.Keys[i]).Convert(kind.Key()), element)
		}
	case reflect.Struct:
		if value.Kind != Object {
			return wrong()
		}
		return decodeStruct(value, target, path)
	case reflect.Interface:
		if plain := value.plain(); plain != nil {
			target.Set(reflect.ValueOf(plain))
		}
	default:
		return misfit(path, "a field of type "+kind.String()+" can't be configured")
	}
	return nil
}

func decodeStruct(value Value, target reflect.Value, path string) error {
	keys := keysOf(target.Type())
	for _, given := range value.Keys {
		if !slices.ContainsFunc(keys, func(key key) bool { return key.name == given }) {
			names := make([]string, len(keys))
			for i, key := range keys {
				names[i] = "`" + key.name + "`"
			}
			known := "there are no keys"
			if len(names) > 0 {
				known = "the keys are " + strings.Join(names, ", ")
			}
			return misfit(path, "unknown key `"+given+"`; "+known)
		}
	}
	for _, key := range keys {
		field := target.Field(key.index)
		inner := path + "." + key.name
		if position := lastIndex(value.Keys, key.name); position >= 0 {
			if err := decode(value.Items[position], field, inner); err != nil {
				return err
			}
			if key.choices != nil && !slices.Contains(key.choices, field.String()) {
				return misfit(inner, "expected one of "+strings.Join(key.choices, ", ")+", found "+found(value.Items[position]))
			}
			continue
		}
		if key.standard != none {
			if err := decodeStandard(key, field, inner); err != nil {
				return err
			}
		} else if key.required {
			return misfit(path, "missing key `"+key.name+"`, "+expected(key.kind))
		}
	}
	return nil
}

func decodeStandard(key key, field reflect.Value, path string) error {
	standard, err := standardOf(key)
	if err == nil {
		err = decode(standard, field, path)
	}
	if err != nil {
		return misfit(path, "the tag default:\""+key.standard+"\" of its field is wrong: "+err.Error())
	}
	return nil
}

// standardOf is the default of a key: a text as it is, everything else as JSON.
func standardOf(key key) (Value, error) {
	kind := key.kind
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() == reflect.String {
		return Value{Kind: Text, Text: key.standard}, nil
	}
	return Parse(key.standard)
}

func lastIndex(names []string, name string) int {
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] == name {
			return i
		}
	}
	return -1
}

// whole is a number without a fraction of zeros: 2.0 is 2.
func whole(number string) string {
	if before, after, cut := strings.Cut(number, "."); cut && strings.Trim(after, "0") == "" {
		return before
	}
	return number
}

func expected(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return expected(kind.Elem()) + " or null"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Int, reflect.Int64:
		return "an integer"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return "an integer of " + strconv.Itoa(kind.Bits()) + " bits"
	case reflect.Uint, reflect.Uint64:
		return "an integer from 0"
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return "an integer from 0, of " + strconv.Itoa(kind.Bits()) + " bits"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

func found(value Value) string {
	switch value.Kind {
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(value.Bool)
	case Number:
		return value.Text
	case Text:
		return string(AppendQuoted(nil, value.Text))
	case List:
		return "a list"
	default:
		return "an object"
	}
}

// plain is the value in Go's plain types: nil, bool, float64, string, []any and map[string]any.
func (v Value) plain() any {
	switch v.Kind {
	case Null:
		return nil
	case Bool:
		return v.Bool
	case Number:
		number, _ := strconv.ParseFloat(v.Text, 64)
		return number
	case Text:
		return v.Text
	case List:
		list := make([]any, len(v.Items))
		for i, item := range v.Items {
			list[i] = item.plain()
		}
		return list
	default:
		object := make(map[string]any, len(v.Items))
		for i, item := range v.Items {
			object[v.Keys[i]] = item.plain()
		}
		return object
	}
}
