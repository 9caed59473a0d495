/* Jobs: the exports of the world `script`, and frames. */
#include <string.h>

#include <tenon/job.h>

#include "../bindings/script.h"
#include "internal.h"

const char tenon_job_linked = 1;

struct tenon_frame {
    tenon_etl_pipeline_own_frame_t handle;
    tenon_frame *next;
};

/* The frames of the run, which the host counts until they are dropped. */
static tenon_frame *frames;

/* Both worlds have the same types under names of their own. */
_Static_assert(sizeof(script_errors_error_t) == sizeof(tenon_etl_errors_error_t), "errors are the same in both worlds");
_Static_assert(sizeof(script_string_t) == sizeof(transformer_string_t), "texts are the same in both worlds");
_Static_assert(sizeof(script_arrow_schema_t) == sizeof(tenon_etl_arrow_schema_t), "schemas are the same in both worlds");

static void fail_with(const script_errors_error_t *error)
{
    tenon_etl_errors_error_t same;
    memcpy(&same, error, sizeof same);
    tenon_fail_host(&same);
}

static script_string_t lent(const char *text)
{
    script_string_t wire = {(uint8_t *)text, strlen(text)};
    return wire;
}

static script_list_string_t lent_list(tenon_text_list texts)
{
    script_list_string_t wire = {tenon_alloc_array(texts.count, sizeof *wire.ptr), texts.count};
    for (size_t i = 0; i < texts.count; i++)
        wire.ptr[i] = lent(texts.items[i]);
    return wire;
}

static tenon_etl_pipeline_borrow_frame_t lend(const tenon_frame *frame)
{
    return tenon_etl_pipeline_borrow_frame(frame->handle);
}

/* What a call of the host gave, or NULL. */
static tenon_frame *made(bool succeeded, tenon_etl_pipeline_own_frame_t handle, const script_errors_error_t *error)
{
    if (!succeeded) {
        fail_with(error);
        return NULL;
    }
    tenon_frame *frame = tenon_alloc(sizeof *frame);
    frame->handle = handle;
    frame->next = frames;
    frames = frame;
    return frame;
}

/* Places are JSON texts; tables of a job file are JSON already. */
static script_string_t place(const char *text)
{
    return lent(text[strspn(text, " \t\r\n")] == '{' ? text : tenon_json_quoted(text));
}

