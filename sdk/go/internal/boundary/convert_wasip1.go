package boundary

import (
	"tenon/internal/abi"
	"tenon/internal/wire"
	"tenon/internal/wit/tenon_etl_arrow"
	"tenon/internal/wit/tenon_etl_errors"
)

// FieldsFrom is a schema that came from the host.
func FieldsFrom(fields []tenon_etl_arrow.Field) []wire.Field {
	converted := make([]wire.Field, len(fields))
	for i, field := range fields {
		var metadata [][2]string
		for _, pair := range field.Metadata {
			metadata = append(metadata, [2]string{pair.F0, pair.F1})
		}
		converted[i] = wire.Field{
			Name:       field.Name,
			Format:     field.Format,
			Dictionary: field.Encoding == tenon_etl_arrow.EncodingDictionary,
			Nullable:   field.Nullable,
			Children:   field.Children,
			Metadata:   metadata,
		}
	}
	return converted
}

// FieldsInto is a schema that goes to the host.
func FieldsInto(fields []wire.Field) []tenon_etl_arrow.Field {
	converted := make([]tenon_etl_arrow.Field, len(fields))
	for i, field := range fields {
		encoding := tenon_etl_arrow.EncodingPlain
		if field.Dictionary {
			encoding = tenon_etl_arrow.EncodingDictionary
		}
		metadata := make([]abi.Tuple2[string, string], len(field.Metadata))
		for j, pair := range field.Metadata {
			metadata[j] = abi.Tuple2[string, string]{F0: pair[0], F1: pair[1]}
		}
		converted[i] = tenon_etl_arrow.Field{
			Name:     field.Name,
			Format:   field.Format,
			Encoding: encoding,
			Nullable: field.Nullable,
			Children: field.Children,
			Metadata: metadata,
		}
	}
	return converted
}

func columnsInto(columns []wire.Column) []tenon_etl_arrow.Column {
	converted := make([]tenon_etl_arrow.Column, len(columns))
	for i, column := range columns {
		nodes := make([]tenon_etl_arrow.Node, len(column.Nodes))
		for j, node := range column.Nodes {
			nodes[j] = tenon_etl_arrow.Node(node)
		}
		converted[i] = tenon_etl_arrow.Column{Nodes: nodes, Buffers: column.Buffers}
	}
	return converted
}

func errorFrom(err tenon_etl_errors.Error) error {
	converted := wire.Error(err)
	return &converted
}
