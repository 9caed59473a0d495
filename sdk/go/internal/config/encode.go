package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Encode is a Go value as JSON: what Decode reads, and Values. The error names what can't be.
func Encode(value any) (string, error) {
	json, err := encode(nil, reflect.ValueOf(value), "$")
	return string(json), err
}

func encode(json []byte, value reflect.Value, path string) ([]byte, error) {
	if !value.IsValid() {
		return append(json, "null"...), nil
	}
	if exact, ok := value.Interface().(Value); ok {
		return exact.Append(json), nil
	}
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return append(json, "null"...), nil
		}
		return encode(json, value.Elem(), path)
	case reflect.Bool:
		return strconv.AppendBool(json, value.Bool()), nil
	case reflect.String:
		return AppendQuoted(json, value.String()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(json, value.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(json, value.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return strconv.AppendFloat(json, value.Float(), 'g', -1, value.Type().Bits()), nil
	case reflect.Slice, reflect.Array:
		json = append(json, '[')
		for i := range value.Len() {
			if i > 0 {
				json = append(json, ',')
			}
			var err error
			if json, err = encode(json, value.Index(i), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return json, err
			}
		}
		return append(json, ']'), nil
	case reflect.Map:
		return encodeMap(json, value, path)
	case reflect.Struct:
		json = append(json, '{')
		for i, key := range keysOf(value.Type()) {
			if i > 0 {
				json = append(json, ',')
			}
			json = append(AppendQuoted(json, key.name), ':')
			var err error
			if json, err = encode(json, value.Field(key.index), path+"."+key.name); err != nil {
				return json, err
			}
		}
		return append(json, '}'), nil
	default:
		return json, misfit(path, "a value of type "+value.Type().String()+" is no JSON")
	}
}

func encodeMap(json []byte, value reflect.Value, path string) ([]byte, error) {
	keys := value.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	json = append(json, '{')
	for i, key := range keys {
		if i > 0 {
			json = append(json, ',')
		}
		json = append(AppendQuoted(json, key.String()), ':')
		var err error
		if json, err = encode(json, value.MapIndex(key), path+"."+key.String()); err != nil {
			return json, err
		}
	}
	return append(json, '}'), nil
}

// Append adds the value as JSON.
func (v Value) Append(json []byte) []byte {
	switch v.Kind {
	case Null:
		return append(json, "null"...)
	case Bool:
		return strconv.AppendBool(json, v.Bool)
	case Number:
		return append(json, v.Text...)
	case Text:
		return AppendQuoted(json, v.Text)
	}
	marks := "[]"
	if v.Kind == Object {
		marks = "{}"
	}
	json = append(json, marks[0])
	for i, item := range v.Items {
		if i > 0 {
			json = append(json, ',')
		}
		if v.Kind == Object {
			json = append(AppendQuoted(json, v.Keys[i]), ':')
		}
		json = item.Append(json)
	}
	return append(json, marks[1])
}
