/* The functions of a component, and the one that is open in this sandbox: the exports of the world `transformer`. */
#include <string.h>

#include "internal.h"

/* In the order of their names. */
static tenon_function *functions;

/* The function that is open, and what stays as long as it is. */
static struct {
    const tenon_function *function;
    const void *config;
    void *state;
    const tenon_schema *input;
    tenon_owner owner;
} session;

/* What the call that asks for the output's columns makes. */
static tenon_owner probe;

void (*tenon_at_end_of_call)(void);

/* Batches that the function has emitted in this call, in order. */
static tenon_batch **emitted;
static size_t emitted_count;

void tenon_register(tenon_function *function)
{
    tenon_function **link = &functions;
    while (*link != NULL && strcmp((*link)->name, function->name) < 0)
        link = &(*link)->next;
    function->next = *link;
    *link = function;
}

/* The first function, once all are there. */
static const tenon_function *first(void)
{
    static bool asked;
    if (!asked && tenon_register_all != NULL)
        tenon_register_all();
    asked = true;
    return functions;
}

/* Passes the next name of a list and the comma behind it; false after the last. */
static bool next_name(const char **list, tenon_text *name)
{
    if (*list == NULL)
        return false;
    const char *first = *list + strspn(*list, " ");
    size_t length = strcspn(first, ",");
    *list = first[length] == '\0' ? NULL : first + length + 1;
    while (length != 0 && first[length - 1] == ' ')
        length--;
    *name = tenon_copy_text(first, length);
    return true;
}

static exports_tenon_etl_transform_function_t described(const tenon_function *function)
{
    exports_tenon_etl_transform_function_t described = {
        .name = tenon_string_given(function->name),
        .doc = tenon_string_given(function->doc),
        .shape = function->scalar ? EXPORTS_TENON_ETL_TRANSFORM_SHAPE_SCALAR : EXPORTS_TENON_ETL_TRANSFORM_SHAPE_BATCHWISE,
        .config = tenon_string_given(tenon_config_schema(function)),
        .stateless = function->transform != NULL,
    };
    transformer_list_string_t *reads = &described.reads.val;
    tenon_text name;
    for (const char *list = function->reads; next_name(&list, &name);)
        reads->len++;
    described.reads.is_some = reads->len != 0;
    if (reads->len != 0)
        reads->ptr = tenon_must_malloc(reads->len * sizeof(transformer_string_t));
    size_t position = 0;
    for (const char *list = function->reads; next_name(&list, &name);)
        reads->ptr[position++] = tenon_string_given(name.data);
    return described;
}

void exports_tenon_etl_transform_describe(exports_tenon_etl_transform_list_function_t *list)
{
    tenon_owner call = {0};
    tenon_owner_begin(&call);
    list->len = 0;
    for (const tenon_function *function = first(); function != NULL; function = function->next)
        list->len++;
    list->ptr = list->len == 0 ? NULL : tenon_must_malloc(list->len * sizeof *list->ptr);
    size_t position = 0;
    for (const tenon_function *function = first(); function != NULL; function = function->next)
        list->ptr[position++] = described(function);
    tenon_owner_suspend(&call);
    tenon_owner_free(&call);
}

static const tenon_function *find(const char *name)
{
    const char *names = NULL;
    for (const tenon_function *function = first(); function != NULL; function = function->next) {
        if (strcmp(function->name, name) == 0)
            return function;
        names = names == NULL ? function->name : tenon_format("%s, %s", names, function->name);
    }
    tenon_fail(TENON_BAD_CONFIG, "there is no function `%s`; %s", name,
        names == NULL ? "the component has none" : tenon_format("the functions are %s", names));
    return NULL;
}

/* Starts a call of the function, on a batch or on none. */
static void begin_call(tenon_batch *batch)
{
    tenon_reject_begin(batch);
    emitted = NULL;
    emitted_count = 0;
}

static void end_call(void)
{
    tenon_reject_begin(NULL);
    if (tenon_at_end_of_call != NULL)
        tenon_at_end_of_call();
}

void tenon_emit(tenon_batch *batch)
{
    if (batch == NULL)
        return;
    emitted = tenon_grow(emitted, (emitted_count + 1) * sizeof *emitted);
    emitted[emitted_count++] = batch;
}

/* The columns of the output: a function without state is asked by a batch without rows. */
static const tenon_schema *output_schema(void)
{
    const tenon_function *function = session.function;
    if (function->transform == NULL) {
        function->open(session.state, session.config, session.input);
        return tenon_failed() ? NULL : function->output(session.state, session.input);
    }
    begin_call(NULL);
    tenon_owner_begin(&probe);
    tenon_emit(function->transform(tenon_build_empty(session.input), session.config));
    return emitted_count == 0 ? session.input : tenon_schema_of(emitted[0]);
}

