/* Fields, schemas and what types they are of. */
#include <string.h>

#include "internal.h"

/* Types without parameters, and those that a prefix tells. */
static const struct {
    const char *format;
    bool prefix;
    tenon_type type;
    uint8_t width;
    const char *name;
} TYPES[] = {
    {"n", false, TENON_TYPE_NULL, 0, "null"},
    {"b", false, TENON_TYPE_BOOL, 0, "boolean"},
    {"c", false, TENON_TYPE_INT8, 1, "int8"},
    {"s", false, TENON_TYPE_INT16, 2, "int16"},
    {"i", false, TENON_TYPE_INT32, 4, "int32"},
    {"l", false, TENON_TYPE_INT64, 8, "int64"},
    {"C", false, TENON_TYPE_UINT8, 1, "uint8"},
    {"S", false, TENON_TYPE_UINT16, 2, "uint16"},
    {"I", false, TENON_TYPE_UINT32, 4, "uint32"},
    {"L", false, TENON_TYPE_UINT64, 8, "uint64"},
    {"e", false, TENON_TYPE_FLOAT16, 2, "float16"},
    {"f", false, TENON_TYPE_FLOAT32, 4, "float32"},
    {"g", false, TENON_TYPE_FLOAT64, 8, "float64"},
    {"u", false, TENON_TYPE_TEXT, 0, "text"},
    {"U", false, TENON_TYPE_TEXT, 0, "text"},
    {"vu", false, TENON_TYPE_TEXT, 0, "text"},
    {"z", false, TENON_TYPE_BYTES, 0, "bytes"},
    {"Z", false, TENON_TYPE_BYTES, 0, "bytes"},
    {"vz", false, TENON_TYPE_BYTES, 0, "bytes"},
    {"tdD", false, TENON_TYPE_DATE, 4, "date"},
    {"tdm", false, TENON_TYPE_DATE_MILLIS, 8, "date_millis"},
    {"tts", false, TENON_TYPE_TIME32, 4, "time32"},
    {"ttm", false, TENON_TYPE_TIME32, 4, "time32"},
    {"ttu", false, TENON_TYPE_TIME64, 8, "time64"},
    {"ttn", false, TENON_TYPE_TIME64, 8, "time64"},
    {"ts", true, TENON_TYPE_TIMESTAMP, 8, "timestamp"},
    {"tD", true, TENON_TYPE_DURATION, 8, "duration"},
    {"tiM", false, TENON_TYPE_MONTHS, 4, "months"},
    {"tiD", false, TENON_TYPE_DAY_MILLIS, 8, "day_millis"},
    {"tin", false, TENON_TYPE_MONTH_DAY_NANOS, 16, "month_day_nanos"},
};

enum { TYPE_COUNT = sizeof TYPES / sizeof *TYPES, LENGTH_OF_PREFIX = 2 };

static int parse_number(const char **text)
{
    int sign = **text == '-' ? -1 : 1;
    if (sign < 0)
        (*text)++;
    int number = 0;
    for (; **text >= '0' && **text <= '9' && number < 100000000; (*text)++)
        number = number * 10 + (**text - '0');
    return sign * number;
}

/* The bits of a decimal. */
static int decimal(const char *format, int *precision, int *scale)
{
    format += LENGTH_OF_PREFIX;
    *precision = parse_number(&format);
    *scale = 0;
    if (*format != ',')
        return 0;
    format++;
    *scale = parse_number(&format);
    if (*format != ',')
        return 128;
    format++;
    return parse_number(&format);
}

static tenon_type type_of_format(const char *format, size_t *width, const char **name)
{
    *width = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        const char *known = TYPES[i].format;
        if (TYPES[i].prefix ? strncmp(format, known, LENGTH_OF_PREFIX) == 0 : strcmp(format, known) == 0) {
            *width = TYPES[i].width;
            *name = TYPES[i].name;
            return TYPES[i].type;
        }
    }
    if (strncmp(format, "w:", LENGTH_OF_PREFIX) == 0) {
        format += LENGTH_OF_PREFIX;
        *width = (size_t)parse_number(&format);
        *name = "bytes";
        return TENON_TYPE_FIXED_BYTES;
    }
    if (strncmp(format, "d:", LENGTH_OF_PREFIX) == 0) {
        int precision, scale;
        int bits = decimal(format, &precision, &scale);
        *width = (size_t)bits / 8;
        switch (bits) {
        case 32: *name = "decimal32"; return TENON_TYPE_DECIMAL32;
        case 64: *name = "decimal64"; return TENON_TYPE_DECIMAL64;
        case 128: *name = "decimal128"; return TENON_TYPE_DECIMAL128;
        case 256: *name = "decimal256"; return TENON_TYPE_DECIMAL256;
        default: *width = 0;
        }
    }
    *name = tenon_format("a nested type (`%s`)", format);
    return TENON_TYPE_NESTED;
}

