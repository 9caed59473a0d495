/* Columns of fixed width, and what all columns have in common. */
#include <string.h>

#include "strings.h"

/* Columns as they crossed; each piece of their memory becomes the call's. */
static tenon_column *adopt_column(tenon_etl_batches_column_t *wire, const tenon_field *field)
{
    tenon_column *column = tenon_alloc(sizeof *column);
    column->field = field;
    column->nodes = (tenon_node *)(void *)wire->nodes.ptr;
    column->node_count = wire->nodes.len;
    column->buffers = (tenon_buffer *)(void *)wire->buffers.ptr;
    column->buffer_count = wire->buffers.len;
    if (column->node_count != 0)
        tenon_adopt(column->nodes);
    if (column->buffer_count != 0)
        tenon_adopt(column->buffers);
    for (size_t i = 0; i < column->buffer_count; i++) {
        if (column->buffers[i].size != 0)
            tenon_adopt(column->buffers[i].data);
        else
            column->buffers[i].data = NULL;
    }
    return column;
}

tenon_column *tenon_read_at(tenon_batch *batch, size_t position)
{
    if (batch == NULL)
        return NULL;
    const tenon_schema *schema = tenon_schema_of(batch);
    if (position >= schema->column_count) {
        tenon_fail(TENON_BAD_CONFIG, "there is no column %zu; there are %zu", position, schema->column_count);
        return NULL;
    }
    uint32_t wanted = (uint32_t)position;
    transformer_list_u32_t positions = {&wanted, 1};
    tenon_etl_batches_list_column_t columns;
    tenon_etl_errors_error_t error;
    if (!tenon_etl_batches_method_batch_read(tenon_lend_handle(batch), &positions, &columns, &error)) {
        tenon_fail_host(&error);
        return NULL;
    }
    tenon_adopt(columns.ptr);
    return adopt_column(&columns.ptr[0], schema->columns[position]);
}

tenon_column *tenon_read(tenon_batch *batch, const char *name)
{
    if (batch == NULL || tenon_find(tenon_schema_of(batch), name) == NULL)
        return NULL;
    return tenon_read_at(batch, (size_t)tenon_position(tenon_schema_of(batch), name));
}

size_t tenon_column_rows(const tenon_column *column)
{
    return column == NULL || column->node_count == 0 ? 0 : column->nodes[0].length;
}

const uint8_t *tenon_validity(const tenon_column *column)
{
    bool has_nulls = column != NULL && column->nodes[0].nulls != 0 && column->buffer_count != 0;
    return has_nulls ? column->buffers[0].data : NULL;
}

static const char *const TYPE_NAMES[] = {
    "null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "date", "date_millis", "time32", "time64", "timestamp", "duration", "decimal32", "decimal64", "decimal128",
    "decimal256", "months", "day_millis", "month_day_nanos", "text", "bytes", "bytes", NULL};

void tenon_fail_type(const tenon_field *field, tenon_type wanted)
{
    tenon_type found = tenon_type_of(field);
    bool readable = TYPE_NAMES[found] != NULL && found != TENON_TYPE_NULL
        && (!field->dictionary || found >= TENON_TYPE_TEXT);
    const char *accessor = readable ? tenon_format("`tenon_read_%s`", TYPE_NAMES[found]) : "`tenon_read`, which is raw";
    tenon_fail(TENON_BAD_CONFIG, "column `%s` is %s, not %s; read it with %s", field->name.data, tenon_type_name(field),
        TYPE_NAMES[wanted], accessor);
}

/* The error of a column whose buffers are not what its type needs. */
static const void *broken(const tenon_column *column)
{
    tenon_fail(TENON_INTERNAL, "the buffers of column `%s` don't fit its type and length", column->field->name.data);
    return NULL;
}