static const tenon_schema *open_session(const char *name, tenon_text config)
{
    const tenon_function *function = session.function = find(name);
    if (function == NULL)
        return NULL;
    tenon_text column;
    for (const char *list = function->reads; next_name(&list, &column);) {
        if (tenon_find(session.input, column.data) == NULL)
            tenon_context("function `%s`", name);
    }
    session.config = tenon_config_read(function, config);
    if (session.config == NULL || tenon_failed())
        return NULL;
    session.state = tenon_alloc(function->state_size);
    const tenon_schema *output = output_schema();
    if (output != NULL && function->scalar && output->column_count != 1)
        tenon_fail(TENON_BAD_CONFIG, "scalar function `%s` must answer with one column, not %zu", name, output->column_count);
    return output;
}

bool exports_tenon_etl_transform_open(transformer_string_t *function, transformer_string_t *config,
    exports_tenon_etl_transform_schema_t *input, exports_tenon_etl_transform_schema_t *output,
    exports_tenon_etl_transform_error_t *error)
{
    tenon_forgive();
    tenon_owner_free(&session.owner);
    tenon_owner_begin(&session.owner);
    session.input = tenon_schema_from_wire(input);
    const char *name = tenon_copy_text((const char *)function->ptr, function->len).data;
    tenon_text text = tenon_copy_text((const char *)config->ptr, config->len);
    transformer_string_free(function);
    transformer_string_free(config);
    const tenon_schema *schema = open_session(name, text);
    if (schema == NULL && !tenon_failed())
        tenon_fail(TENON_INTERNAL, "function `%s` doesn't say which columns its output has", name);
    bool failed = tenon_take_error(error);
    if (!failed)
        *output = tenon_schema_given(schema);
    if (failed)
        session.function = NULL;
    end_call();
    tenon_owner_free(&probe);
    tenon_owner_suspend(&session.owner);
    return !failed;
}

/* A batch may be answered with twice: each answer needs a handle of its own. */
static tenon_etl_batches_own_batch_t give(size_t position)
{
    tenon_batch *batch = emitted[position];
    bool again = batch->owner != tenon_owner_now();
    for (size_t later = position + 1; later < emitted_count; later++)
        again = again || emitted[later] == batch;
    return tenon_give_handle(again ? tenon_share(batch) : batch);
}

/* A scalar function makes one value per row. */
static void check_scalar(size_t rows)
{
    size_t made = 0;
    for (size_t i = 0; i < emitted_count; i++)
        made += tenon_rows(emitted[i]);
    if (emitted_count != 1 || made != rows)
        tenon_fail(TENON_BAD_DATA, "scalar function `%s` made %zu values for %zu rows", session.function->name, made, rows);
}

/* Hands over what the call came to. */
static bool answer(exports_tenon_etl_transform_output_t *output, exports_tenon_etl_transform_error_t *error)
{
    if (tenon_take_error(error))
        return false;
    output->batches.len = emitted_count;
    output->batches.ptr = emitted_count == 0 ? NULL : tenon_must_malloc(emitted_count * sizeof *output->batches.ptr);
    for (size_t i = 0; i < emitted_count; i++)
        output->batches.ptr[i] = give(i);
    output->rejected = tenon_reject_take();
    return true;
}

bool exports_tenon_etl_transform_process(exports_tenon_etl_transform_own_batch_t input,
    exports_tenon_etl_transform_output_t *output, exports_tenon_etl_transform_error_t *error)
{
    tenon_owner call = {0};
    tenon_owner_begin(&call);
    tenon_forgive();
    tenon_batch *batch = tenon_adopt_batch(input, session.input);
    begin_call(batch);
    const tenon_function *function = session.function;
    if (function == NULL) {
        tenon_fail(TENON_INTERNAL, "no function is open");
    } else {
        size_t rows = function->scalar ? tenon_rows(batch) : 0;
        tenon_emit(function->transform != NULL ? function->transform(batch, session.config)
                                               : function->process(session.state, batch));
        if (function->scalar && !tenon_failed())
            check_scalar(rows);
    }
    bool answered = answer(output, error);
    end_call();
    tenon_owner_suspend(&call);
    tenon_owner_free(&call);
    return answered;
}

bool exports_tenon_etl_transform_finish(
    exports_tenon_etl_transform_output_t *output, exports_tenon_etl_transform_error_t *error)
{
    tenon_owner call = {0};
    tenon_owner_begin(&call);
    tenon_forgive();
    begin_call(NULL);
    if (session.function == NULL)
        tenon_fail(TENON_INTERNAL, "no function is open");
    else if (session.function->finish != NULL)
        tenon_emit(session.function->finish(session.state));
    bool answered = answer(output, error);
    end_call();
    tenon_owner_suspend(&call);
    tenon_owner_free(&call);
    return answered;
}
