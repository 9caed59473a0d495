/* The stand-in's batches: the functions that the bindings import, over memory. What it holds, it holds until the end. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

static host_batch **batches;
static int32_t batch_count;

host_batch *host_batch_of(int32_t handle)
{
    if (handle <= 0 || handle > batch_count || batches[handle - 1] == NULL)
        tenon_panic("there is no batch behind the handle %d: was it released?", (int)handle);
    return batches[handle - 1];
}

int32_t host_handle(host_batch *batch)
{
    batches = realloc(batches, (size_t)(batch_count + 1) * sizeof *batches);
    if (batches == NULL)
        tenon_out_of_memory(0);
    batches[batch_count++] = batch;
    batch->handles++;
    return batch_count;
}

bool host_fail(tenon_etl_errors_error_t *error, tenon_error_kind kind, const char *message)
{
    error->kind = (tenon_etl_errors_kind_t)kind;
    error->message = tenon_string_given(message);
    error->context.ptr = NULL;
    error->context.len = 0;
    return false;
}

/* What the host keeps outlives every call: it is allocated as what belongs to none. */
static tenon_owner kept;

static bool answer(host_batch *batch, tenon_etl_batches_own_batch_t *handle)
{
    handle->__handle = host_handle(batch);
    return true;
}

static host_batch *make(const tenon_schema *schema, size_t rows)
{
    host_batch *batch = tenon_alloc(sizeof *batch);
    batch->schema = schema;
    batch->rows = (uint32_t)rows;
    batch->columns = tenon_alloc_array(schema->column_count, sizeof *batch->columns);
    return batch;
}

static tenon_buffer copy_buffer(const uint8_t *data, size_t size)
{
    tenon_buffer copy = {tenon_alloc(size), size};
    if (size != 0)
        memcpy(copy.data, data, size);
    return copy;
}

/* A schema that stays, of one that is lent. */
static const tenon_schema *keep_schema(const tenon_etl_arrow_schema_t *lent)
{
    tenon_field *fields = tenon_alloc_array(lent->len, sizeof *fields);
    for (size_t i = 0; i < lent->len; i++) {
        const tenon_etl_arrow_field_t *from = &lent->ptr[i];
        fields[i].name = tenon_copy_text((const char *)from->name.ptr, from->name.len);
        fields[i].format = tenon_copy_text((const char *)from->format.ptr, from->format.len);
        fields[i].dictionary = from->encoding == TENON_ETL_ARROW_ENCODING_DICTIONARY;
        fields[i].nullable = from->nullable;
        fields[i].children = from->children;
    }
    tenon_schema unshaped = {.fields = fields, .field_count = lent->len};
    tenon_etl_arrow_schema_t wire = tenon_schema_given(&unshaped);
    return tenon_schema_from_wire(&wire);
}

static tenon_column *keep_column(const tenon_etl_arrow_column_t *lent, const tenon_field *field)
{
    tenon_column *column = tenon_alloc(sizeof *column);
    column->field = field;
    column->node_count = lent->nodes.len;
    column->nodes = tenon_alloc_array(column->node_count, sizeof(tenon_node));
    for (size_t i = 0; i < column->node_count; i++)
        column->nodes[i] = (tenon_node){lent->nodes.ptr[i].length, lent->nodes.ptr[i].nulls};
    column->buffer_count = lent->buffers.len;
    column->buffers = tenon_alloc_array(column->buffer_count, sizeof(tenon_buffer));
    for (size_t i = 0; i < column->buffer_count; i++)
        column->buffers[i] = copy_buffer(lent->buffers.ptr[i].ptr, lent->buffers.ptr[i].len);
    return column;
}

void tenon_etl_batches_method_batch_schema(tenon_etl_batches_borrow_batch_t self, tenon_etl_batches_schema_t *schema)
{
    *schema = tenon_schema_given(host_batch_of(self.__handle)->schema);
}

uint32_t tenon_etl_batches_method_batch_rows(tenon_etl_batches_borrow_batch_t self)
{
    return host_batch_of(self.__handle)->rows;
}

static void *given(const void *data, size_t size)
{
    return size == 0 ? NULL : memcpy(tenon_must_malloc(size), data, size);
}

