package config

import "reflect"

// Schema is the JSON Schema of a configuration.
func Schema(kind reflect.Type) string {
	schema := describe(kind, nil)
	schema.add("title", text(kind.Name()))
	schema.add("$schema", text("https://json-schema.org/draft/2020-12/schema"))
	return string(schema.Append(nil))
}

func text(text string) Value {
	return Value{Kind: Text, Text: text}
}

func typed(name string) Value {
	return Value{Kind: Object, Keys: []string{"type"}, Items: []Value{text(name)}}
}

func (v *Value) add(key string, item Value) {
	v.Keys = append(v.Keys, key)
	v.Items = append(v.Items, item)
}

// describe is the schema of a type; above are the structs that it is in, so that one in itself comes to an end.
func describe(kind reflect.Type, above []reflect.Type) Value {
	switch kind.Kind() {
	case reflect.Pointer:
		return describe(kind.Elem(), above)
	case reflect.Bool:
		return typed("boolean")
	case reflect.String:
		return typed("string")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return typed("integer")
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		schema := typed("integer")
		schema.add("minimum", Value{Kind: Number, Text: "0"})
		return schema
	case reflect.Float32, reflect.Float64:
		return typed("number")
	case reflect.Slice:
		schema := typed("array")
		schema.add("items", describe(kind.Elem(), above))
		return schema
	case reflect.Map:
		schema := typed("object")
		schema.add("additionalProperties", describe(kind.Elem(), above))
		return schema
	case reflect.Struct:
		for _, outer := range above {
			if outer == kind {
				return typed("object")
			}
		}
		return describeStruct(kind, append(above, kind))
	default:
		return Value{Kind: Object}
	}
}

func describeStruct(kind reflect.Type, above []reflect.Type) Value {
	properties := Value{Kind: Object}
	required := Value{Kind: List}
	for _, key := range keysOf(kind) {
		property := describe(key.kind, above)
		if key.doc != "" {
			property.add("description", text(key.doc))
		}
		if key.choices != nil {
			choices := Value{Kind: List}
			for _, choice := range key.choices {
				choices.Items = append(choices.Items, text(choice))
			}
			property.add("enum", choices)
		}
		if key.standard != none {
			if standard, err := standardOf(key); err == nil {
				property.add("default", standard)
			}
		}
		if key.required {
			required.Items = append(required.Items, text(key.name))
		}
		properties.add(key.name, property)
	}
	schema := typed("object")
	schema.add("properties", properties)
	if len(required.Items) > 0 {
		schema.add("required", required)
	}
	schema.add("additionalProperties", Value{Kind: Bool})
	return schema
}
