/* Batches: handles, and what the host does with them. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static tenon_batch *add_to(tenon_owner *owner, tenon_etl_batches_own_batch_t handle, const tenon_schema *schema)
{
    tenon_batch *batch = tenon_must_malloc(sizeof *batch);
    batch->handle = handle;
    batch->schema = schema;
    batch->rows = -1;
    batch->owner = owner;
    batch->next = NULL;
    if (owner != NULL) {
        batch->next = owner->batches;
        owner->batches = batch;
    }
    return batch;
}

tenon_batch *tenon_adopt_batch(tenon_etl_batches_own_batch_t handle, const tenon_schema *schema)
{
    return add_to(tenon_owner_now(), handle, schema);
}

tenon_etl_batches_borrow_batch_t tenon_lend_handle(const tenon_batch *batch)
{
    return tenon_etl_batches_borrow_batch(batch->handle);
}

/* Takes a batch out of its owner's list and frees all but the handle. */
static void forget(tenon_batch *batch)
{
    if (batch->owner != NULL) {
        tenon_batch **link = &batch->owner->batches;
        while (*link != batch)
            link = &(*link)->next;
        *link = batch->next;
    }
    free(batch);
}

tenon_etl_batches_own_batch_t tenon_give_handle(tenon_batch *batch)
{
    tenon_etl_batches_own_batch_t handle = batch->handle;
    forget(batch);
    return handle;
}

void tenon_release(tenon_batch *batch)
{
    if (batch == NULL)
        return;
    tenon_reject_releases(batch);
    tenon_etl_batches_own_batch_t handle = batch->handle;
    forget(batch);
    tenon_etl_batches_batch_drop_own(handle);
}

/* A batch of what a call of the host gave, or NULL. */
static tenon_batch *made(
    bool succeeded, tenon_etl_batches_own_batch_t handle, tenon_etl_errors_error_t *error, const tenon_schema *schema)
{
    if (succeeded)
        return tenon_adopt_batch(handle, schema);
    tenon_fail_host(error);
    return NULL;
}

size_t tenon_rows(tenon_batch *batch)
{
    if (batch == NULL)
        return 0;
    if (batch->rows < 0)
        batch->rows = tenon_etl_batches_method_batch_rows(tenon_lend_handle(batch));
    return (size_t)batch->rows;
}

const tenon_schema *tenon_schema_of(tenon_batch *batch)
{
    if (batch == NULL)
        return NULL;
    if (batch->schema == NULL) {
        tenon_etl_arrow_schema_t wire;
        tenon_etl_batches_method_batch_schema(tenon_lend_handle(batch), &wire);
        const tenon_schema *schema = tenon_schema_from_wire(&wire);
        /* It is the call's, which a batch that was kept outlives. */
        if (batch->owner == NULL)
            return schema;
        batch->schema = schema;
    }
    return batch->schema;
}

/* The columns' fields under the names that they are to have; NULL if a column is missing. */
static const tenon_schema *named_fields(const tenon_named *columns, size_t count, tenon_column **plain, size_t rows)
{
    const tenon_field **fields = tenon_alloc_array(count, sizeof *fields);
    for (size_t i = 0; i < count; i++) {
        tenon_column *column = columns[i].column;
        if (column == NULL) {
            tenon_fail(TENON_INTERNAL, "column `%s` was not made", columns[i].name);
            return NULL;
        }
        if (tenon_column_rows(column) != rows) {
            tenon_fail(TENON_BAD_DATA, "column `%s` has %zu rows, but the batch has %zu", columns[i].name,
                tenon_column_rows(column), rows);
            return NULL;
        }
        size_t fields_below = column->field->descendants;
        tenon_field *field = tenon_alloc_array(fields_below + 1, sizeof *field);
        memcpy(field, column->field, (fields_below + 1) * sizeof *field);
        field->name = tenon_copy_text(columns[i].name, strlen(columns[i].name));
        fields[i] = field;
        plain[i] = column;
    }
    return tenon_schema_of_fields(fields, count);
}

tenon_batch *tenon_with_columns(tenon_batch *batch, const tenon_named *columns, size_t count)
{
    if (batch == NULL)
        return NULL;
    tenon_column **plain = tenon_alloc_array(count, sizeof *plain);
    const tenon_schema *fields = named_fields(columns, count, plain, tenon_rows(batch));
    if (fields == NULL)
        return NULL;
    tenon_etl_arrow_schema_t schema = tenon_schema_lent(fields->fields, fields->field_count);
    tenon_etl_batches_list_column_t wire = tenon_columns_lent(plain, count);
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    bool succeeded =
        tenon_etl_batches_method_batch_with_columns(tenon_lend_handle(batch), &schema, &wire, &handle, &error);
    return made(succeeded, handle, &error, NULL);
}

