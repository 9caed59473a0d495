/* Columns of text and bytes. */
#include <string.h>

#include "strings.h"

/* What a column without values refers to. */
static const int64_t no_offsets[1];

static bool broken(const tenon_column *column)
{
    tenon_fail(TENON_INTERNAL, "the buffers of column `%s` don't fit its type and length", column->field->name.data);
    return false;
}

/* Fills in where the values are. */
static bool view_values(tenon_strings *view, const tenon_column *column, const tenon_field *field, const tenon_buffer *buffers,
    size_t buffer_count, size_t rows)
{
    if (tenon_type_of(field) == TENON_TYPE_FIXED_BYTES) {
        size_t width = tenon_width_of(field);
        if (buffer_count < 2 || buffers[1].size < rows * width)
            return broken(column);
        view->width = width;
        view->data = (const char *)buffers[1].data;
        return true;
    }
    bool large = field->format.data[0] == 'U' || field->format.data[0] == 'Z';
    size_t offset_bytes = large ? 8 : 4;
    if (buffer_count < 3 || (rows != 0 && buffers[1].size < (rows + 1) * offset_bytes))
        return broken(column);
    const void *offsets = rows == 0 ? (const void *)no_offsets : buffers[1].data;
    if (large)
        view->large_offsets = offsets;
    else
        view->offsets = offsets;
    view->data = (const char *)buffers[2].data;
    return true;
}

/* Nulls of a dictionary's values are nulls of the rows that refer to them. */
static void merge_value_nulls(tenon_strings *view, const uint8_t *values_valid, size_t values)
{
    size_t bytes = (view->rows + 7) / 8;
    uint8_t *merged = tenon_alloc(bytes + 1);
    if (view->validity != NULL)
        memcpy(merged, view->validity, bytes);
    else
        memset(merged, 0xff, bytes);
    for (size_t row = 0; row < view->rows; row++) {
        if (TENON_IS_NULL(*view, row))
            continue;
        size_t index = tenon_index_at(view, row);
        if (index >= values || !(values_valid[index >> 3] >> (index & 7) & 1))
            merged[row >> 3] &= (uint8_t)~(1u << (row & 7));
    }
    view->validity = merged;
}

static bool view_dictionary(tenon_strings *view, const tenon_column *column)
{
    const tenon_field *field = column->field;
    view->index_width = tenon_width_of(field);
    if (column->node_count != 2 || column->buffer_count < 4 || view->index_width == 0
        || column->buffers[1].size < view->rows * view->index_width)
        return broken(column);
    size_t values = column->nodes[1].length;
    if (!view_values(view, column, field + 1, column->buffers + 2, column->buffer_count - 2, values))
        return false;
    view->indices = view->rows == 0 ? (const void *)no_offsets : column->buffers[1].data;
    if (column->nodes[1].nulls != 0)
        merge_value_nulls(view, column->buffers[2].data, values);
    return true;
}

static tenon_strings view_as(const tenon_column *column, bool text)
{
    tenon_strings none = {0};
    if (column == NULL)
        return none;
    tenon_type type = tenon_type_of(column->field);
    if (text ? type != TENON_TYPE_TEXT : type != TENON_TYPE_BYTES && type != TENON_TYPE_FIXED_BYTES) {
        tenon_fail_type(column->field, text ? TENON_TYPE_TEXT : TENON_TYPE_BYTES);
        return none;
    }
    tenon_strings view = {0};
    view.rows = tenon_column_rows(column);
    view.validity = tenon_validity(column);
    view.field = column->field;
    bool read = column->field->dictionary
        ? view_dictionary(&view, column)
        : view_values(&view, column, column->field, column->buffers, column->buffer_count, view.rows);
    return read ? view : none;
}

tenon_strings tenon_as_text(const tenon_column *column)
{
    return view_as(column, true);
}

tenon_strings tenon_read_text(tenon_batch *batch, const char *name)
{
    return tenon_as_text(tenon_read(batch, name));
}

tenon_strings tenon_as_bytes(const tenon_column *column)
{
    return view_as(column, false);
}

tenon_strings tenon_read_bytes(tenon_batch *batch, const char *name)
{
    return tenon_as_bytes(tenon_read(batch, name));
}

size_t tenon_index_at(const tenon_strings *view, size_t row)
{
    switch (view->index_width) {
    case 1: return ((const uint8_t *)view->indices)[row];
    case 2: return ((const uint16_t *)view->indices)[row];
    case 4: return ((const uint32_t *)view->indices)[row];
    default: return (size_t)((const uint64_t *)view->indices)[row];
    }
}

tenon_text_builder *tenon_build_text(size_t rows)
{
    tenon_text_builder *builder = tenon_alloc(sizeof *builder);
    builder->row_capacity = rows;
    builder->offsets = tenon_alloc_array(rows + 1, sizeof(int32_t));
    return builder;
}

