/* The stand-in's log, counters, parameters, secrets, clock, random bytes, state and programs. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* A name with what is kept under it. */
typedef struct entry {
    tenon_text name;
    tenon_text value;
    double sum;
    struct entry *next;
} entry;

/* What was set and said, until it is reset. */
static tenon_owner kept;
static entry *parameters, *secrets, *state, *counters, *messages;
static tenon_instant now;
static int32_t *answers;
static size_t answer_count, answer_next;

void host_services_reset(void)
{
    tenon_owner_free(&kept);
    parameters = secrets = state = counters = messages = NULL;
    now = (tenon_instant){0, 0};
    answers = NULL;
    answer_count = answer_next = 0;
}

static entry *find(entry *entries, tenon_text name)
{
    while (entries != NULL && !tenon_text_equals(entries->name, name))
        entries = entries->next;
    return entries;
}

static entry *find_or_add(entry **entries, tenon_text name)
{
    entry *found = find(*entries, name);
    if (found != NULL)
        return found;
    tenon_owner_begin(&kept);
    entry *added = tenon_alloc(sizeof *added);
    added->name = tenon_copy_text(name.data, name.length);
    added->next = *entries;
    *entries = added;
    tenon_owner_suspend(&kept);
    return added;
}

static void set(entry **entries, tenon_text name, tenon_text value)
{
    entry *entry = find_or_add(entries, name);
    tenon_owner_begin(&kept);
    entry->value = tenon_copy_text(value.data, value.length);
    tenon_owner_suspend(&kept);
}

static tenon_text text_of(const transformer_string_t *wire)
{
    tenon_text text = {(const char *)wire->ptr, wire->len};
    return text;
}

void tenon_test_set_parameter(const char *name, const char *value)
{
    set(&parameters, tenon_text_of(name), tenon_text_of(value));
}

void tenon_test_set_secret(const char *name, const char *value)
{
    set(&secrets, tenon_text_of(name), tenon_text_of(value));
}

void tenon_test_set_now(tenon_instant instant)
{
    now = instant;
}

bool tenon_test_logged(const char *message)
{
    return find(messages, tenon_text_of(message)) != NULL;
}

double tenon_test_counter(const char *metric)
{
    const entry *counter = find(counters, tenon_text_of(metric));
    return counter == NULL ? 0 : counter->sum;
}

void host_add_answer(int32_t handle)
{
    tenon_owner_begin(&kept);
    answers = tenon_grow(answers, (answer_count + 1) * sizeof *answers);
    tenon_owner_suspend(&kept);
    answers[answer_count++] = handle;
}

host_batch *host_next_answer(void)
{
    return answer_next == answer_count ? NULL : host_batch_of(answers[answer_next++]);
}

void tenon_etl_host_log(tenon_etl_host_level_t level, transformer_string_t *message)
{
    (void)level;
    find_or_add(&messages, text_of(message));
}

void tenon_etl_host_count(transformer_string_t *metric, double amount)
{
    find_or_add(&counters, text_of(metric))->sum += amount;
}

bool tenon_etl_host_parameter(transformer_string_t *name, transformer_string_t *value)
{
    const entry *parameter = find(parameters, text_of(name));
    if (parameter != NULL)
        *value = tenon_string_given(parameter->value.data);
    return parameter != NULL;
}

bool tenon_etl_host_secret(transformer_string_t *name, transformer_string_t *value, tenon_etl_host_error_t *error)
{
    const entry *secret = find(secrets, text_of(name));
    if (secret == NULL)
        return host_fail(error, TENON_DENIED, "the secret was not granted");
    *value = tenon_string_given(secret->value.data);
    return true;
}

void tenon_etl_host_now(tenon_etl_host_instant_t *instant)
{
    instant->seconds = now.seconds;
    instant->nanoseconds = now.nanoseconds;
}

bool tenon_etl_host_random(uint32_t count, transformer_list_u8_t *bytes, tenon_etl_host_error_t *error)
{
    enum { MOST = 65536 };
    if (count > MOST)
        return host_fail(error, TENON_LIMIT, "at most 64 KiB of random bytes at once");
    bytes->len = count;
    bytes->ptr = count == 0 ? NULL : tenon_must_malloc(count);
    for (uint32_t i = 0; i < count; i++)
        bytes->ptr[i] = (uint8_t)rand();
    return true;
}

bool tenon_etl_host_state_get(transformer_string_t *key, transformer_option_list_u8_t *value, tenon_etl_host_error_t *error)
{
    (void)error;
    const entry *found = find(state, text_of(key));
    value->is_some = found != NULL && found->value.data != NULL;
    if (value->is_some) {
        value->val.len = found->value.length;
        value->val.ptr = memcpy(tenon_must_malloc(found->value.length + 1), found->value.data, found->value.length);
    }
    return true;
}

bool tenon_etl_host_state_put(transformer_string_t *key, transformer_list_u8_t *value, tenon_etl_host_error_t *error)
{
    (void)error;
    set(&state, text_of(key), (tenon_text){(const char *)value->ptr, value->len});
    return true;
}

bool tenon_etl_host_state_delete(transformer_string_t *key, tenon_etl_host_error_t *error)
{
    (void)error;
    entry *found = find(state, text_of(key));
    if (found != NULL)
        found->value.data = NULL;
    return true;
}

bool tenon_etl_batches_static_program_compile(tenon_etl_batches_schema_t *input, transformer_list_string_t *expressions,
    tenon_etl_batches_own_program_t *program, tenon_etl_batches_error_t *error)
{
    (void)input, (void)expressions, (void)error;
    program->__handle = 1;
    return true;
}

bool tenon_etl_batches_method_program_project(tenon_etl_batches_borrow_program_t self, tenon_etl_batches_borrow_batch_t input,
    tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    (void)self, (void)input;
    host_batch *answer = host_next_answer();
    if (answer == NULL)
        return host_fail(error, TENON_UNSUPPORTED,
            "expressions are computed by the host; in a test, give their result with tenon_test_answer");
    handle->__handle = host_handle(answer);
    return true;
}

bool tenon_etl_batches_method_program_filter(tenon_etl_batches_borrow_program_t self, tenon_etl_batches_borrow_batch_t input,
    tenon_etl_batches_own_batch_t *handle, tenon_etl_batches_error_t *error)
{
    return tenon_etl_batches_method_program_project(self, input, handle, error);
}

tenon_etl_batches_borrow_program_t tenon_etl_batches_borrow_program(tenon_etl_batches_own_program_t handle)
{
    tenon_etl_batches_borrow_program_t lent = {handle.__handle};
    return lent;
}

void tenon_etl_batches_program_drop_own(tenon_etl_batches_own_program_t handle)
{
    (void)handle;
}
