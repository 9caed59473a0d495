/* Ends of the sandbox that come with a message: the host shows the last error that was logged, and the stack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Says what it is, without allocating, and ends the sandbox. */
void tenon_end(const char *message)
{
#ifdef __wasm__
    transformer_string_t text = {(uint8_t *)message, strlen(message)};
    tenon_etl_host_log(TENON_ETL_HOST_LEVEL_ERROR, &text);
    __builtin_trap();
#else
    fprintf(stderr, "%s\n", message);
    abort();
#endif
}

void tenon_panic_at(const char *file, int line, const char *function, const char *message, ...)
{
    va_list arguments;
    va_start(arguments, message);
    const char *text = tenon_format_list(message, arguments);
    va_end(arguments);
    if (file == NULL)
        tenon_end(text);
    tenon_end(tenon_format("%s (%s, at %s:%d)", text, function, file, line));
}

void tenon_out_of_memory(size_t bytes)
{
    (void)bytes;
    tenon_end("out of memory");
}
