/* Rows that a function refuses. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* More rows than a batch can have. What lies beyond is no row, and the host says so. */
enum { MOST_ROWS = 1 << 24 };

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

tenon_batch *tenon_without_rejected(tenon_batch *batch)
{
    if (batch == NULL || count == 0)
        return batch;
    size_t rows = tenon_rows(batch);
    uint32_t *kept = tenon_alloc_array(rows, sizeof *kept);
    size_t kept_count = 0;
    for (size_t row = 0; row < rows; row++) {
        kept[kept_count] = (uint32_t)row;
        kept_count += !is_rejected(row);
    }
    return tenon_take(batch, kept, kept_count);
}

void tenon_reject_begin(void)
{
    for (size_t i = 0; i < count; i++)
        transformer_string_free(&rejections[i].reason);
    free(rejections);
    free(seen);
    rejections = NULL;
    seen = NULL;
    count = capacity = seen_bytes = 0;
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
