/* Columns: raw, and typed views over the bytes that crossed. */
#ifndef TENON_COLUMN_H
#define TENON_COLUMN_H

#include "schema.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_batch tenon_batch;

/* Length and null count of one array of a column. */
typedef struct tenon_node {
    uint32_t length;
    uint32_t nulls;
} tenon_node;

/* Bytes of a column. */
typedef struct tenon_buffer {
    uint8_t *data;
    size_t size;
} tenon_buffer;

/* A column of any type as it crosses: its nodes in pre-order, then its buffers in the order in which Arrow IPC writes them.
 *
 * Buffers per node: none for null and run-end encoded; validity for struct and fixed-size list; validity and values for
 * fixed-width types and dictionary indices; validity, offsets and data for text and bytes; validity and offsets for list
 * and map; type ids for a sparse union; type ids and offsets for a dense one. The host checks all of it when the column
 * goes back. */
typedef struct tenon_column {
    const tenon_field *field;
    tenon_node *nodes;
    size_t node_count;
    tenon_buffer *buffers;
    size_t buffer_count;
} tenon_column;

/* Reads a column of any type: it crosses, no other. `bad-config` if there is none of the name. */
tenon_column *tenon_read(tenon_batch *batch, const char *name);

/* Reads the column at a position. */
tenon_column *tenon_read_at(tenon_batch *batch, size_t position);

/* Number of rows. */
size_t tenon_column_rows(const tenon_column *column);

/* The values of a column of this type, one after the other; NULL and an error if it is of another. */
const void *tenon_values(const tenon_column *column, tenon_type type);

/* Validity bits of the column's own nulls: a row whose bit is 0 is null. NULL if none is. */
const uint8_t *tenon_validity(const tenon_column *column);

/* Whether a row of a view is null. */
#define TENON_IS_NULL(view, row) \
    ((view).validity != NULL && !((view).validity[(size_t)(row) >> 3] >> ((size_t)(row) & 7) & 1))

__extension__ typedef __int128 tenon_int128;

typedef struct tenon_int256 {
    /* Little-endian, in two's complement. */
    uint64_t words[4];
} tenon_int256;

typedef struct tenon_day_millis {
    int32_t days;
    int32_t milliseconds;
} tenon_day_millis;

typedef struct tenon_month_day_nanos {
    int32_t months;
    int32_t days;
    int64_t nanoseconds;
} tenon_month_day_nanos;

/* Views: the values where they crossed to, and which of them are null. A null's value is unspecified. */
#define TENON_VIEW(view, type) \
    typedef struct view { \
        const type *values; \
        const uint8_t *validity; \
        size_t rows; \
        const tenon_field *field; \
    } view;

TENON_VIEW(tenon_int8s, int8_t)
TENON_VIEW(tenon_int16s, int16_t)
TENON_VIEW(tenon_int32s, int32_t)
TENON_VIEW(tenon_int64s, int64_t)
TENON_VIEW(tenon_uint8s, uint8_t)
TENON_VIEW(tenon_uint16s, uint16_t)
TENON_VIEW(tenon_uint32s, uint32_t)
TENON_VIEW(tenon_uint64s, uint64_t)
TENON_VIEW(tenon_float32s, float)
TENON_VIEW(tenon_float64s, double)
TENON_VIEW(tenon_int128s, tenon_int128)
TENON_VIEW(tenon_int256s, tenon_int256)
TENON_VIEW(tenon_day_millis_view, tenon_day_millis)
TENON_VIEW(tenon_month_day_nanos_view, tenon_month_day_nanos)

/* Every type of fixed width: X(name, type of the values, view, type of the column). */
#define TENON_FIXED_TYPES(X) \
    X(int8, int8_t, tenon_int8s, TENON_TYPE_INT8) \
    X(int16, int16_t, tenon_int16s, TENON_TYPE_INT16) \
    X(int32, int32_t, tenon_int32s, TENON_TYPE_INT32) \
    X(int64, int64_t, tenon_int64s, TENON_TYPE_INT64) \
    X(uint8, uint8_t, tenon_uint8s, TENON_TYPE_UINT8) \
    X(uint16, uint16_t, tenon_uint16s, TENON_TYPE_UINT16) \
    X(uint32, uint32_t, tenon_uint32s, TENON_TYPE_UINT32) \
    X(uint64, uint64_t, tenon_uint64s, TENON_TYPE_UINT64) \
    X(float16, uint16_t, tenon_uint16s, TENON_TYPE_FLOAT16) \
    X(float32, float, tenon_float32s, TENON_TYPE_FLOAT32) \
    X(float64, double, tenon_float64s, TENON_TYPE_FLOAT64) \
    X(date, int32_t, tenon_int32s, TENON_TYPE_DATE) \
    X(date_millis, int64_t, tenon_int64s, TENON_TYPE_DATE_MILLIS) \
    X(time32, int32_t, tenon_int32s, TENON_TYPE_TIME32) \
    X(time64, int64_t, tenon_int64s, TENON_TYPE_TIME64) \
    X(timestamp, int64_t, tenon_int64s, TENON_TYPE_TIMESTAMP) \
    X(duration, int64_t, tenon_int64s, TENON_TYPE_DURATION) \
    X(decimal32, int32_t, tenon_int32s, TENON_TYPE_DECIMAL32) \
    X(decimal64, int64_t, tenon_int64s, TENON_TYPE_DECIMAL64) \
    X(decimal128, tenon_int128, tenon_int128s, TENON_TYPE_DECIMAL128) \
    X(decimal256, tenon_int256, tenon_int256s, TENON_TYPE_DECIMAL256) \
    X(months, int32_t, tenon_int32s, TENON_TYPE_MONTHS) \
    X(day_millis, tenon_day_millis, tenon_day_millis_view, TENON_TYPE_DAY_MILLIS) \
    X(month_day_nanos, tenon_month_day_nanos, tenon_month_day_nanos_view, TENON_TYPE_MONTH_DAY_NANOS)

