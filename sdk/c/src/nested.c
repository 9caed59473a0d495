/* Columns with children: their nodes and buffers follow those of their parent, in pre-order. */
#include <string.h>

#include <tenon/nested.h>

#include "strings.h"

size_t tenon_buffers_of(const tenon_field *field)
{
    const char *format = field->format.data;
    switch (tenon_type_of(field)) {
    case TENON_TYPE_NULL: return field->dictionary ? 2 : 0;
    case TENON_TYPE_TEXT:
    case TENON_TYPE_BYTES: return field->dictionary ? 2 : 3;
    case TENON_TYPE_NESTED:
        if (field->dictionary)
            return 2;
        if (strcmp(format, "+r") == 0)
            return 0;
        return strcmp(format, "+s") == 0 || strncmp(format, "+w", 2) == 0 || strncmp(format, "+us", 3) == 0 ? 1 : 2;
    default: return 2;
    }
}

/* The part of a column that is the field and what is below it. */
static tenon_column *part(const tenon_column *column, const tenon_field *field)
{
    size_t node = (size_t)(field - column->field), buffer = 0;
    for (const tenon_field *before = column->field; before < field; before++)
        buffer += tenon_buffers_of(before);
    tenon_column *child = tenon_alloc(sizeof *child);
    child->field = field;
    child->nodes = column->nodes + node;
    child->node_count = field->descendants + (size_t)1;
    child->buffers = column->buffers + buffer;
    for (size_t below = 0; below < child->node_count; below++)
        child->buffer_count += tenon_buffers_of(&field[below]);
    if (node + child->node_count > column->node_count || buffer + child->buffer_count > column->buffer_count) {
        tenon_fail(TENON_INTERNAL, "the buffers of column `%s` don't fit its type and length", column->field->name.data);
        return NULL;
    }
    return child;
}

tenon_column *tenon_child(const tenon_column *column, size_t position)
{
    if (column == NULL)
        return NULL;
    if (position >= column->field->children || column->field->dictionary) {
        tenon_fail(TENON_BAD_CONFIG, "column `%s`, which is %s, has no child %zu", column->field->name.data,
            tenon_type_name(column->field), position);
        return NULL;
    }
    const tenon_field *field = column->field + 1;
    while (position-- != 0)
        field += field->descendants + 1;
    return part(column, field);
}

tenon_column *tenon_member(const tenon_column *column, const char *name)
{
    if (column == NULL)
        return NULL;
    const tenon_field *field = column->field + 1;
    for (uint32_t i = 0; i < column->field->children; i++, field += field->descendants + 1) {
        if (tenon_text_is(field->name, name))
            return part(column, field);
    }
    tenon_fail(TENON_BAD_CONFIG, "column `%s`, which is %s, has no member `%s`", column->field->name.data,
        tenon_type_name(column->field), name);
    return NULL;
}

tenon_lists tenon_as_list(const tenon_column *column)
{
    tenon_lists none = {0}, view = {0};
    if (column == NULL)
        return none;
    const char *format = column->field->format.data;
    bool large = strcmp(format, "+L") == 0 || strcmp(format, "+vL") == 0;
    bool fixed = strncmp(format, "+w:", 3) == 0;
    bool small = strcmp(format, "+l") == 0 || strcmp(format, "+vl") == 0 || strcmp(format, "+m") == 0;
    if (column->field->dictionary || !(large || small || fixed)) {
        tenon_fail(TENON_BAD_CONFIG, "column `%s` is %s, not a list", column->field->name.data, tenon_type_name(column->field));
        return none;
    }
    static const int64_t no_offsets[1];
    view.rows = tenon_column_rows(column);
    view.validity = tenon_validity(column);
    view.field = column->field;
    view.items = tenon_child(column, 0);
    if (view.items == NULL)
        return none;
    const void *offsets = fixed || view.rows == 0 ? (const void *)no_offsets : column->buffers[1].data;
    if (fixed)
        view.width = view.rows == 0 ? 0 : tenon_column_rows(view.items) / view.rows;
    else if (large)
        view.large_offsets = offsets;
    else
        view.offsets = offsets;
    return view;
}

tenon_lists tenon_read_list(tenon_batch *batch, const char *name)
{
    return tenon_as_list(tenon_read(batch, name));
}

/* A column of the parent's node and buffers, then the children's. */
static tenon_column *with_children(tenon_column *parent, const tenon_named *children, size_t count)
{
    size_t fields = 1, nodes = parent->node_count, buffers = parent->buffer_count;
    for (size_t i = 0; i < count; i++) {
        fields += children[i].column->field->descendants + (size_t)1;
        nodes += children[i].column->node_count;
        buffers += children[i].column->buffer_count;
    }
    tenon_field *field = tenon_alloc_array(fields, sizeof *field);
    field[0] = *parent->field;
    field[0].children = (uint32_t)count;
    field[0].descendants = (uint32_t)(fields - 1);
    tenon_column *column = tenon_alloc(sizeof *column);
    column->field = field;
    column->nodes = tenon_alloc_array(nodes, sizeof(tenon_node));
    column->buffers = tenon_alloc_array(buffers, sizeof(tenon_buffer));
    memcpy(column->nodes, parent->nodes, parent->node_count * sizeof(tenon_node));
    memcpy(column->buffers, parent->buffers, parent->buffer_count * sizeof(tenon_buffer));
    column->node_count = parent->node_count;
    column->buffer_count = parent->buffer_count;
    size_t next = 1;
    for (size_t i = 0; i < count; i++) {
        const tenon_column *child = children[i].column;
        memcpy(field + next, child->field, (child->field->descendants + (size_t)1) * sizeof *field);
        field[next].name = tenon_copy_text(children[i].name, strlen(children[i].name));
        next += child->field->descendants + (size_t)1;
        memcpy(column->nodes + column->node_count, child->nodes, child->node_count * sizeof(tenon_node));
        memcpy(column->buffers + column->buffer_count, child->buffers, child->buffer_count * sizeof(tenon_buffer));
        column->node_count += child->node_count;
        column->buffer_count += child->buffer_count;
    }
    return column;
}

tenon_column *tenon_new_list(size_t rows, int32_t **ends, const tenon_column *items)
{
    tenon_column *parent = tenon_new_leaf("+l", rows, 2);
    parent->buffers[1].size = (rows + 1) * sizeof(int32_t);
    parent->buffers[1].data = tenon_alloc(parent->buffers[1].size);
    *ends = (int32_t *)(void *)parent->buffers[1].data + 1;
    tenon_named child = {"item", (tenon_column *)items};
    return items == NULL ? NULL : with_children(parent, &child, 1);
}

tenon_column *tenon_new_struct(const tenon_named *members, size_t count)
{
    size_t rows = count == 0 ? 0 : tenon_column_rows(members[0].column);
    for (size_t i = 0; i < count; i++) {
        if (members[i].column == NULL)
            return NULL;
        if (tenon_column_rows(members[i].column) != rows) {
            tenon_fail(TENON_BAD_DATA, "member `%s` has %zu rows, but the first has %zu", members[i].name,
                tenon_column_rows(members[i].column), rows);
            return NULL;
        }
    }
    return with_children(tenon_new_leaf("+s", rows, 1), members, count);
}
