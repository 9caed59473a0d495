/* Memory of a call, and texts in it. */
#ifndef TENON_MEMORY_H
#define TENON_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Checks the arguments of a function that takes a format. */
#define TENON_FORMAT(format, first) __attribute__((__format__(__printf__, format, first)))

/* Text in UTF-8, or bytes. Names and configured texts are terminated by a zero too; values of columns are not. */
typedef struct tenon_text {
    const char *data;
    size_t length;
} tenon_text;

/* A text that is terminated by a zero. */
tenon_text tenon_text_of(const char *terminated);

/* Whether two texts are the same. */
bool tenon_text_equals(tenon_text left, tenon_text right);

/* Whether a text is this one, which is terminated by a zero. */
bool tenon_text_is(tenon_text text, const char *terminated);

/* A list of texts, each terminated by a zero. */
typedef struct tenon_text_list {
    const char *const *items;
    size_t count;
} tenon_text_list;

#ifndef __cplusplus
/* Names or expressions as an argument: tenon_select(batch, TENON_LIST("id", "name")). */
#define TENON_LIST(...) \
    ((tenon_text_list){(const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)})
#endif

/* For "%.*s": printf("%.*s", TENON_SHOW(text)). */
#define TENON_SHOW(text) (int)(text).length, (text).data

/* Zeroed memory that belongs to the call; in the `open` part of a function with state, to the state. Where the sandbox has no
 * more, the call ends: its error is `limit` and names the limit of the job that was reached. */
void *tenon_alloc(size_t bytes);

/* As tenon_alloc, for an array. */
void *tenon_alloc_array(size_t count, size_t bytes_each);

/* Makes memory of tenon_alloc larger; NULL is none yet. What is added is not zeroed. It belongs to whom it belonged. */
void *tenon_grow(void *memory, size_t bytes);

/* A text that belongs to the call. Takes %s, %.*s, %c, %d, %u, %x with hh, h, l, ll, z, j; %g, with as
 * few digits as mean this double and no other; %%. */
char *tenon_format(const char *format, ...) TENON_FORMAT(1, 2);

/* As tenon_format. */
char *tenon_format_list(const char *format, va_list arguments) TENON_FORMAT(1, 0);

#ifdef __cplusplus
}

#include <initializer_list>

/* An initializer_list lives as long as the whole expression that it is in. */
inline tenon_text_list tenon_list_of(std::initializer_list<const char *> texts) { return {texts.begin(), texts.size()}; }
#define TENON_LIST(...) tenon_list_of({__VA_ARGS__})
#endif

#endif