/* tenon_as_int64(column), tenon_as_timestamp(column), ...: a view of a column that was read.
 * tenon_read_int64(batch, "name"), ...: reads it first. On an error the view has no rows. */
#define TENON_READ_FIXED(name, type, view, column_type) \
    static inline view tenon_as_##name(const tenon_column *column) \
    { \
        const type *values = (const type *)tenon_values(column, column_type); \
        view none = {NULL, NULL, 0, NULL}; \
        if (values == NULL) \
            return none; \
        view read = {values, tenon_validity(column), tenon_column_rows(column), column->field}; \
        return read; \
    } \
    static inline view tenon_read_##name(tenon_batch *batch, const char *column) \
    { \
        return tenon_as_##name(tenon_read(batch, column)); \
    }
TENON_FIXED_TYPES(TENON_READ_FIXED)
#undef TENON_READ_FIXED

/* A column of any format of fixed width (`l`, `tsu:UTC`, `d:38,10`), with zeroed values to fill in: *values points to them.
 * No row is null until tenon_set_null says so. */
tenon_column *tenon_new_fixed(const char *format, size_t rows, void **values);

/* tenon_new_int64(rows, &values), ...: columns of the types without parameters. */
#define TENON_NEW_FIXED(name, type, format) \
    static inline tenon_column *tenon_new_##name(size_t rows, type **values) \
    { \
        void *made; \
        tenon_column *column = tenon_new_fixed(format, rows, &made); \
        *values = (type *)made; \
        return column; \
    }
TENON_NEW_FIXED(int8, int8_t, "c")
TENON_NEW_FIXED(int16, int16_t, "s")
TENON_NEW_FIXED(int32, int32_t, "i")
TENON_NEW_FIXED(int64, int64_t, "l")
TENON_NEW_FIXED(uint8, uint8_t, "C")
TENON_NEW_FIXED(uint16, uint16_t, "S")
TENON_NEW_FIXED(uint32, uint32_t, "I")
TENON_NEW_FIXED(uint64, uint64_t, "L")
TENON_NEW_FIXED(float16, uint16_t, "e")
TENON_NEW_FIXED(float32, float, "f")
TENON_NEW_FIXED(float64, double, "g")
TENON_NEW_FIXED(date, int32_t, "tdD")
TENON_NEW_FIXED(date_millis, int64_t, "tdm")
TENON_NEW_FIXED(months, int32_t, "tiM")
TENON_NEW_FIXED(day_millis, tenon_day_millis, "tiD")
TENON_NEW_FIXED(month_day_nanos, tenon_month_day_nanos, "tin")
#undef TENON_NEW_FIXED

/* Makes a row of a new column null. */
void tenon_set_null(tenon_column *column, size_t row);

/* Booleans: a view over their bits. */
typedef struct tenon_bools {
    const uint8_t *bits;
    const uint8_t *validity;
    size_t rows;
    const tenon_field *field;
} tenon_bools;

/* A view of a column of booleans. */
tenon_bools tenon_as_bool(const tenon_column *column);

/* Reads a column of booleans. */
tenon_bools tenon_read_bool(tenon_batch *batch, const char *name);

/* A row's value; unspecified for a null. */
static inline bool tenon_bool_at(tenon_bools view, size_t row)
{
    return view.bits[row >> 3] >> (row & 7) & 1;
}

/* A column of booleans, all false until tenon_set_true. */
tenon_column *tenon_new_bool(size_t rows);

/* Makes a row of a new column of booleans true. */
void tenon_set_true(tenon_column *column, size_t row);

/* A column of nothing but nulls, without a type. */
tenon_column *tenon_new_null(size_t rows);

/* A column made as another one was: its name, type, nullability and metadata are those of `field`. The format must be of
 * the same layout as the column's own. */
tenon_column *tenon_like(tenon_column *column, const tenon_field *field);

#ifdef __cplusplus
}
#endif

#endif
