/* The stand-in's frames: rows in memory. What takes a query is answered with what the test gives. */
#include <string.h>

#include "../bindings/script.h"
#include "host.h"

typedef struct {
    host_batch *rows;
    /* What the last function on the way refused; NULL without one. */
    host_batch *rejected;
} frame;

/* What may be read and what was written, by place. */
typedef struct entry {
    const char *place;
    host_batch *rows;
    struct entry *next;
} entry;

static tenon_owner kept;
static frame **frames;
static size_t frame_count;
static entry *sources, *sinks;

void host_frames_reset(void)
{
    tenon_owner_free(&kept);
    frames = NULL;
    frame_count = 0;
    sources = sinks = NULL;
}

static bool fail(script_errors_error_t *error, tenon_error_kind kind, const char *message)
{
    tenon_etl_errors_error_t same;
    host_fail(&same, kind, message);
    memcpy(error, &same, sizeof same);
    return false;
}

static bool answer(host_batch *rows, host_batch *rejected, tenon_etl_pipeline_own_frame_t *handle)
{
    tenon_owner_begin(&kept);
    frame *made = tenon_alloc(sizeof *made);
    made->rows = rows;
    made->rejected = rejected;
    frames = tenon_grow(frames, (frame_count + 1) * sizeof *frames);
    tenon_owner_suspend(&kept);
    frames[frame_count++] = made;
    handle->__handle = (int32_t)frame_count;
    return true;
}

/* The result of a query, which the test has given. */
static bool answer_query(const frame *from, tenon_etl_pipeline_own_frame_t *handle, script_errors_error_t *error)
{
    host_batch *next = host_next_answer();
    if (next == NULL)
        return fail(error, TENON_UNSUPPORTED, "queries are run by the host; in a test, give their result with tenon_test_answer");
    return answer(next, from == NULL ? NULL : from->rejected, handle);
}

static frame *at(tenon_etl_pipeline_borrow_frame_t handle)
{
    return frames[handle.__handle - 1];
}

/* The place in a source's or sink's JSON: the text itself, or the value of `url`. */
static const char *place_of(const script_string_t *wire)
{
    const char *fault;
    tenon_text text = {(const char *)wire->ptr, wire->len};
    const tenon_json *value = tenon_json_parse(text, &fault);
    if (value != NULL && value->type == TENON_JSON_TEXT)
        return value->text.data;
    for (const tenon_json *member = value == NULL ? NULL : value->first; member != NULL; member = member->next) {
        if (tenon_text_is(member->key, "url") && member->type == TENON_JSON_TEXT)
            return member->text.data;
    }
    return "";
}

static entry *find(entry *entries, const char *place)
{
    while (entries != NULL && strcmp(entries->place, place) != 0)
        entries = entries->next;
    return entries;
}

static void keep(entry **entries, const char *place, host_batch *rows)
{
    tenon_owner_begin(&kept);
    entry *added = tenon_alloc(sizeof *added);
    added->place = tenon_copy_text(place, strlen(place)).data;
    added->rows = rows;
    added->next = *entries;
    *entries = added;
    tenon_owner_suspend(&kept);
}

static tenon_batch *batch_of(host_batch *rows)
{
    tenon_etl_batches_own_batch_t handle = {host_handle(rows)};
    return tenon_adopt_batch(handle, NULL);
}

void tenon_test_source(const char *place, tenon_batch *batch)
{
    keep(&sources, place, host_batch_of(batch->handle.__handle));
}

tenon_batch *tenon_test_written(const char *place)
{
    const entry *written = find(sinks, place);
    return written == NULL ? NULL : batch_of(written->rows);
}

bool tenon_test_job(void)
{
    script_errors_error_t error;
    if (exports_tenon_etl_job_run(&error))
        return true;
    tenon_etl_errors_error_t same;
    memcpy(&same, &error, sizeof same);
    tenon_fail_host(&same);
    return false;
}

/* A program of tests without a job has none. */
__attribute__((__weak__)) void tenon_job_run(void)
{
    tenon_fail(TENON_INTERNAL, "there is no job: TENON_JOB makes one");
}

bool tenon_etl_pipeline_static_frame_read(
    script_string_t *source, tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    const char *place = place_of(source);
    const entry *found = find(sources, place);
    if (found == NULL)
        return fail(error, TENON_BAD_CONFIG, tenon_format("there is no source `%s`: give it with tenon_test_source", place));
    return answer(found->rows, NULL, handle);
}

bool tenon_etl_pipeline_static_frame_sql(script_string_t *query, tenon_etl_pipeline_list_tuple2_string_borrow_frame_t *inputs,
    tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    (void)query;
    return answer_query(inputs->len == 0 ? NULL : at(inputs->ptr[0].f1), handle, error);
}

bool tenon_etl_pipeline_method_frame_schema(
    tenon_etl_pipeline_borrow_frame_t self, tenon_etl_pipeline_schema_t *schema, tenon_etl_pipeline_error_t *error)
{
    (void)error;
    tenon_etl_arrow_schema_t same = tenon_schema_given(at(self)->rows->schema);
    memcpy(schema, &same, sizeof same);
    return true;
}

bool tenon_etl_pipeline_method_frame_filter(tenon_etl_pipeline_borrow_frame_t self, script_string_t *predicate,
    tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    (void)predicate;
    return answer_query(at(self), handle, error);
}

bool tenon_etl_pipeline_method_frame_project(tenon_etl_pipeline_borrow_frame_t self, script_list_string_t *expressions,
    tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    (void)expressions;
    return answer_query(at(self), handle, error);
}