tenon_frame *tenon_frame_read(const char *source)
{
    if (tenon_failed())
        return NULL;
    script_string_t wire = place(source);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_static_frame_read(&wire, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_sql(const char *query, const tenon_named_frame *inputs, size_t count)
{
    tenon_etl_pipeline_list_tuple2_string_borrow_frame_t tables = {tenon_alloc_array(count, sizeof *tables.ptr), count};
    for (size_t i = 0; i < count; i++) {
        if (inputs[i].frame == NULL)
            return NULL;
        tables.ptr[i].f0 = lent(inputs[i].name);
        tables.ptr[i].f1 = lend(inputs[i].frame);
    }
    script_string_t wire = lent(query);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_static_frame_sql(&wire, &tables, &handle, &error), handle, &error);
}

const tenon_schema *tenon_frame_schema(tenon_frame *frame)
{
    if (frame == NULL)
        return NULL;
    tenon_etl_pipeline_schema_t wire;
    script_errors_error_t error;
    if (!tenon_etl_pipeline_method_frame_schema(lend(frame), &wire, &error)) {
        fail_with(&error);
        return NULL;
    }
    tenon_etl_arrow_schema_t same;
    memcpy(&same, &wire, sizeof same);
    return tenon_schema_from_wire(&same);
}

tenon_frame *tenon_frame_filter(tenon_frame *frame, const char *predicate)
{
    if (frame == NULL)
        return NULL;
    script_string_t wire = lent(predicate);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_filter(lend(frame), &wire, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_project(tenon_frame *frame, tenon_text_list expressions)
{
    if (frame == NULL)
        return NULL;
    script_list_string_t wire = lent_list(expressions);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_project(lend(frame), &wire, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_select(tenon_frame *frame, tenon_text_list names)
{
    const char **quoted = tenon_alloc_array(names.count, sizeof *quoted);
    for (size_t i = 0; i < names.count; i++)
        quoted[i] = tenon_quote(names.items[i]);
    tenon_text_list list = {quoted, names.count};
    return tenon_frame_project(frame, list);
}

tenon_frame *tenon_frame_with(tenon_frame *frame, const char *name, const char *expression)
{
    const tenon_schema *schema = tenon_frame_schema(frame);
    if (schema == NULL)
        return NULL;
    return tenon_frame_project(frame, tenon_expressions_with(schema, name, expression));
}

tenon_frame *tenon_frame_join(tenon_frame *frame, tenon_frame *other, tenon_text_list on, tenon_join_kind kind)
{
    if (frame == NULL || other == NULL)
        return NULL;
    script_list_string_t wire = lent_list(on);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    bool succeeded = tenon_etl_pipeline_method_frame_join(
        lend(frame), lend(other), &wire, (tenon_etl_pipeline_join_kind_t)kind, &handle, &error);
    return made(succeeded, handle, &error);
}

tenon_frame *tenon_frame_union(tenon_frame *frame, tenon_frame *other)
{
    if (frame == NULL || other == NULL)
        return NULL;
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_union(lend(frame), lend(other), &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_aggregate(tenon_frame *frame, tenon_text_list group_by, tenon_text_list expressions)
{
    if (frame == NULL)
        return NULL;
    script_list_string_t groups = lent_list(group_by), texts = lent_list(expressions);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_aggregate(lend(frame), &groups, &texts, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_sort(tenon_frame *frame, tenon_text_list by)
{
    if (frame == NULL)
        return NULL;
    script_list_string_t wire = lent_list(by);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_sort(lend(frame), &wire, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_limit(tenon_frame *frame, uint32_t rows)
{
    if (frame == NULL)
        return NULL;
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_limit(lend(frame), rows, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_apply(tenon_frame *frame, const char *function, const char *config)
{
    if (frame == NULL)
        return NULL;
    script_string_t name = lent(function), json = lent(config == NULL ? "{}" : config);
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_apply(lend(frame), &name, &json, &handle, &error), handle, &error);
}

tenon_frame *tenon_frame_rejected(tenon_frame *frame)
{
    if (frame == NULL)
        return NULL;
    tenon_etl_pipeline_own_frame_t handle;
    script_errors_error_t error;
    return made(tenon_etl_pipeline_method_frame_rejected(lend(frame), &handle, &error), handle, &error);
}

bool tenon_frame_write(tenon_frame *frame, const char *sink, tenon_written *written)
{
    if (frame == NULL || tenon_failed())
        return false;
    script_string_t wire = place(sink);
    tenon_etl_pipeline_written_t taken;
    script_errors_error_t error;
    if (!tenon_etl_pipeline_method_frame_write(lend(frame), &wire, &taken, &error)) {
        fail_with(&error);
        return false;
    }
    if (written != NULL)
        *written = (tenon_written){taken.rows, taken.bytes, taken.objects};
    return true;
}

tenon_batch **tenon_frame_collect(tenon_frame *frame, size_t *count)
{
    *count = 0;
    if (frame == NULL || tenon_failed())
        return NULL;
    tenon_etl_pipeline_list_own_batch_t list;
    script_errors_error_t error;
    if (!tenon_etl_pipeline_method_frame_collect(lend(frame), &list, &error)) {
        fail_with(&error);
        return NULL;
    }
    tenon_batch **batches = tenon_alloc_array(list.len, sizeof *batches);
    for (size_t i = 0; i < list.len; i++) {
        tenon_etl_batches_own_batch_t handle = {list.ptr[i].__handle};
        batches[i] = tenon_adopt_batch(handle, NULL);
    }
    if (list.len != 0)
        tenon_adopt(list.ptr);
    *count = list.len;
    return batches;
}

double tenon_frame_count(tenon_frame *frame)
{
    if (frame == NULL || tenon_failed())
        return 0;
    double rows = 0;
    script_errors_error_t error;
    if (!tenon_etl_pipeline_method_frame_count(lend(frame), &rows, &error))
        fail_with(&error);
    return rows;
}

bool exports_tenon_etl_job_run(exports_tenon_etl_job_error_t *error)
{
    tenon_owner call = {0};
    tenon_owner_begin(&call);
    tenon_forgive();
    tenon_job_run();
    for (; frames != NULL; frames = frames->next)
        tenon_etl_pipeline_frame_drop_own(frames->handle);
    tenon_etl_errors_error_t taken;
    bool failed = tenon_take_error(&taken);
    if (failed)
        memcpy(error, &taken, sizeof taken);
    if (tenon_at_end_of_call != NULL)
        tenon_at_end_of_call();
    tenon_owner_suspend(&call);
    tenon_owner_free(&call);
    return !failed;
}
