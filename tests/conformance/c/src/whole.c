// Functions over whole batches: handles, raw columns, and what the host computes.
#include <tenon.h>

#include "conformance.h"

static tenon_batch *pass(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    return batch;
}
TENON_TRANSFORM(pass, tenon_no_config, .doc = "Answers with its batch.")

static tenon_batch *raw(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    const tenon_schema *schema = tenon_schema_of(batch);
    tenon_column **columns = tenon_alloc_array(schema->column_count, sizeof *columns);
    for (size_t i = 0; i < schema->column_count; i++)
        columns[i] = tenon_read_at(batch, i);
    return tenon_build(schema, tenon_rows(batch), columns);
}
TENON_TRANSFORM(raw, tenon_no_config, .doc = "Reads every column raw and builds the batch anew.")

typedef struct {
    tenon_text_list expressions;
} Kernel;

TENON_CONFIG(Kernel, TENON_KEY(Kernel, expressions, "One column each."))

static tenon_batch *kernel(tenon_batch *batch, const Kernel *config)
{
    return tenon_eval(batch, config->expressions);
}
TENON_TRANSFORM(kernel, Kernel, .doc = "Columns that the host computes.")

typedef struct {
    const char *predicate;
} Filter;

TENON_CONFIG(Filter, TENON_KEY(Filter, predicate, "Which rows to keep."))

static tenon_batch *filter(tenon_batch *batch, const Filter *config)
{
    return tenon_filter(batch, config->predicate);
}
TENON_TRANSFORM(filter, Filter, .doc = "Rows for which the host finds a predicate true.")

static tenon_batch *reject_late(tenon_batch *batch, const Filter *config)
{
    tenon_reject(0, "it is the first");
    return tenon_without_rejected(tenon_filter(batch, config->predicate));
}
TENON_TRANSFORM(reject_late, Filter, .doc = "Filters before it leaves out what it rejected.")

typedef struct {
    int64_t offset;
    int64_t length;
} Slice;

TENON_CONFIG(Slice, TENON_KEY(Slice, offset, "The first row."), TENON_KEY(Slice, length, "How many rows."))

static tenon_batch *slice(tenon_batch *batch, const Slice *config)
{
    if (probing(batch))
        return batch;
    return tenon_slice(batch, (size_t)config->offset, (size_t)config->length);
}
TENON_TRANSFORM(slice, Slice, .doc = "Some of the rows.")

typedef struct {
    tenon_integer_list rows;
} Take;

TENON_CONFIG(Take, TENON_KEY(Take, rows, "Positions of rows."))

static tenon_batch *take(tenon_batch *batch, const Take *config)
{
    if (probing(batch))
        return batch;
    uint32_t *rows = tenon_alloc_array(config->rows.count, sizeof *rows);
    for (size_t i = 0; i < config->rows.count; i++)
        rows[i] = (uint32_t)config->rows.items[i];
    return tenon_take(batch, rows, config->rows.count);
}
TENON_TRANSFORM(take, Take, .doc = "The rows at these positions.")

typedef struct {
    tenon_text_list columns;
} Select;

TENON_CONFIG(Select, TENON_KEY(Select, columns, "Names of columns."))

static tenon_batch *select(tenon_batch *batch, const Select *config)
{
    return tenon_select(batch, config->columns);
}
TENON_TRANSFORM(select, Select, .doc = "Some of the columns.")

static tenon_batch *concat(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    tenon_batch *twice[] = {batch, batch};
    return tenon_concat(twice, 2);
}
TENON_TRANSFORM(concat, tenon_no_config, .doc = "The batch twice.")

static tenon_batch *missing(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    tenon_read_int64(batch, "nowhere");
    return batch;
}
TENON_TRANSFORM(missing, tenon_no_config, .doc = "Reads a column that isn't there.")
