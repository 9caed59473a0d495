/* Names and types of columns. */
#ifndef TENON_SCHEMA_H
#define TENON_SCHEMA_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a column is read. */
typedef enum tenon_type {
    TENON_TYPE_NULL,
    TENON_TYPE_BOOL,
    TENON_TYPE_INT8,
    TENON_TYPE_INT16,
    TENON_TYPE_INT32,
    TENON_TYPE_INT64,
    TENON_TYPE_UINT8,
    TENON_TYPE_UINT16,
    TENON_TYPE_UINT32,
    TENON_TYPE_UINT64,
    /* IEEE half precision, as its bits. */
    TENON_TYPE_FLOAT16,
    TENON_TYPE_FLOAT32,
    TENON_TYPE_FLOAT64,
    /* Days since the Unix epoch. */
    TENON_TYPE_DATE,
    /* Milliseconds since the Unix epoch. */
    TENON_TYPE_DATE_MILLIS,
    /* Since midnight, in seconds or milliseconds: tenon_unit_of. */
    TENON_TYPE_TIME32,
    /* Since midnight, in microseconds or nanoseconds. */
    TENON_TYPE_TIME64,
    /* Since the Unix epoch: tenon_unit_of, tenon_zone_of. */
    TENON_TYPE_TIMESTAMP,
    TENON_TYPE_DURATION,
    /* Integers scaled by a power of ten: tenon_decimal_of. */
    TENON_TYPE_DECIMAL32,
    TENON_TYPE_DECIMAL64,
    TENON_TYPE_DECIMAL128,
    TENON_TYPE_DECIMAL256,
    TENON_TYPE_MONTHS,
    TENON_TYPE_DAY_MILLIS,
    TENON_TYPE_MONTH_DAY_NANOS,
    /* Text of every layout. */
    TENON_TYPE_TEXT,
    /* Bytes of every layout. */
    TENON_TYPE_BYTES,
    /* Bytes, all of one length. */
    TENON_TYPE_FIXED_BYTES,
    /* Lists, structs, maps, unions, runs, and whatever this version doesn't know: raw access only. */
    TENON_TYPE_NESTED,
} tenon_type;

/* The unit of a time, timestamp or duration: how many make a second. */
typedef enum tenon_unit {
    TENON_SECONDS = 1,
    TENON_MILLISECONDS = 1000,
    TENON_MICROSECONDS = 1000000,
    TENON_NANOSECONDS = 1000000000,
} tenon_unit;

/* A key and a value of a field's metadata. */
typedef struct tenon_metadata {
    tenon_text key;
    tenon_text value;
} tenon_metadata;

/* A column's name and type. Its descendants follow it in memory, in pre-order. */
typedef struct tenon_field {
    tenon_text name;
    /* Format string of the Arrow C data interface: `l`, `u`, `tsu:UTC`, `d:38,10`, `+s`. */
    tenon_text format;
    /* Whether the data are indices of this format into the values of the one child. */
    bool dictionary;
    bool nullable;
    /* Direct children. */
    uint32_t children;
    /* Children, their children, and so on. */
    uint32_t descendants;
    const tenon_metadata *metadata;
    size_t metadata_count;
} tenon_field;

/* The columns of a batch. */
typedef struct tenon_schema {
    /* One per column. */
    const tenon_field *const *columns;
    size_t column_count;
    /* All fields in pre-order. */
    const tenon_field *fields;
    size_t field_count;
} tenon_schema;

/* The column of this name, or NULL: an error is kept that names the column and those there are. */
const tenon_field *tenon_find(const tenon_schema *schema, const char *name);

/* The position of the column of this name, or -1; no error. */
ptrdiff_t tenon_position(const tenon_schema *schema, const char *name);

/* A schema with one column more, or one replaced where the name is taken. `format` is one of a type without children. */
const tenon_schema *tenon_schema_with(const tenon_schema *schema, const char *name, const char *format);

/* A schema without columns, to begin with. */
const tenon_schema *tenon_schema_empty(void);

/* The type of a column; of a dictionary, that of its values. */
tenon_type tenon_type_of(const tenon_field *field);

/* The type in words: "int64", "dictionary of text". Belongs to the call. */
const char *tenon_type_name(const tenon_field *field);

/* The unit of a time, timestamp or duration. */
tenon_unit tenon_unit_of(const tenon_field *field);

/* The zone of a timestamp; empty without one. */
tenon_text tenon_zone_of(const tenon_field *field);

/* The digits of a decimal, in all and after the point. */
void tenon_decimal_of(const tenon_field *field, int *precision, int *scale);

/* Bytes of one value, for types whose values all have the same size; 0 for others. */
size_t tenon_width_of(const tenon_field *field);

#ifdef __cplusplus
}
#endif

#endif