bool tenon_etl_pipeline_method_frame_join(tenon_etl_pipeline_borrow_frame_t self, tenon_etl_pipeline_borrow_frame_t other,
    script_list_string_t *on, tenon_etl_pipeline_join_kind_t kind, tenon_etl_pipeline_own_frame_t *handle,
    tenon_etl_pipeline_error_t *error)
{
    (void)other, (void)on, (void)kind;
    return answer_query(at(self), handle, error);
}

bool tenon_etl_pipeline_method_frame_aggregate(tenon_etl_pipeline_borrow_frame_t self, script_list_string_t *group_by,
    script_list_string_t *expressions, tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    (void)group_by, (void)expressions;
    return answer_query(at(self), handle, error);
}

bool tenon_etl_pipeline_method_frame_sort(tenon_etl_pipeline_borrow_frame_t self, script_list_string_t *by,
    tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    (void)by;
    return answer_query(at(self), handle, error);
}

/* Whether a call on batches succeeded; the error that was kept becomes the host's. */
static bool checked(const tenon_batch *batch, script_errors_error_t *error)
{
    tenon_etl_errors_error_t same;
    if (batch != NULL)
        return true;
    if (!tenon_take_error(&same))
        host_fail(&same, TENON_INTERNAL, "no batch was made");
    memcpy(error, &same, sizeof same);
    return false;
}

bool tenon_etl_pipeline_method_frame_union(tenon_etl_pipeline_borrow_frame_t self, tenon_etl_pipeline_borrow_frame_t other,
    tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    tenon_batch *parts[] = {batch_of(at(self)->rows), batch_of(at(other)->rows)};
    tenon_batch *both = tenon_concat(parts, 2);
    return checked(both, error) && answer(host_batch_of(both->handle.__handle), at(self)->rejected, handle);
}

bool tenon_etl_pipeline_method_frame_limit(tenon_etl_pipeline_borrow_frame_t self, uint32_t rows,
    tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    host_batch *from = at(self)->rows;
    tenon_batch *first = tenon_slice(batch_of(from), 0, rows < from->rows ? rows : from->rows);
    return checked(first, error) && answer(host_batch_of(first->handle.__handle), at(self)->rejected, handle);
}

/* The rows that a function has refused, with who did and why. */
static tenon_batch *refused(tenon_batch *input, const char *function, const tenon_output *output)
{
    size_t count = output->rejected_count;
    uint32_t *rows = tenon_alloc_array(count, sizeof *rows);
    tenon_text_builder *by = tenon_build_text(count), *because = tenon_build_text(count);
    int64_t *numbers;
    tenon_column *row = tenon_new_int64(count, &numbers);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (uint32_t)output->rejected[i].row;
        numbers[i] = (int64_t)output->rejected[i].row;
        tenon_push(by, function);
        tenon_push(because, output->rejected[i].reason);
    }
    tenon_named columns[] = {
        {"rejected_by", tenon_text_column(by)}, {"rejected_row", row}, {"rejected_because", tenon_text_column(because)}};
    return tenon_with_columns(tenon_take(input, rows, count), columns, 3);
}

bool tenon_etl_pipeline_method_frame_apply(tenon_etl_pipeline_borrow_frame_t self, script_string_t *function,
    script_string_t *config, tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    const char *name = tenon_copy_text((const char *)function->ptr, function->len).data;
    const char *json = tenon_copy_text((const char *)config->ptr, config->len).data;
    if (strchr(name, ':') != NULL)
        return answer_query(at(self), handle, error);
    tenon_batch *input = batch_of(at(self)->rows);
    tenon_output *output = tenon_test_run(name, json, input);
    if (output == NULL)
        return checked(NULL, error);
    tenon_batch *rows = output->batch_count == 0 ? NULL : tenon_concat(output->batches, output->batch_count);
    tenon_batch *rejected = refused(input, name, output);
    return checked(rows, error) && checked(rejected, error)
        && answer(host_batch_of(rows->handle.__handle), host_batch_of(rejected->handle.__handle), handle);
}

bool tenon_etl_pipeline_method_frame_rejected(
    tenon_etl_pipeline_borrow_frame_t self, tenon_etl_pipeline_own_frame_t *handle, tenon_etl_pipeline_error_t *error)
{
    host_batch *rejected = at(self)->rejected;
    if (rejected == NULL)
        return fail(error, TENON_BAD_CONFIG, "no function is applied on the way to this frame");
    return answer(rejected, NULL, handle);
}

bool tenon_etl_pipeline_method_frame_write(tenon_etl_pipeline_borrow_frame_t self, script_string_t *sink,
    tenon_etl_pipeline_written_t *written, tenon_etl_pipeline_error_t *error)
{
    (void)error;
    keep(&sinks, place_of(sink), at(self)->rows);
    *written = (tenon_etl_pipeline_written_t){at(self)->rows->rows, 0, 1};
    return true;
}

bool tenon_etl_pipeline_method_frame_collect(
    tenon_etl_pipeline_borrow_frame_t self, tenon_etl_pipeline_list_own_batch_t *batches, tenon_etl_pipeline_error_t *error)
{
    (void)error;
    batches->len = 1;
    batches->ptr = tenon_must_malloc(sizeof *batches->ptr);
    batches->ptr[0].__handle = host_handle(at(self)->rows);
    return true;
}

bool tenon_etl_pipeline_method_frame_count(
    tenon_etl_pipeline_borrow_frame_t self, double *rows, tenon_etl_pipeline_error_t *error)
{
    (void)error;
    *rows = at(self)->rows->rows;
    return true;
}

void tenon_etl_pipeline_frame_drop_own(tenon_etl_pipeline_own_frame_t handle)
{
    (void)handle;
}

tenon_etl_pipeline_borrow_frame_t tenon_etl_pipeline_borrow_frame(tenon_etl_pipeline_own_frame_t handle)
{
    tenon_etl_pipeline_borrow_frame_t lent = {handle.__handle};
    return lent;
}
