// Functions over whole batches: handles, raw columns, and what the host computes.
#include <vector>

#include <tenon.hpp>

#include "probe.hpp"

static tenon::Batch pass(tenon::Batch batch, const tenon_no_config *)
{
    return batch;
}
TENON_TRANSFORM(pass, tenon_no_config, .doc = "Answers with its batch.")

static tenon::Batch raw(tenon::Batch batch, const tenon_no_config *)
{
    const tenon_schema *schema = batch.schema();
    std::vector<tenon_column *> columns;
    for (std::size_t position = 0; position < schema->column_count; position++)
        columns.push_back(batch.raw(position));
    return tenon::Batch::build(schema, batch.rows(), columns);
}
TENON_TRANSFORM(raw, tenon_no_config, .doc = "Reads every column raw and builds the batch anew.")

struct Kernel {
    tenon_text_list expressions;
};
TENON_CONFIG(Kernel, TENON_KEY(Kernel, expressions, "One column each."))

static tenon::Batch kernel(tenon::Batch batch, const Kernel *config)
{
    return batch.eval(config->expressions);
}
TENON_TRANSFORM(kernel, Kernel, .doc = "Columns that the host computes.")

struct Filter {
    const char *predicate;
};
TENON_CONFIG(Filter, TENON_KEY(Filter, predicate, "Which rows to keep."))

static tenon::Batch filter(tenon::Batch batch, const Filter *config)
{
    return batch.filter(config->predicate);
}
TENON_TRANSFORM(filter, Filter, .doc = "Rows for which the host finds a predicate true.")

static tenon::Batch reject_late(tenon::Batch batch, const Filter *config)
{
    tenon_reject(0, "it is the first");
    return batch.filter(config->predicate).without_rejected();
}
TENON_TRANSFORM(reject_late, Filter, .doc = "Filters before it leaves out what it rejected.")

struct Slice {
    std::int64_t offset;
    std::int64_t length;
};
TENON_CONFIG(Slice, TENON_KEY(Slice, offset, "The first row."), TENON_KEY(Slice, length, "How many rows."))

static tenon::Batch slice(tenon::Batch batch, const Slice *config)
{
    if (probing(batch))
        return batch;
    return batch.slice(static_cast<std::size_t>(config->offset), static_cast<std::size_t>(config->length));
}
TENON_TRANSFORM(slice, Slice, .doc = "Some of the rows.")

struct Take {
    tenon_integer_list rows;
};
TENON_CONFIG(Take, TENON_KEY(Take, rows, "Positions of rows."))

static tenon::Batch take(tenon::Batch batch, const Take *config)
{
    if (probing(batch))
        return batch;
    return batch.take(std::vector<std::uint32_t>(config->rows.items, config->rows.items + config->rows.count));
}
TENON_TRANSFORM(take, Take, .doc = "The rows at these positions.")

struct Select {
    tenon_text_list columns;
};
TENON_CONFIG(Select, TENON_KEY(Select, columns, "Names of columns."))

static tenon::Batch select_columns(tenon::Batch batch, const Select *config)
{
    return batch.select(config->columns);
}
TENON_TRANSFORM_AS(select_columns, "select", Select, .doc = "Some of the columns.")

static tenon::Batch concat(tenon::Batch batch, const tenon_no_config *)
{
    return tenon::Batch::concat({batch, batch});
}
TENON_TRANSFORM(concat, tenon_no_config, .doc = "The batch twice.")

static tenon::Batch missing(tenon::Batch batch, const tenon_no_config *)
{
    batch.column<std::int64_t>("nowhere");
    return batch;
}
TENON_TRANSFORM(missing, tenon_no_config, .doc = "Reads a column that isn't there.")