const void *tenon_values(const tenon_column *column, tenon_type type)
{
    /* What values of a column without rows point to: not NULL, aligned as any value, and never read. */
    static const _Alignas(16) tenon_int256 none;
    if (column == NULL)
        return NULL;
    if (column->field->dictionary || tenon_type_of(column->field) != type) {
        tenon_fail_type(column->field, type);
        return NULL;
    }
    size_t rows = tenon_column_rows(column);
    size_t width = tenon_width_of(column->field);
    size_t bytes = type == TENON_TYPE_BOOL ? (rows + 7) / 8 : rows * width;
    if (column->buffer_count < 2 || column->buffers[1].size < bytes)
        return broken(column);
    return rows == 0 ? (const void *)&none : column->buffers[1].data;
}

tenon_bools tenon_as_bool(const tenon_column *column)
{
    const void *bits = tenon_values(column, TENON_TYPE_BOOL);
    tenon_bools view = {NULL, NULL, 0, NULL};
    if (bits == NULL)
        return view;
    view.bits = bits;
    view.validity = tenon_validity(column);
    view.rows = tenon_column_rows(column);
    view.field = column->field;
    return view;
}

tenon_bools tenon_read_bool(tenon_batch *batch, const char *name)
{
    return tenon_as_bool(tenon_read(batch, name));
}

tenon_column *tenon_new_leaf(const char *format, size_t rows, size_t buffers)
{
    if (rows > UINT32_MAX)
        tenon_panic("%zu rows are more than a column may have", rows);
    tenon_field *field = tenon_alloc(sizeof *field);
    *field = tenon_plain_field("", format);
    tenon_column *column = tenon_alloc(sizeof *column);
    column->field = field;
    column->nodes = tenon_alloc(sizeof(tenon_node));
    column->nodes->length = (uint32_t)rows;
    column->node_count = 1;
    column->buffers = tenon_alloc_array(buffers, sizeof(tenon_buffer));
    column->buffer_count = buffers;
    return column;
}

tenon_column *tenon_new_fixed(const char *format, size_t rows, void **values)
{
    tenon_column *column = tenon_new_leaf(format, rows, 2);
    size_t width = tenon_width_of(column->field);
    if (width == 0)
        tenon_panic("`%s` is no format of values of fixed width", format);
    column->buffers[1].data = tenon_alloc_array(rows, width);
    column->buffers[1].size = rows * width;
    *values = column->buffers[1].data;
    return column;
}

tenon_column *tenon_new_bool(size_t rows)
{
    tenon_column *column = tenon_new_leaf("b", rows, 2);
    column->buffers[1].size = (rows + 7) / 8;
    column->buffers[1].data = tenon_alloc(column->buffers[1].size);
    return column;
}

static void check_row(const tenon_column *column, size_t row)
{
    if (row >= column->nodes[0].length)
        tenon_panic("there is no row %zu: the column has %u", row, (unsigned)column->nodes[0].length);
}

void tenon_set_true(tenon_column *column, size_t row)
{
    check_row(column, row);
    column->buffers[1].data[row >> 3] |= (uint8_t)(1u << (row & 7));
}

void tenon_set_null(tenon_column *column, size_t row)
{
    check_row(column, row);
    tenon_buffer *validity = &column->buffers[0];
    if (validity->data == NULL) {
        size_t rows = column->nodes[0].length;
        validity->size = (rows + 7) / 8;
        validity->data = tenon_alloc(validity->size);
        memset(validity->data, 0xff, validity->size);
        if (rows % 8 != 0)
            validity->data[validity->size - 1] = (uint8_t)((1u << (rows & 7)) - 1);
    }
    uint8_t bit = (uint8_t)(1u << (row & 7));
    column->nodes[0].nulls += (validity->data[row >> 3] & bit) != 0;
    validity->data[row >> 3] &= (uint8_t)~bit;
}

tenon_column *tenon_new_null(size_t rows)
{
    tenon_column *column = tenon_new_leaf("n", rows, 0);
    column->nodes[0].nulls = (uint32_t)rows;
    return column;
}

tenon_column *tenon_like(tenon_column *column, const tenon_field *field)
{
    if (column != NULL && field != NULL)
        column->field = field;
    return column;
}
