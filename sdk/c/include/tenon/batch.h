/* Batches: handles on rows that stay in the host's memory. */
#ifndef TENON_BATCH_H
#define TENON_BATCH_H

#include "column.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A column with the name that it is to have. */
typedef struct tenon_named {
    const char *name;
    tenon_column *column;
} tenon_named;

/* Number of rows. */
size_t tenon_rows(tenon_batch *batch);

/* The columns' names and types. */
const tenon_schema *tenon_schema_of(tenon_batch *batch);

/* The batch with a column added, or replaced where the name is taken. The others don't move. */
tenon_batch *tenon_with(tenon_batch *batch, const char *name, tenon_column *column);

/* As tenon_with, for several columns. */
tenon_batch *tenon_with_columns(tenon_batch *batch, const tenon_named *columns, size_t count);

/* A batch of these columns, which must all have the same number of rows. */
tenon_batch *tenon_batch_of(const tenon_named *columns, size_t count);

/* A batch of this schema. The host checks every column in full. */
tenon_batch *tenon_build(const tenon_schema *schema, size_t rows, tenon_column *const *columns);

/* A batch of this schema without rows. */
tenon_batch *tenon_build_empty(const tenon_schema *schema);

/* The named columns, in that order. Nothing is copied. */
tenon_batch *tenon_select(tenon_batch *batch, tenon_text_list names);

/* Rows `offset` to `offset + length`. Nothing is copied. */
tenon_batch *tenon_slice(tenon_batch *batch, size_t offset, size_t length);

/* The rows at these positions, in this order; a position may repeat. */
tenon_batch *tenon_take(tenon_batch *batch, const uint32_t *rows, size_t count);

/* The rows of all parts, which must share one schema. */
tenon_batch *tenon_concat(tenon_batch *const *parts, size_t count);

/* Another handle on the same rows. */
tenon_batch *tenon_share(tenon_batch *batch);

/* The batch, beyond this call: until tenon_release, or the end of the sandbox. */
tenon_batch *tenon_keep(tenon_batch *batch);

/* Gives back what tenon_keep kept, or any batch early. */
void tenon_release(tenon_batch *batch);

/* The batch with a column that the host computes by a SQL expression: `amount * rate`. No byte crosses. */
tenon_batch *tenon_with_expression(tenon_batch *batch, const char *name, const char *expression);

/* A batch of one column per SQL expression, computed by the host: `amount * rate as total`. */
tenon_batch *tenon_eval(tenon_batch *batch, tenon_text_list expressions);

/* The rows for which a boolean SQL expression is true. */
tenon_batch *tenon_filter(tenon_batch *batch, const char *predicate);

/* A column's name as SQL takes it, in double quotes. Belongs to the call. */
const char *tenon_quote(const char *name);

#ifdef __cplusplus
}
#endif

#endif