bool tenon_etl_batches_method_batch_read(tenon_etl_batches_borrow_batch_t self, transformer_list_u32_t *positions,
    tenon_etl_batches_list_column_t *columns, tenon_etl_batches_error_t *error)
{
    host_batch *batch = host_batch_of(self.__handle);
    columns->len = positions->len;
    columns->ptr = tenon_must_malloc((positions->len + 1) * sizeof *columns->ptr);
    for (size_t i = 0; i < positions->len; i++) {
        if (positions->ptr[i] >= batch->schema->column_count)
            return host_fail(error, TENON_BAD_CONFIG, "there is no column at that position");
        const tenon_column *from = batch->columns[positions->ptr[i]];
        tenon_etl_arrow_column_t *to = &columns->ptr[i];
        to->nodes.len = from->node_count;
        to->nodes.ptr = given(from->nodes, from->node_count * sizeof(tenon_node));
        to->buffers.len = from->buffer_count;
        to->buffers.ptr = given(from->buffers, from->buffer_count * sizeof(tenon_buffer));
        for (size_t buffer = 0; buffer < from->buffer_count; buffer++)
            to->buffers.ptr[buffer].ptr = given(from->buffers[buffer].data, from->buffers[buffer].size);
    }
    return true;
}

bool tenon_etl_batches_static_batch_build(tenon_etl_batches_schema_t *schema, uint32_t rows,
    tenon_etl_batches_list_column_t *columns, tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    tenon_owner_begin(&kept);
    const tenon_schema *own = keep_schema(schema);
    host_batch *batch = make(own, rows);
    const char *fault = own->column_count == columns->len ? NULL : "the schema has another number of columns than were given";
    for (size_t i = 0; fault == NULL && i < columns->len; i++) {
        batch->columns[i] = keep_column(&columns->ptr[i], own->columns[i]);
        if (tenon_column_rows(batch->columns[i]) != rows)
            fault = tenon_format("column `%s` has %zu rows, but the batch has %u", own->columns[i]->name.data,
                tenon_column_rows(batch->columns[i]), (unsigned)rows);
    }
    tenon_owner_suspend(&kept);
    return fault == NULL ? answer(batch, handle) : host_fail(error, TENON_BAD_DATA, fault);
}

bool tenon_etl_batches_method_batch_with_columns(tenon_etl_batches_borrow_batch_t self, tenon_etl_batches_schema_t *fields,
    tenon_etl_batches_list_column_t *columns, tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    (void)error;
    host_batch *from = host_batch_of(self.__handle);
    tenon_owner_begin(&kept);
    const tenon_schema *added = keep_schema(fields);
    size_t most = from->schema->column_count + added->column_count;
    const tenon_field **names = tenon_alloc_array(most, sizeof *names);
    tenon_column **all = tenon_alloc_array(most, sizeof *all);
    size_t count = from->schema->column_count;
    memcpy(names, from->schema->columns, count * sizeof *names);
    memcpy(all, from->columns, count * sizeof *all);
    for (size_t i = 0; i < added->column_count; i++) {
        size_t position = 0;
        while (position < count && !tenon_text_equals(names[position]->name, added->columns[i]->name))
            position++;
        names[position] = added->columns[i];
        all[position] = keep_column(&columns->ptr[i], added->columns[i]);
        count += position == count;
    }
    host_batch *batch = make(tenon_schema_of_fields(names, count), from->rows);
    memcpy(batch->columns, all, count * sizeof *all);
    tenon_owner_suspend(&kept);
    return answer(batch, handle);
}

bool tenon_etl_batches_method_batch_select(tenon_etl_batches_borrow_batch_t self, transformer_list_string_t *names,
    tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    host_batch *from = host_batch_of(self.__handle);
    tenon_owner_begin(&kept);
    const tenon_field **fields = tenon_alloc_array(names->len, sizeof *fields);
    tenon_column **columns = tenon_alloc_array(names->len, sizeof *columns);
    const char *fault = NULL;
    for (size_t i = 0; i < names->len && fault == NULL; i++) {
        const char *name = tenon_copy_text((const char *)names->ptr[i].ptr, names->ptr[i].len).data;
        ptrdiff_t position = tenon_position(from->schema, name);
        if (position < 0) {
            fault = tenon_format("there is no column `%s`", name);
        } else {
            fields[i] = from->schema->columns[position];
            columns[i] = from->columns[position];
        }
    }
    host_batch *batch = fault == NULL ? make(tenon_schema_of_fields(fields, names->len), from->rows) : NULL;
    if (batch != NULL)
        memcpy(batch->columns, columns, names->len * sizeof *columns);
    tenon_owner_suspend(&kept);
    return fault == NULL ? answer(batch, handle) : host_fail(error, TENON_BAD_CONFIG, fault);
}

