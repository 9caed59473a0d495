/* Rows of columns, picked one by one. */
#include <string.h>

#include "../src/strings.h"
#include "host.h"

static bool is_null(const tenon_column *column, uint32_t row)
{
    const uint8_t *validity = tenon_validity(column);
    return validity != NULL && !(validity[row >> 3] >> (row & 7) & 1);
}

static tenon_column *pick_strings(
    tenon_column *const *columns, const uint32_t *parts, const uint32_t *rows, size_t count, bool text)
{
    tenon_text_builder *picked = tenon_build_text(count);
    for (size_t i = 0; i < count; i++) {
        tenon_strings view = text ? tenon_as_text(columns[parts[i]]) : tenon_as_bytes(columns[parts[i]]);
        if (TENON_IS_NULL(view, rows[i]))
            tenon_push_null(picked);
        else
            tenon_push_text(picked, tenon_at(&view, rows[i]));
    }
    return tenon_strings_like(picked, columns[0]->field);
}

static tenon_column *pick_bools(tenon_column *const *columns, const uint32_t *parts, const uint32_t *rows, size_t count)
{
    tenon_column *picked = tenon_new_bool(count);
    for (size_t i = 0; i < count; i++) {
        const tenon_column *from = columns[parts[i]];
        if (is_null(from, rows[i]))
            tenon_set_null(picked, i);
        else if (tenon_bool_at(tenon_as_bool(from), rows[i]))
            tenon_set_true(picked, i);
    }
    return picked;
}

static tenon_column *pick_fixed(
    tenon_column *const *columns, const uint32_t *parts, const uint32_t *rows, size_t count, size_t width)
{
    void *values;
    tenon_column *picked = tenon_new_fixed(columns[0]->field->format.data, count, &values);
    for (size_t i = 0; i < count; i++) {
        const tenon_column *from = columns[parts[i]];
        if (is_null(from, rows[i]))
            tenon_set_null(picked, i);
        else
            memcpy((char *)values + i * width, from->buffers[1].data + rows[i] * width, width);
    }
    return picked;
}

tenon_column *host_pick(tenon_column *const *columns, const uint32_t *parts, const uint32_t *rows, size_t count)
{
    const tenon_field *field = columns[0]->field;
    tenon_type type = tenon_type_of(field);
    tenon_column *picked = NULL;
    if (type == TENON_TYPE_TEXT || type == TENON_TYPE_BYTES || type == TENON_TYPE_FIXED_BYTES)
        picked = pick_strings(columns, parts, rows, count, type == TENON_TYPE_TEXT);
    else if (field->dictionary || type == TENON_TYPE_NESTED)
        return NULL;
    else if (type == TENON_TYPE_NULL)
        picked = tenon_new_null(count);
    else if (type == TENON_TYPE_BOOL)
        picked = pick_bools(columns, parts, rows, count);
    else
        picked = pick_fixed(columns, parts, rows, count, tenon_width_of(field));
    return tenon_like(picked, field);
}