static const tenon_field *value_field(const tenon_field *field)
{
    return field->dictionary && field->children != 0 ? field + 1 : field;
}

tenon_type tenon_type_of(const tenon_field *field)
{
    size_t width;
    const char *name;
    return type_of_format(value_field(field)->format.data, &width, &name);
}

const char *tenon_type_name(const tenon_field *field)
{
    size_t width;
    const char *name;
    type_of_format(value_field(field)->format.data, &width, &name);
    return field->dictionary ? tenon_format("dictionary of %s", name) : name;
}

size_t tenon_width_of(const tenon_field *field)
{
    size_t width;
    const char *name;
    type_of_format(field->format.data, &width, &name);
    return width;
}

tenon_unit tenon_unit_of(const tenon_field *field)
{
    switch (field->format.length > LENGTH_OF_PREFIX ? field->format.data[LENGTH_OF_PREFIX] : 's') {
    case 'm': return TENON_MILLISECONDS;
    case 'u': return TENON_MICROSECONDS;
    case 'n': return TENON_NANOSECONDS;
    default: return TENON_SECONDS;
    }
}

tenon_text tenon_zone_of(const tenon_field *field)
{
    const char *colon = strchr(field->format.data, ':');
    return tenon_text_of(colon == NULL ? "" : colon + 1);
}

void tenon_decimal_of(const tenon_field *field, int *precision, int *scale)
{
    decimal(field->format.data, precision, scale);
}

tenon_field tenon_plain_field(const char *name, const char *format)
{
    tenon_field field = {.name = tenon_text_of(name), .format = tenon_text_of(format), .nullable = true};
    return field;
}

const tenon_schema *tenon_schema_of_fields(const tenon_field *const *columns, size_t count)
{
    tenon_schema *schema = tenon_alloc(sizeof *schema);
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += columns[i]->descendants + 1;
    tenon_field *fields = tenon_alloc_array(total, sizeof *fields);
    const tenon_field **tops = tenon_alloc_array(count, sizeof *tops);
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        tops[i] = &fields[next];
        size_t own = columns[i]->descendants + 1;
        memcpy(&fields[next], columns[i], own * sizeof *fields);
        next += own;
    }
    schema->columns = tops;
    schema->column_count = count;
    schema->fields = fields;
    schema->field_count = total;
    return schema;
}

const tenon_schema *tenon_schema_empty(void)
{
    return tenon_schema_of_fields(NULL, 0);
}

const tenon_schema *tenon_schema_with(const tenon_schema *schema, const char *name, const char *format)
{
    if (schema == NULL)
        return NULL;
    const tenon_field **columns = tenon_alloc_array(schema->column_count + 1, sizeof *columns);
    for (size_t i = 0; i < schema->column_count; i++)
        columns[i] = schema->columns[i];
    tenon_field field = tenon_plain_field(
        tenon_copy_text(name, strlen(name)).data, tenon_copy_text(format, strlen(format)).data);
    ptrdiff_t position = tenon_position(schema, name);
    columns[position < 0 ? schema->column_count : (size_t)position] = &field;
    return tenon_schema_of_fields(columns, schema->column_count + (position < 0));
}

ptrdiff_t tenon_position(const tenon_schema *schema, const char *name)
{
    for (size_t i = 0; schema != NULL && i < schema->column_count; i++) {
        if (tenon_text_is(schema->columns[i]->name, name))
            return (ptrdiff_t)i;
    }
    return -1;
}

const tenon_field *tenon_find(const tenon_schema *schema, const char *name)
{
    ptrdiff_t position = tenon_position(schema, name);
    if (position >= 0)
        return schema->columns[position];
    if (schema != NULL && schema->column_count == 0) {
        tenon_fail(TENON_BAD_CONFIG, "there is no column `%s`; there are none", name);
    } else if (schema != NULL) {
        const char *names = schema->columns[0]->name.data;
        for (size_t i = 1; i < schema->column_count; i++)
            names = tenon_format("%s, %s", names, schema->columns[i]->name.data);
        tenon_fail(TENON_BAD_CONFIG, "there is no column `%s`; the columns are %s", name, names);
    }
    return NULL;
}