/* Rows of several batches of one schema. */
static bool pick(host_batch *const *from, size_t part_count, const uint32_t *parts, const uint32_t *rows, size_t count,
    tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    tenon_owner_begin(&kept);
    host_batch *batch = make(from[0]->schema, count);
    tenon_column **columns = tenon_alloc_array(part_count, sizeof *columns);
    const char *fault = NULL;
    for (size_t i = 0; i < batch->schema->column_count && fault == NULL; i++) {
        for (size_t part = 0; part < part_count; part++)
            columns[part] = from[part]->columns[i];
        batch->columns[i] = host_pick(columns, parts, rows, count);
        if (batch->columns[i] == NULL)
            fault = tenon_format("the stand-in for the host can't pick rows of column `%s`, which has children",
                batch->schema->columns[i]->name.data);
    }
    tenon_owner_suspend(&kept);
    return fault == NULL ? answer(batch, handle) : host_fail(error, TENON_UNSUPPORTED, fault);
}

bool tenon_etl_batches_method_batch_take(tenon_etl_batches_borrow_batch_t self, transformer_list_u32_t *rows,
    tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    host_batch *from = host_batch_of(self.__handle);
    for (size_t i = 0; i < rows->len; i++) {
        if (rows->ptr[i] >= from->rows)
            return host_fail(error, TENON_BAD_CONFIG, tenon_format("there is no row %u", (unsigned)rows->ptr[i]));
    }
    uint32_t *parts = tenon_alloc_array(rows->len, sizeof *parts);
    return pick(&from, 1, parts, rows->ptr, rows->len, handle, error);
}

bool tenon_etl_batches_method_batch_slice(tenon_etl_batches_borrow_batch_t self, uint32_t offset, uint32_t length,
    tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    host_batch *from = host_batch_of(self.__handle);
    if ((uint64_t)offset + length > from->rows)
        return host_fail(error, TENON_BAD_CONFIG, "these rows are past the end");
    uint32_t *rows = tenon_alloc_array(length, sizeof *rows);
    for (uint32_t i = 0; i < length; i++)
        rows[i] = offset + i;
    transformer_list_u32_t list = {rows, length};
    return tenon_etl_batches_method_batch_take(self, &list, handle, error);
}

bool tenon_etl_batches_static_batch_concat(
    tenon_etl_batches_list_borrow_batch_t *parts, tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    if (parts->len == 0)
        return host_fail(error, TENON_BAD_CONFIG, "concat needs at least one batch");
    host_batch **from = tenon_alloc_array(parts->len, sizeof *from);
    size_t total = 0;
    for (size_t part = 0; part < parts->len; part++) {
        from[part] = host_batch_of(parts->ptr[part].__handle);
        if (from[part]->schema->column_count != from[0]->schema->column_count)
            return host_fail(error, TENON_BAD_CONFIG, "concat needs batches of one schema");
        total += from[part]->rows;
    }
    uint32_t *of_part = tenon_alloc_array(total, sizeof *of_part);
    uint32_t *rows = tenon_alloc_array(total, sizeof *rows);
    size_t next = 0;
    for (size_t part = 0; part < parts->len; part++) {
        for (uint32_t row = 0; row < from[part]->rows; row++) {
            of_part[next] = (uint32_t)part;
            rows[next++] = row;
        }
    }
    return pick(from, parts->len, of_part, rows, total, handle, error);
}

tenon_etl_batches_own_batch_t tenon_etl_batches_method_batch_share(tenon_etl_batches_borrow_batch_t self)
{
    tenon_etl_batches_own_batch_t handle = {host_handle(host_batch_of(self.__handle))};
    return handle;
}

void tenon_etl_batches_batch_drop_own(tenon_etl_batches_own_batch_t handle)
{
    host_batch_of(handle.__handle)->handles--;
    batches[handle.__handle - 1] = NULL;
}

tenon_etl_batches_borrow_batch_t tenon_etl_batches_borrow_batch(tenon_etl_batches_own_batch_t handle)
{
    tenon_etl_batches_borrow_batch_t lent = {handle.__handle};
    return lent;
}
