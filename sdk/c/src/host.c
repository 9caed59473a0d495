/* What the run offers besides data. */
#include <string.h>

#include "internal.h"

void tenon_log(tenon_level level, const char *message, ...)
{
    va_list arguments;
    va_start(arguments, message);
    transformer_string_t text = tenon_string_lent(tenon_format_list(message, arguments));
    va_end(arguments);
    tenon_etl_host_log((tenon_etl_host_level_t)level, &text);
}

void tenon_count(const char *metric, double amount)
{
    transformer_string_t name = tenon_string_lent(metric);
    tenon_etl_host_count(&name, amount);
}

/* A text of the host, terminated, as the call's. */
static const char *adopted(transformer_string_t *text)
{
    const char *copy = tenon_copy_text((const char *)text->ptr, text->len).data;
    transformer_string_free(text);
    return copy;
}

const char *tenon_parameter(const char *name)
{
    transformer_string_t wire = tenon_string_lent(name), value;
    return tenon_etl_host_parameter(&wire, &value) ? adopted(&value) : NULL;
}

const char *tenon_secret(const char *name)
{
    transformer_string_t wire = tenon_string_lent(name), value;
    tenon_etl_errors_error_t error;
    if (tenon_etl_host_secret(&wire, &value, &error))
        return adopted(&value);
    tenon_fail_host(&error);
    return NULL;
}

tenon_instant tenon_now(void)
{
    tenon_etl_host_instant_t now;
    tenon_etl_host_now(&now);
    tenon_instant instant = {now.seconds, now.nanoseconds};
    return instant;
}

bool tenon_random(void *bytes, size_t count)
{
    transformer_list_u8_t drawn;
    tenon_etl_errors_error_t error;
    if (!tenon_etl_host_random(count > UINT32_MAX ? UINT32_MAX : (uint32_t)count, &drawn, &error)) {
        tenon_fail_host(&error);
        return false;
    }
    memcpy(bytes, drawn.ptr, drawn.len);
    transformer_list_u8_free(&drawn);
    return true;
}

tenon_text tenon_state_get(const char *key)
{
    transformer_string_t wire = tenon_string_lent(key);
    transformer_option_list_u8_t value;
    tenon_etl_errors_error_t error;
    tenon_text none = {NULL, 0};
    if (!tenon_etl_host_state_get(&wire, &value, &error)) {
        tenon_fail_host(&error);
        return none;
    }
    if (!value.is_some)
        return none;
    tenon_text copy = tenon_copy_text((const char *)value.val.ptr, value.val.len);
    transformer_list_u8_free(&value.val);
    return copy;
}

bool tenon_state_put(const char *key, const void *value, size_t size)
{
    transformer_string_t wire = tenon_string_lent(key);
    transformer_list_u8_t bytes = {(uint8_t *)value, size};
    tenon_etl_errors_error_t error;
    if (tenon_etl_host_state_put(&wire, &bytes, &error))
        return true;
    tenon_fail_host(&error);
    return false;
}

bool tenon_state_delete(const char *key)
{
    transformer_string_t wire = tenon_string_lent(key);
    tenon_etl_errors_error_t error;
    if (tenon_etl_host_state_delete(&wire, &error))
        return true;
    tenon_fail_host(&error);
    return false;
}
