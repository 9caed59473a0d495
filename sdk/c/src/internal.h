/* What the SDK's parts have of each other. */
#ifndef TENON_INTERNAL_H
#define TENON_INTERNAL_H

#include <tenon/batch.h>
#include <tenon/config.h>
#include <tenon/error.h>
#include <tenon/function.h>
#include <tenon/host.h>

#include "../bindings/transformer.h"

/* memory.c: who owns what is allocated now. Owners end in the order opposite to that in which they began. */

struct tenon_block;

typedef struct tenon_owner {
    struct tenon_block *blocks;
    tenon_batch *batches;
    void **adopted;
    size_t adopted_count;
    size_t adopted_capacity;
    struct tenon_owner *outer;
} tenon_owner;

/* What is allocated from here on belongs to this owner, which may own something already. */
void tenon_owner_begin(tenon_owner *owner);
/* What is allocated from here on belongs to the one before. */
void tenon_owner_suspend(tenon_owner *owner);
/* Frees all that it owns. */
void tenon_owner_free(tenon_owner *owner);
/* The owner now; there always is one. */
tenon_owner *tenon_owner_now(void);
/* Takes over memory of malloc. */
void tenon_adopt(void *memory);
/* malloc that ends the call when there is no more. */
void *tenon_must_malloc(size_t bytes);
/* A copy that is terminated by a zero. */
tenon_text tenon_copy_text(const char *data, size_t length);

/* error.c */

/* Keeps an error of the host, and takes its memory. */
void tenon_fail_host(tenon_etl_errors_error_t *error);
/* Hands over what has failed, with memory that the bindings free; false if nothing has. */
bool tenon_take_error(tenon_etl_errors_error_t *error);

/* wire.c */

/* A schema that belongs to the call, from one that crossed, whose memory is freed. */
const tenon_schema *tenon_schema_from_wire(tenon_etl_arrow_schema_t *wire);
/* Fields as they cross, borrowed from the schema: to give to the host. */
tenon_etl_arrow_schema_t tenon_schema_lent(const tenon_field *fields, size_t count);
/* A schema as an export returns it: its memory is the receiver's. */
tenon_etl_arrow_schema_t tenon_schema_given(const tenon_schema *schema);
/* Columns as they cross, borrowed. */
tenon_etl_batches_list_column_t tenon_columns_lent(tenon_column *const *columns, size_t count);
/* A text as it crosses, borrowed. */
transformer_string_t tenon_string_lent(const char *text);
/* Texts as they cross, borrowed. */
transformer_list_string_t tenon_strings_lent(tenon_text_list texts);
/* A text that an export returns: its memory is the receiver's. */
transformer_string_t tenon_string_given(const char *text);

/* schema.c */

/* A schema of these columns, each with its descendants. */
const tenon_schema *tenon_schema_of_fields(const tenon_field *const *columns, size_t count);
/* A field without children. */
tenon_field tenon_plain_field(const char *name, const char *format);

/* nested.c */

/* How many buffers an array of this type has, without its children. */
size_t tenon_buffers_of(const tenon_field *field);

/* batch.c */

struct tenon_batch {
    tenon_etl_batches_own_batch_t handle;
    const tenon_schema *schema;
    /* -1 while it has not been asked for. */
    int64_t rows;
    tenon_owner *owner;
    tenon_batch *next;
};

/* A batch that belongs to the call. The schema may be NULL: it is then asked for when it is needed. */
tenon_batch *tenon_adopt_batch(tenon_etl_batches_own_batch_t handle, const tenon_schema *schema);
/* Takes the handle out of a batch, to give it away. */
tenon_etl_batches_own_batch_t tenon_give_handle(tenon_batch *batch);
/* The handle, lent. */
tenon_etl_batches_borrow_batch_t tenon_lend_handle(const tenon_batch *batch);

/* program.c */

/* All columns of a schema as expressions, with one added, or in the place of the one of its name. */
tenon_text_list tenon_expressions_with(const tenon_schema *schema, const char *name, const char *expression);

/* Forgets the programs of this sandbox; for tests. */
void tenon_programs_reset(void);

/* json.c, number.c, digits.c */

typedef enum tenon_json_type {
    TENON_JSON_NULL,
    TENON_JSON_FALSE,
    TENON_JSON_TRUE,
    TENON_JSON_NUMBER,
    TENON_JSON_TEXT,
    TENON_JSON_LIST,
    TENON_JSON_OBJECT,
} tenon_json_type;

/* A value; members of lists and objects are chained. */
typedef struct tenon_json {
    tenon_json_type type;
    /* Of a text; the digits of a number. */
    tenon_text text;
    /* Of a member of an object. */
    tenon_text key;
    struct tenon_json *first;
    struct tenon_json *next;
} tenon_json;

/* Parses a text that is terminated by a zero; NULL with a message in *fault, and no error kept, if it isn't JSON. */
tenon_json *tenon_json_parse(tenon_text text, const char **fault);
/* A text in quotes, escaped. */
const char *tenon_json_quoted(const char *text);
/* Digits that JSON allows as the nearest double. */
double tenon_number(tenon_text digits);
enum { TENON_MOST_DIGITS = 17 };
/* The fewest digits that mean a positive double and no other: how many, and the power of ten of the first. */
size_t tenon_digits(double value, char *digits, int *power);
/* Digits as an integer; false if they aren't one or it doesn't fit. */
bool tenon_integer(tenon_text digits, int64_t *integer);

/* config.c, describe.c */

/* A configuration as a struct; NULL and `bad-config` if the text doesn't fit. */
void *tenon_config_read(const tenon_function *function, tenon_text json);
/* Its JSON Schema. */
const char *tenon_config_schema(const tenon_function *function);

/* reject.c */

/* Starts a call on a batch, or on none with NULL. */
void tenon_reject_begin(tenon_batch *input);
/* Notes how many rows the batch has, if it is the one that the call was given. */
void tenon_reject_releases(tenon_batch *batch);
/* Hands over the rows that were refused, with memory that the bindings free. */
exports_tenon_etl_transform_list_rejection_t tenon_reject_take(void);

/* function.c */

/* Called after each call, if it was set: what was printed and has no end of line is logged. */
extern void (*tenon_at_end_of_call)(void);

/* panic.c */

/* Says what it is, without allocating, and ends the sandbox. */
__attribute__((__noreturn__)) void tenon_end(const char *message);
/* What is said when memory runs out. */
__attribute__((__noreturn__)) void tenon_out_of_memory(size_t bytes);

#endif