void tenon_reserve(tenon_text_builder *builder, size_t bytes)
{
    size_t needed;
    if (__builtin_add_overflow(builder->length, bytes, &needed) || needed > INT32_MAX)
        tenon_panic("a column of more than 2 GiB of text can't be made; split the batch");
    size_t capacity = builder->capacity * 2;
    if (capacity < needed)
        capacity = needed;
    size_t guess = builder->row_capacity * 8;
    if (builder->capacity == 0 && capacity < guess)
        capacity = guess;
    builder->data = tenon_grow(builder->data, capacity);
    builder->capacity = capacity;
}

static void grow_rows(tenon_text_builder *builder)
{
    size_t capacity = builder->row_capacity * 2 + 16;
    builder->offsets = tenon_grow(builder->offsets, (capacity + 1) * sizeof(int32_t));
    if (builder->valid != NULL)
        builder->valid = tenon_grow(builder->valid, capacity);
    builder->row_capacity = capacity;
}

void tenon_end_row(tenon_text_builder *builder)
{
    if (builder->rows == builder->row_capacity)
        grow_rows(builder);
    if (builder->valid != NULL)
        builder->valid[builder->rows] = 1;
    builder->offsets[++builder->rows] = (int32_t)builder->length;
}

void tenon_push_null(tenon_text_builder *builder)
{
    if (builder->valid == NULL) {
        builder->valid = tenon_grow(NULL, builder->row_capacity + 1);
        memset(builder->valid, 1, builder->rows);
    }
    builder->length = (size_t)builder->offsets[builder->rows];
    tenon_end_row(builder);
    builder->valid[builder->rows - 1] = 0;
    builder->nulls++;
}

/* The validity of what was collected, as bits. */
static void pack_validity(const tenon_text_builder *builder, tenon_column *column)
{
    if (builder->nulls == 0)
        return;
    for (size_t row = 0; row < builder->rows; row++) {
        if (!builder->valid[row])
            tenon_set_null(column, row);
    }
}

static tenon_column *plain_column(tenon_text_builder *builder, const char *format)
{
    tenon_column *column = tenon_new_leaf(format, builder->rows, 3);
    pack_validity(builder, column);
    column->buffers[1].data = (uint8_t *)builder->offsets;
    column->buffers[1].size = (builder->rows + 1) * sizeof(int32_t);
    column->buffers[2].data = (uint8_t *)builder->data;
    column->buffers[2].size = builder->length;
    return column;
}

tenon_column *tenon_text_column(tenon_text_builder *builder)
{
    return plain_column(builder, "u");
}

tenon_column *tenon_bytes_column(tenon_text_builder *builder)
{
    return plain_column(builder, "z");
}

static void widen_offsets(tenon_column *column)
{
    size_t count = column->nodes[0].length + (size_t)1;
    const int32_t *narrow = (const int32_t *)(const void *)column->buffers[1].data;
    int64_t *wide = tenon_alloc_array(count, sizeof *wide);
    for (size_t i = 0; i < count; i++)
        wide[i] = narrow[i];
    column->buffers[1].data = (uint8_t *)wide;
    column->buffers[1].size = count * sizeof *wide;
}

/* Values of one width, each in its place, whether null or not. */
static tenon_column *fixed_column(tenon_text_builder *builder, const tenon_field *field, size_t width)
{
    tenon_column *column = tenon_new_leaf(field->format.data, builder->rows, 2);
    column->buffers[1].size = builder->rows * width;
    column->buffers[1].data = tenon_alloc_array(builder->rows, width);
    uint8_t *values = column->buffers[1].data;
    pack_validity(builder, column);
    for (size_t row = 0; row < builder->rows; row++) {
        size_t start = (size_t)builder->offsets[row];
        size_t length = (size_t)builder->offsets[row + 1] - start;
        bool null = builder->valid != NULL && !builder->valid[row];
        if (null)
            continue;
        if (length != width) {
            tenon_fail(TENON_BAD_DATA, "row %zu of column `%s` has %zu bytes, not %zu", row, field->name.data, length, width);
            return NULL;
        }
        if (width != 0)
            memcpy(values + row * width, builder->data + start, width);
    }
    return tenon_like(column, field);
}

tenon_column *tenon_strings_layout(tenon_text_builder *builder, const tenon_field *field)
{
    if (tenon_type_of(field) == TENON_TYPE_FIXED_BYTES)
        return fixed_column(builder, field, tenon_width_of(field));
    tenon_column *column = plain_column(builder, field->format.data);
    if (field->format.data[0] == 'U' || field->format.data[0] == 'Z')
        widen_offsets(column);
    return tenon_like(column, field);
}

tenon_column *tenon_strings_like(tenon_text_builder *builder, const tenon_field *field)
{
    if (field == NULL)
        return NULL;
    tenon_type type = tenon_type_of(field);
    if (type != TENON_TYPE_TEXT && type != TENON_TYPE_BYTES && type != TENON_TYPE_FIXED_BYTES) {
        tenon_fail(TENON_BAD_CONFIG, "text can't become column `%s`, which is %s", field->name.data, tenon_type_name(field));
        return NULL;
    }
    return field->dictionary ? tenon_dictionary(builder, field) : tenon_strings_layout(builder, field);
}
