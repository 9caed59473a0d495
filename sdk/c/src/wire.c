/* Between the SDK's own structs and those of the bindings. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

_Static_assert(sizeof(tenon_node) == sizeof(tenon_etl_arrow_node_t), "nodes cross as they are");
_Static_assert(sizeof(tenon_buffer) == sizeof(transformer_list_u8_t), "buffers cross as they are");

static tenon_text copied(transformer_string_t text)
{
    return tenon_copy_text((const char *)text.ptr, text.len);
}

/* Counts descendants; returns the position after the last of them. */
static size_t count_descendants(tenon_field *fields, size_t count, size_t position)
{
    size_t next = position + 1;
    for (uint32_t child = 0; child < fields[position].children && next < count; child++)
        next = count_descendants(fields, count, next);
    fields[position].descendants = (uint32_t)(next - position - 1);
    return next;
}

const tenon_schema *tenon_schema_from_wire(tenon_etl_arrow_schema_t *wire)
{
    tenon_schema *schema = tenon_alloc(sizeof *schema);
    tenon_field *fields = tenon_alloc_array(wire->len, sizeof *fields);
    for (size_t i = 0; i < wire->len; i++) {
        const tenon_etl_arrow_field_t *from = &wire->ptr[i];
        tenon_field *to = &fields[i];
        to->name = copied(from->name);
        to->format = copied(from->format);
        to->dictionary = from->encoding == TENON_ETL_ARROW_ENCODING_DICTIONARY;
        to->nullable = from->nullable;
        to->children = from->children;
        tenon_metadata *metadata = tenon_alloc_array(from->metadata.len, sizeof *metadata);
        for (size_t pair = 0; pair < from->metadata.len; pair++) {
            metadata[pair].key = copied(from->metadata.ptr[pair].f0);
            metadata[pair].value = copied(from->metadata.ptr[pair].f1);
        }
        to->metadata = metadata;
        to->metadata_count = from->metadata.len;
    }
    const tenon_field **columns = tenon_alloc_array(wire->len, sizeof *columns);
    for (size_t i = 0; i < wire->len;) {
        columns[schema->column_count++] = &fields[i];
        i = count_descendants(fields, wire->len, i);
    }
    schema->columns = columns;
    schema->fields = fields;
    schema->field_count = wire->len;
    tenon_etl_arrow_schema_free(wire);
    return schema;
}

static transformer_string_t lent(tenon_text text)
{
    transformer_string_t lent = {(uint8_t *)text.data, text.length};
    return lent;
}

static void lend_field(const tenon_field *from, tenon_etl_arrow_field_t *to)
{
    to->name = lent(from->name);
    to->format = lent(from->format);
    to->encoding = from->dictionary ? TENON_ETL_ARROW_ENCODING_DICTIONARY : TENON_ETL_ARROW_ENCODING_PLAIN;
    to->nullable = from->nullable;
    to->children = from->children;
    to->metadata.len = from->metadata_count;
    to->metadata.ptr = tenon_alloc_array(from->metadata_count, sizeof *to->metadata.ptr);
    for (size_t pair = 0; pair < from->metadata_count; pair++) {
        to->metadata.ptr[pair].f0 = lent(from->metadata[pair].key);
        to->metadata.ptr[pair].f1 = lent(from->metadata[pair].value);
    }
}

tenon_etl_arrow_schema_t tenon_schema_lent(const tenon_field *fields, size_t count)
{
    tenon_etl_arrow_schema_t wire = {tenon_alloc_array(count, sizeof *wire.ptr), count};
    for (size_t i = 0; i < count; i++)
        lend_field(&fields[i], &wire.ptr[i]);
    return wire;
}

static transformer_string_t given(tenon_text text)
{
    transformer_string_t given = {NULL, text.length};
    if (text.length != 0)
        given.ptr = memcpy(tenon_must_malloc(text.length), text.data, text.length);
    return given;
}

tenon_etl_arrow_schema_t tenon_schema_given(const tenon_schema *schema)
{
    tenon_etl_arrow_schema_t wire = {NULL, schema->field_count};
    if (wire.len != 0)
        wire.ptr = tenon_must_malloc(wire.len * sizeof *wire.ptr);
    for (size_t i = 0; i < wire.len; i++) {
        const tenon_field *from = &schema->fields[i];
        tenon_etl_arrow_field_t *to = &wire.ptr[i];
        lend_field(from, to);
        to->name = given(from->name);
        to->format = given(from->format);
        to->metadata.ptr = NULL;
        if (to->metadata.len != 0)
            to->metadata.ptr = tenon_must_malloc(to->metadata.len * sizeof *to->metadata.ptr);
        for (size_t pair = 0; pair < to->metadata.len; pair++) {
            to->metadata.ptr[pair].f0 = given(from->metadata[pair].key);
            to->metadata.ptr[pair].f1 = given(from->metadata[pair].value);
        }
    }
    return wire;
}

tenon_etl_batches_list_column_t tenon_columns_lent(tenon_column *const *columns, size_t count)
{
    tenon_etl_batches_list_column_t wire = {tenon_alloc_array(count, sizeof *wire.ptr), count};
    for (size_t i = 0; i < count; i++) {
        wire.ptr[i].nodes.ptr = (tenon_etl_arrow_node_t *)(void *)columns[i]->nodes;
        wire.ptr[i].nodes.len = columns[i]->node_count;
        wire.ptr[i].buffers.ptr = (transformer_list_u8_t *)(void *)columns[i]->buffers;
        wire.ptr[i].buffers.len = columns[i]->buffer_count;
    }
    return wire;
}

transformer_string_t tenon_string_lent(const char *text)
{
    return lent(tenon_text_of(text));
}

transformer_list_string_t tenon_strings_lent(tenon_text_list texts)
{
    transformer_list_string_t wire = {tenon_alloc_array(texts.count, sizeof *wire.ptr), texts.count};
    for (size_t i = 0; i < texts.count; i++)
        wire.ptr[i] = tenon_string_lent(texts.items[i]);
    return wire;
}

transformer_string_t tenon_string_given(const char *text)
{
    return given(tenon_text_of(text));
}
