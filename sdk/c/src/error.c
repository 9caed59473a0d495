/* The error of the call that runs. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* As many as the host keeps. */
enum { MOST_CONTEXT = 16 };

/* Memory of malloc: an error outlives the call that it ends. */
static struct {
    bool failed;
    tenon_error_kind kind;
    char *message;
    /* From the inside out. */
    char *context[MOST_CONTEXT];
    size_t context_count;
} current;

static char *duplicate(const char *data, size_t length)
{
    char *copy = tenon_must_malloc(length + 1);
    if (length != 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

static char *duplicate_formatted(const char *format, va_list arguments)
{
    const char *text = tenon_format_list(format, arguments);
    return duplicate(text, strlen(text));
}

void tenon_fail(tenon_error_kind kind, const char *message, ...)
{
    if (current.failed)
        return;
    va_list arguments;
    va_start(arguments, message);
    current.message = duplicate_formatted(message, arguments);
    va_end(arguments);
    current.kind = kind;
    current.failed = true;
}

void tenon_context(const char *doing, ...)
{
    if (!current.failed || current.context_count == MOST_CONTEXT)
        return;
    va_list arguments;
    va_start(arguments, doing);
    current.context[current.context_count++] = duplicate_formatted(doing, arguments);
    va_end(arguments);
}

void tenon_fail_host(tenon_etl_errors_error_t *error)
{
    if (!current.failed) {
        current.failed = true;
        current.kind = (tenon_error_kind)error->kind;
        current.message = duplicate((const char *)error->message.ptr, error->message.len);
        for (size_t i = error->context.len; i > 0 && current.context_count < MOST_CONTEXT; i--) {
            transformer_string_t text = error->context.ptr[i - 1];
            current.context[current.context_count++] = duplicate((const char *)text.ptr, text.len);
        }
    }
    tenon_etl_errors_error_free(error);
}

bool tenon_failed(void)
{
    return current.failed;
}

tenon_error_kind tenon_failed_kind(void)
{
    return current.failed ? current.kind : TENON_INTERNAL;
}

const char *tenon_failed_message(void)
{
    return current.failed ? tenon_copy_text(current.message, strlen(current.message)).data : "";
}

void tenon_forgive(void)
{
    if (!current.failed)
        return;
    free(current.message);
    for (size_t i = 0; i < current.context_count; i++)
        free(current.context[i]);
    memset(&current, 0, sizeof current);
}

bool tenon_take_error(tenon_etl_errors_error_t *error)
{
    if (!current.failed)
        return false;
    error->kind = (tenon_etl_errors_kind_t)current.kind;
    error->message = tenon_string_given(current.message);
    error->context.len = current.context_count;
    error->context.ptr = NULL;
    if (current.context_count != 0)
        error->context.ptr = tenon_must_malloc(current.context_count * sizeof(transformer_string_t));
    for (size_t i = 0; i < current.context_count; i++)
        error->context.ptr[i] = tenon_string_given(current.context[current.context_count - 1 - i]);
    tenon_forgive();
    return true;
}

const char *tenon_kind_name(tenon_error_kind kind)
{
    static const char *const names[] = {
        "bad-data", "bad-config", "transient", "unsupported", "denied", "limit", "internal"};
    return names[kind];
}
