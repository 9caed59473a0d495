/* SQL expressions that the host computes, compiled once per sandbox. */
#include <stdlib.h>
#include <string.h>

#include <tenon/strings.h>

#include "internal.h"

/* How many programs a sandbox keeps; the oldest goes first. */
enum { KEPT = 32 };

typedef struct {
    tenon_etl_batches_own_program_t handle;
    /* The schema and the expressions, as one text. */
    char *key;
} Program;

static Program programs[KEPT];
static size_t program_count;

static void drop_first(void)
{
    tenon_etl_batches_program_drop_own(programs[0].handle);
    free(programs[0].key);
    memmove(programs, programs + 1, --program_count * sizeof *programs);
}

void tenon_programs_reset(void)
{
    while (program_count != 0)
        drop_first();
}

/* Tells programs apart: lengths come before texts, so no two are alike by chance. */
static const char *key_of(const tenon_schema *schema, tenon_text_list expressions)
{
    tenon_text_builder *key = tenon_build_text(1);
    for (size_t i = 0; i < schema->field_count; i++) {
        const tenon_field *field = &schema->fields[i];
        const char *text = tenon_format("%zu:%s %s %d%d%u;", field->name.length, field->name.data, field->format.data,
            field->dictionary, field->nullable, (unsigned)field->children);
        tenon_append(key, text, strlen(text));
    }
    for (size_t i = 0; i < expressions.count; i++) {
        const char *text = tenon_format("%zu:%s", strlen(expressions.items[i]), expressions.items[i]);
        tenon_append(key, text, strlen(text));
    }
    tenon_append(key, "", 1);
    return key->data;
}

/* The program of these expressions over the batch's schema; NULL if it doesn't compile. */
static const Program *compiled(tenon_batch *batch, tenon_text_list expressions)
{
    const tenon_schema *schema = tenon_schema_of(batch);
    const char *key = key_of(schema, expressions);
    for (size_t i = 0; i < program_count; i++) {
        if (strcmp(programs[i].key, key) == 0)
            return &programs[i];
    }
    tenon_etl_arrow_schema_t fields = tenon_schema_lent(schema->fields, schema->field_count);
    transformer_list_string_t texts = tenon_strings_lent(expressions);
    tenon_etl_batches_own_program_t handle;
    tenon_etl_errors_error_t error;
    if (!tenon_etl_batches_static_program_compile(&fields, &texts, &handle, &error)) {
        tenon_fail_host(&error);
        return NULL;
    }
    if (program_count == KEPT)
        drop_first();
    Program *program = &programs[program_count++];
    program->handle = handle;
    program->key = strcpy(tenon_must_malloc(strlen(key) + 1), key);
    return program;
}

tenon_batch *tenon_eval(tenon_batch *batch, tenon_text_list expressions)
{
    if (batch == NULL)
        return NULL;
    const Program *program = compiled(batch, expressions);
    if (program == NULL)
        return NULL;
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    if (tenon_etl_batches_method_program_project(
            tenon_etl_batches_borrow_program(program->handle), tenon_lend_handle(batch), &handle, &error))
        return tenon_adopt_batch(handle, NULL);
    tenon_fail_host(&error);
    return NULL;
}

tenon_batch *tenon_filter(tenon_batch *batch, const char *predicate)
{
    if (batch == NULL)
        return NULL;
    const Program *program = compiled(batch, TENON_LIST(predicate));
    if (program == NULL)
        return NULL;
    tenon_etl_batches_own_batch_t handle;
    tenon_etl_errors_error_t error;
    if (tenon_etl_batches_method_program_filter(
            tenon_etl_batches_borrow_program(program->handle), tenon_lend_handle(batch), &handle, &error))
        return tenon_adopt_batch(handle, batch->schema);
    tenon_fail_host(&error);
    return NULL;
}

const char *tenon_quote(const char *name)
{
    tenon_text_builder *quoted = tenon_build_text(1);
    tenon_append(quoted, "\"", 1);
    for (; *name != '\0'; name++) {
        tenon_append(quoted, name, 1);
        if (*name == '"')
            tenon_append(quoted, name, 1);
    }
    tenon_append(quoted, "\"", 2);
    return quoted->data;
}

tenon_text_list tenon_expressions_with(const tenon_schema *schema, const char *name, const char *expression)
{
    const char **expressions = tenon_alloc_array(schema->column_count + 1, sizeof *expressions);
    const char *named = tenon_format("%s as %s", expression, tenon_quote(name));
    for (size_t i = 0; i < schema->column_count; i++)
        expressions[i] = tenon_quote(schema->columns[i]->name.data);
    ptrdiff_t position = tenon_position(schema, name);
    expressions[position < 0 ? schema->column_count : (size_t)position] = named;
    tenon_text_list list = {expressions, schema->column_count + (position < 0)};
    return list;
}

tenon_batch *tenon_with_expression(tenon_batch *batch, const char *name, const char *expression)
{
    return batch == NULL ? NULL : tenon_eval(batch, tenon_expressions_with(tenon_schema_of(batch), name, expression));
}
