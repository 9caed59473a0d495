/* Rows that a function refuses. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* More rows than a batch can have. What lies beyond is no row, and the host says so. */
enum { MOST_ROWS = 1 << 24 };

/* The batch that the call was given; NULL if it was given none, or has released it. */
static tenon_batch *input;
/* How many rows that had once it is released; -1 otherwise. */
static int64_t released_rows = -1;

/* Memory of malloc: the reasons leave through the bindings, which free them. */
static exports_tenon_etl_transform_rejection_t *rejections;
static size_t count, capacity;
/* One bit per row. */
static uint8_t *seen;
static size_t seen_bytes;

static void *must_realloc(void *memory, size_t bytes)
{
    memory = realloc(memory, bytes);
    if (memory == NULL)
        tenon_out_of_memory(bytes);
    return memory;
}

static bool is_rejected(size_t row)
{
    return row / 8 < seen_bytes && (seen[row / 8] >> (row % 8) & 1);
}

/* Whether the row is refused for the first time. */
static bool see(size_t row)
{
    if (row >= MOST_ROWS)
        return true;
    if (row / 8 >= seen_bytes) {
        size_t bytes = row / 8 * 2 + 64;
        seen = must_realloc(seen, bytes);
        memset(seen + seen_bytes, 0, bytes - seen_bytes);
        seen_bytes = bytes;
    }
    bool first = !is_rejected(row);
    seen[row / 8] |= (uint8_t)(1u << (row % 8));
    return first;
}

void tenon_reject(size_t row, const char *reason, ...)
{
    if (!see(row))
        return;
    if (count == capacity) {
        capacity = capacity * 2 + 16;
        rejections = must_realloc(rejections, capacity * sizeof *rejections);
    }
    va_list arguments;
    va_start(arguments, reason);
    rejections[count].row = row > UINT32_MAX ? UINT32_MAX : (uint32_t)row;
    rejections[count].reason = tenon_string_given(tenon_format_list(reason, arguments));
    count++;
    va_end(arguments);
}

/* Whether a batch has as many rows as the call was given, if it was given any: an error if not. */
static bool has_rows_of_input(size_t rows)
{
    if (input == NULL && released_rows < 0)
        return true;
    size_t given = input != NULL ? tenon_rows(input) : (size_t)released_rows;
    if (rows != given)
        tenon_fail(TENON_BAD_CONFIG,
            "this batch has %zu rows, but the function was given %zu, and rows are rejected by their positions in those: "
            "leave the rejected ones out before filtering and whatever else leaves rows out, moves or adds them",
            rows, given);
    return rows == given;
}

tenon_batch *tenon_without_rejected(tenon_batch *batch)
{
    if (batch == NULL)
        return NULL;
    size_t rows = tenon_rows(batch);
    if (!has_rows_of_input(rows))
        return NULL;
    if (count == 0)
        return batch;
    uint32_t *kept = tenon_alloc_array(rows, sizeof *kept);
    size_t kept_count = 0;
    for (size_t row = 0; row < rows; row++) {
        kept[kept_count] = (uint32_t)row;
        kept_count += !is_rejected(row);
    }
    return tenon_take(batch, kept, kept_count);
}

void tenon_reject_begin(tenon_batch *batch)
{
    input = batch;
    released_rows = -1;
    for (size_t i = 0; i < count; i++)
        transformer_string_free(&rejections[i].reason);
    free(rejections);
    free(seen);
    rejections = NULL;
    seen = NULL;
    count = capacity = seen_bytes = 0;
}

void tenon_reject_releases(tenon_batch *batch)
{
    if (batch != input)
        return;
    released_rows = (int64_t)tenon_rows(batch);
    input = NULL;
}

exports_tenon_etl_transform_list_rejection_t tenon_reject_take(void)
{
    exports_tenon_etl_transform_list_rejection_t taken = {rejections, count};
    if (count == 0)
        free(rejections);
    rejections = NULL;
    count = capacity = 0;
    return taken;
}