tenon_batch *tenon_with(tenon_batch *batch, const char *name, tenon_column *column)
{
    tenon_named named = {name, column};
    return tenon_with_columns(batch, &named, 1);
}

tenon_batch *tenon_build(const tenon_schema *schema, size_t rows, tenon_column *const *columns)
{
    if (schema == NULL || tenon_failed())
        return NULL;
    for (size_t i = 0; i < schema->column_count; i++) {
        if (columns[i] == NULL) {
            tenon_fail(TENON_INTERNAL, "column `%s` was not made", schema->columns[i]->name.data);
            return NULL;
        }
    }
    tenon_etl_arrow_schema_t fields = tenon_schema_lent(schema->fields, schema->field_count);
    tenon_etl_batches_list_column_t wire = tenon_columns_lent(columns, schema->column_count);
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    bool succeeded = tenon_etl_batches_static_batch_build(&fields, (uint32_t)rows, &wire, &handle, &error);
    return made(succeeded, handle, &error, schema);
}

tenon_batch *tenon_batch_of(const tenon_named *columns, size_t count)
{
    if (tenon_failed())
        return NULL;
    tenon_column **plain = tenon_alloc_array(count, sizeof *plain);
    size_t rows = count == 0 ? 0 : tenon_column_rows(columns[0].column);
    return tenon_build(named_fields(columns, count, plain, rows), rows, plain);
}

tenon_batch *tenon_build_empty(const tenon_schema *schema)
{
    if (schema == NULL)
        return NULL;
    tenon_column **columns = tenon_alloc_array(schema->column_count, sizeof *columns);
    for (size_t i = 0; i < schema->column_count; i++) {
        const tenon_field *field = schema->columns[i];
        tenon_column *column = columns[i] = tenon_alloc(sizeof *column);
        column->field = field;
        column->node_count = field->descendants + (size_t)1;
        column->nodes = tenon_alloc_array(column->node_count, sizeof(tenon_node));
        for (size_t below = 0; below <= field->descendants; below++)
            column->buffer_count += tenon_buffers_of(&field[below]);
        column->buffers = tenon_alloc_array(column->buffer_count, sizeof(tenon_buffer));
    }
    return tenon_build(schema, 0, columns);
}

tenon_batch *tenon_select(tenon_batch *batch, tenon_text_list names)
{
    if (batch == NULL)
        return NULL;
    transformer_list_string_t wire = tenon_strings_lent(names);
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    return made(tenon_etl_batches_method_batch_select(tenon_lend_handle(batch), &wire, &handle, &error), handle, &error, NULL);
}

tenon_batch *tenon_slice(tenon_batch *batch, size_t offset, size_t length)
{
    if (batch == NULL)
        return NULL;
    uint32_t from = offset > UINT32_MAX ? UINT32_MAX : (uint32_t)offset;
    uint32_t rows = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    bool succeeded = tenon_etl_batches_method_batch_slice(tenon_lend_handle(batch), from, rows, &handle, &error);
    return made(succeeded, handle, &error, batch->schema);
}

tenon_batch *tenon_take(tenon_batch *batch, const uint32_t *rows, size_t count)
{
    if (batch == NULL)
        return NULL;
    transformer_list_u32_t wire = {(uint32_t *)rows, count};
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    bool succeeded = tenon_etl_batches_method_batch_take(tenon_lend_handle(batch), &wire, &handle, &error);
    return made(succeeded, handle, &error, batch->schema);
}

tenon_batch *tenon_concat(tenon_batch *const *parts, size_t count)
{
    tenon_etl_batches_list_borrow_batch_t wire = {tenon_alloc_array(count, sizeof *wire.ptr), count};
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NULL)
            return NULL;
        wire.ptr[i] = tenon_lend_handle(parts[i]);
    }
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    bool succeeded = tenon_etl_batches_static_batch_concat(&wire, &handle, &error);
    return made(succeeded, handle, &error, count == 0 ? NULL : parts[0]->schema);
}

tenon_batch *tenon_share(tenon_batch *batch)
{
    if (batch == NULL)
        return NULL;
    return tenon_adopt_batch(tenon_etl_batches_method_batch_share(tenon_lend_handle(batch)), batch->schema);
}

tenon_batch *tenon_keep(tenon_batch *batch)
{
    if (batch == NULL)
        return NULL;
    return add_to(NULL, tenon_etl_batches_method_batch_share(tenon_lend_handle(batch)), NULL);
}
