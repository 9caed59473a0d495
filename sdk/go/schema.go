package tenon

import (
	"slices"
	"strings"

	"tenon/internal/wire"
)

// Field is a column of a schema, or a child of a nested column.
type Field struct {
	// Name is the column's name.
	Name string
	// Type is its type.
	Type DataType
	// Nullable is whether it may hold nulls.
	Nullable bool
	// Children are the fields of a nested type; of a dictionary, the one field of its values.
	Children []Field
	// Metadata are pairs that travel with the field.
	Metadata [][2]string
}

// NewField is a nullable field without children.
func NewField(name string, dataType DataType) Field {
	return Field{Name: name, Type: dataType, Nullable: true}
}

// Named is the same field under another name.
func (f Field) Named(name string) Field {
	f.Name = name
	return f
}

// ValueType is the type of the values: of a dictionary, what its indices point at.
func (f Field) ValueType() DataType {
	if f.Type.Dictionary && len(f.Children) > 0 {
		return f.Children[len(f.Children)-1].Type
	}
	return f.Type
}

// Equal is whether both are the same in everything.
func (f Field) Equal(other Field) bool {
	return f.Name == other.Name && f.Type == other.Type && f.Nullable == other.Nullable &&
		slices.Equal(f.Metadata, other.Metadata) && slices.EqualFunc(f.Children, other.Children, Field.Equal)
}

// Schema is the columns of a batch, in order.
type Schema []Field

// Position is where a column is; [KindBadConfig] for a name that isn't there, with the names that are.
func (s Schema) Position(name string) (int, error) {
	for i := range s {
		if s[i].Name == name {
			return i, nil
		}
	}
	return 0, BadConfig("there is no column `" + name + "`; the columns are " + strings.Join(s.Names(), ", "))
}

// Field is a column's field; errors as Position.
func (s Schema) Field(name string) (Field, error) {
	position, err := s.Position(name)
	if err != nil {
		return Field{}, err
	}
	return s[position], nil
}

// Has is whether there is a column of this name.
func (s Schema) Has(name string) bool {
	return slices.ContainsFunc(s, func(field Field) bool { return field.Name == name })
}

// Names are the columns' names, in order.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].Name
	}
	return names
}

// With is this schema with fields added, or replaced where a name is taken.
func (s Schema) With(fields ...Field) Schema {
	with := slices.Clone(s)
	for _, field := range fields {
		if position, err := with.Position(field.Name); err == nil {
			with[position] = field
		} else {
			with = append(with, field)
		}
	}
	return with
}

// Select is the named columns, in that order; errors as Position.
func (s Schema) Select(names ...string) (Schema, error) {
	selected := make(Schema, 0, len(names))
	for _, name := range names {
		field, err := s.Field(name)
		if err != nil {
			return nil, err
		}
		selected = append(selected, field)
	}
	return selected, nil
}

// Equal is whether both have the same fields.
func (s Schema) Equal(other Schema) bool {
	return slices.EqualFunc(s, other, Field.Equal)
}

// flattened is the schema as it crosses.
func (s Schema) flattened() []wire.Field {
	flat := make([]wire.Field, 0, len(s))
	for i := range s {
		flat = flatten(&s[i], flat)
	}
	return flat
}

func flatten(field *Field, flat []wire.Field) []wire.Field {
	flat = append(flat, wire.Field{
		Name:       field.Name,
		Format:     field.Type.Format,
		Dictionary: field.Type.Dictionary,
		Nullable:   field.Nullable,
		Children:   uint32(len(field.Children)),
		Metadata:   field.Metadata,
	})
	for i := range field.Children {
		flat = flatten(&field.Children[i], flat)
	}
	return flat
}

// schemaOf is a schema that crossed.
func schemaOf(flat []wire.Field) Schema {
	var schema Schema
	for len(flat) > 0 {
		var field Field
		field, flat = unflatten(flat)
		schema = append(schema, field)
	}
	return schema
}

func unflatten(flat []wire.Field) (Field, []wire.Field) {
	head := flat[0]
	flat = flat[1:]
	field := Field{
		Name:     head.Name,
		Type:     DataType{Format: head.Format, Dictionary: head.Dictionary},
		Nullable: head.Nullable,
		Metadata: head.Metadata,
	}
	for range head.Children {
		var child Field
		child, flat = unflatten(flat)
		field.Children = append(field.Children, child)
	}
	return field, flat
}
