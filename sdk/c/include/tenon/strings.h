/* Columns of text and bytes. */
#ifndef TENON_STRINGS_H
#define TENON_STRINGS_H

#include <string.h>

#include "column.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A view of text or bytes in any layout: 32-bit and 64-bit offsets, views, a fixed length, dictionaries of these. */
typedef struct tenon_strings {
    const char *data;
    const int32_t *offsets;
    const int64_t *large_offsets;
    /* Of each value, where there are no offsets. */
    size_t width;
    /* Of a dictionary: which value each row has. */
    const void *indices;
    size_t index_width;
    const uint8_t *validity;
    size_t rows;
    const tenon_field *field;
} tenon_strings;

/* A view of a column of text. On an error it has no rows. */
tenon_strings tenon_as_text(const tenon_column *column);

/* Reads a column of text. */
tenon_strings tenon_read_text(tenon_batch *batch, const char *name);

/* A view of a column of bytes. */
tenon_strings tenon_as_bytes(const tenon_column *column);

/* Reads a column of bytes. */
tenon_strings tenon_read_bytes(tenon_batch *batch, const char *name);

/* Which value of a dictionary a row has. */
size_t tenon_index_at(const tenon_strings *view, size_t row);

/* A row's text or bytes, where they crossed to; unspecified for a null. */
static inline tenon_text tenon_at(const tenon_strings *view, size_t row)
{
    size_t start, end;
    if (view->indices != NULL)
        row = tenon_index_at(view, row);
    if (view->offsets != NULL) {
        start = (size_t)view->offsets[row];
        end = (size_t)view->offsets[row + 1];
    } else if (view->large_offsets != NULL) {
        start = (size_t)view->large_offsets[row];
        end = (size_t)view->large_offsets[row + 1];
    } else {
        start = row * view->width;
        end = start + view->width;
    }
    tenon_text text = {view->data + start, end - start};
    return text;
}

/* Collects texts or bytes row by row. */
typedef struct tenon_text_builder {
    char *data;
    size_t length;
    size_t capacity;
    /* Where each row ends, after a 0. */
    int32_t *offsets;
    size_t rows;
    size_t row_capacity;
    /* One byte per row, from the first null on. */
    uint8_t *valid;
    size_t nulls;
} tenon_text_builder;

/* A builder; `rows` is how many are expected. */
tenon_text_builder *tenon_build_text(size_t rows);

/* Makes room for so many bytes. */
void tenon_reserve(tenon_text_builder *builder, size_t bytes);

/* Ends a row: its text is what was appended since the last one ended. */
void tenon_end_row(tenon_text_builder *builder);

/* Adds a null. */
void tenon_push_null(tenon_text_builder *builder);

/* Appends to the row that has begun. */
static inline void tenon_append(tenon_text_builder *builder, const char *data, size_t length)
{
    if (builder->capacity - builder->length < length)
        tenon_reserve(builder, length);
    if (length != 0)
        memcpy(builder->data + builder->length, data, length);
    builder->length += length;
}

/* Adds a row. */
static inline void tenon_push_text(tenon_text_builder *builder, tenon_text text)
{
    tenon_append(builder, text.data, text.length);
    tenon_end_row(builder);
}

/* Adds a row of a text that is terminated by a zero; NULL is null. */
static inline void tenon_push(tenon_text_builder *builder, const char *text)
{
    if (text == NULL) {
        tenon_push_null(builder);
        return;
    }
    tenon_append(builder, text, strlen(text));
    tenon_end_row(builder);
}

/* The column of what was collected, as text. The builder is used up. */
tenon_column *tenon_text_column(tenon_text_builder *builder);

/* The column of what was collected, as bytes. */
tenon_column *tenon_bytes_column(tenon_text_builder *builder);

/* The column of what was collected, with the name, type and metadata of a field: text or bytes in any layout, or a
 * dictionary of them. */
tenon_column *tenon_strings_like(tenon_text_builder *builder, const tenon_field *field);

#ifdef __cplusplus
}
#endif

#endif
