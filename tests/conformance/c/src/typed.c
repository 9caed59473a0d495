// Functions over typed columns, value by value.
#include <string.h>

#include <tenon.h>

// Reads a column of fixed width value by value and makes another of the values.
#define REBUILD(name, type, view, column_type) \
    static tenon_column *rebuild_##name(const tenon_column *column) \
    { \
        view read = tenon_as_##name(column); \
        if (tenon_failed()) \
            return NULL; \
        void *made; \
        tenon_column *rebuilt = tenon_new_fixed(column->field->format.data, read.rows, &made); \
        type *values = made; \
        for (size_t row = 0; row < read.rows; row++) { \
            if (TENON_IS_NULL(read, row)) \
                tenon_set_null(rebuilt, row); \
            else \
                values[row] = read.values[row]; \
        } \
        return tenon_like(rebuilt, column->field); \
    }
TENON_FIXED_TYPES(REBUILD)

static tenon_column *rebuild_bool(const tenon_column *column)
{
    tenon_bools read = tenon_as_bool(column);
    tenon_column *rebuilt = tenon_new_bool(read.rows);
    for (size_t row = 0; row < read.rows; row++) {
        if (TENON_IS_NULL(read, row))
            tenon_set_null(rebuilt, row);
        else if (tenon_bool_at(read, row))
            tenon_set_true(rebuilt, row);
    }
    return tenon_like(rebuilt, column->field);
}

static tenon_column *rebuild_strings(tenon_strings read)
{
    tenon_text_builder *rebuilt = tenon_build_text(read.rows);
    for (size_t row = 0; row < read.rows; row++) {
        if (TENON_IS_NULL(read, row))
            tenon_push_null(rebuilt);
        else
            tenon_push_text(rebuilt, tenon_at(&read, row));
    }
    return tenon_strings_like(rebuilt, read.field);
}

static tenon_column *rebuilt(const tenon_column *column);

// Lists, views of lists and maps: items are numbered by 32 bits.
static tenon_column *rebuild_lists(const tenon_column *column)
{
    tenon_lists read = tenon_as_list(column);
    if (tenon_failed())
        return NULL;
    int32_t *ends;
    tenon_column *lists = tenon_new_list(read.rows, &ends, rebuilt(read.items));
    for (size_t row = 0; lists != NULL && row < read.rows; row++) {
        ends[row] = (int32_t)tenon_items_to(&read, row);
        if (TENON_IS_NULL(read, row))
            tenon_set_null(lists, row);
    }
    return tenon_like(lists, column->field);
}

static tenon_column *rebuild_structs(const tenon_column *column)
{
    size_t count = column->field->children;
    tenon_named *members = tenon_alloc_array(count, sizeof *members);
    for (size_t i = 0; i < count; i++) {
        tenon_column *member = tenon_child(column, i);
        members[i].column = member == NULL ? NULL : rebuilt(member);
        members[i].name = member == NULL ? "" : member->field->name.data;
    }
    tenon_column *structs = tenon_failed() ? NULL : tenon_new_struct(members, count);
    const uint8_t *validity = tenon_validity(column);
    for (size_t row = 0; structs != NULL && validity != NULL && row < tenon_column_rows(column); row++) {
        if (!(validity[row / 8] >> (row % 8) & 1))
            tenon_set_null(structs, row);
    }
    return tenon_like(structs, column->field);
}

static bool is_list(const tenon_field *field)
{
    const char *format = field->format.data;
    return strcmp(format, "+l") == 0 || strcmp(format, "+vl") == 0 || strcmp(format, "+m") == 0;
}

static tenon_column *rebuilt(const tenon_column *column)
{
    const tenon_field *field = column->field;
    tenon_type type = tenon_type_of(field);
    switch (type) {
    case TENON_TYPE_TEXT: return rebuild_strings(tenon_as_text(column));
    case TENON_TYPE_BYTES:
    case TENON_TYPE_FIXED_BYTES: return rebuild_strings(tenon_as_bytes(column));
    default: break;
    }
    if (!field->dictionary) {
        switch (type) {
        case TENON_TYPE_NULL: return tenon_like(tenon_new_null(tenon_column_rows(column)), field);
        case TENON_TYPE_BOOL: return rebuild_bool(column);
        case TENON_TYPE_NESTED:
            if (is_list(field))
                return rebuild_lists(column);
            if (strcmp(field->format.data, "+s") == 0)
                return rebuild_structs(column);
            break;
#define CASE(name, values, view, column_type) \
    case column_type: return rebuild_##name(column);
            TENON_FIXED_TYPES(CASE)
        default: break;
        }
    }
    tenon_fail(TENON_UNSUPPORTED, "column `%s` of format `%s` has no typed access", field->name.data, field->format.data);
    return NULL;
}

static tenon_batch *rebuild(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    const tenon_schema *schema = tenon_schema_of(batch);
    tenon_column **columns = tenon_alloc_array(schema->column_count, sizeof *columns);
    for (size_t i = 0; i < schema->column_count && !tenon_failed(); i++) {
        tenon_column *column = tenon_read_at(batch, i);
        columns[i] = column == NULL ? NULL : rebuilt(column);
    }
    return tenon_build(schema, tenon_rows(batch), columns);
}
TENON_TRANSFORM(rebuild, tenon_no_config, .doc = "Reads every column value by value and builds the batch anew.")

typedef struct {
    const char *column;
} Double;

TENON_CONFIG(Double, TENON_KEY(Double, column, "The column to double."))

static tenon_batch *twice(tenon_batch *batch, const Double *config)
{
    tenon_int64s read = tenon_read_int64(batch, config->column);
    int64_t *values;
    tenon_column *doubled = tenon_new_int64(read.rows, &values);
    for (size_t row = 0; row < read.rows; row++) {
        if (TENON_IS_NULL(read, row))
            tenon_set_null(doubled, row);
        else
            values[row] = (int64_t)((uint64_t)read.values[row] * 2);
    }
    return tenon_with(batch, config->column, doubled);
}
TENON_TRANSFORM_AS(twice, "double", Double, .doc = "Doubles a column.")

typedef struct {
    const char *column;
    const char *reason;
} Reject;

TENON_CONFIG(Reject, TENON_KEY(Reject, column, "Says which rows are good."),
    TENON_KEY(Reject, reason, "Why the others are not."))

static tenon_batch *reject(tenon_batch *batch, const Reject *config)
{
    tenon_bools good = tenon_read_bool(batch, config->column);
    for (size_t row = 0; row < good.rows; row++) {
        if (TENON_IS_NULL(good, row) || !tenon_bool_at(good, row))
            tenon_reject(row, "%s", config->reason);
    }
    return tenon_without_rejected(batch);
}
TENON_TRANSFORM(reject, Reject, .doc = "Rejects rows whose column is false or null.")

static tenon_batch *greet(tenon_batch *arguments, const tenon_no_config *config)
{
    (void)config;
    tenon_strings names = tenon_as_text(tenon_read_at(arguments, 0));
    tenon_text_builder *greetings = tenon_build_text(names.rows);
    for (size_t row = 0; row < names.rows; row++) {
        if (TENON_IS_NULL(names, row)) {
            tenon_push_null(greetings);
            continue;
        }
        tenon_append(greetings, "Hello, ", 7);
        tenon_push_text(greetings, tenon_at(&names, row));
    }
    tenon_named greeting = {"greeting", tenon_text_column(greetings)};
    return tenon_batch_of(&greeting, 1);
}
TENON_TRANSFORM(greet, tenon_no_config, .doc = "Greets by name.", .scalar = true)
