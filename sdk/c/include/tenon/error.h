/* What a function answers with when something goes wrong. */
#ifndef TENON_ERROR_H
#define TENON_ERROR_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a caller can do about an error. */
typedef enum tenon_error_kind {
    /* The data are wrong; the same data will fail again. */
    TENON_BAD_DATA,
    /* The configuration or the plugin is wrong. */
    TENON_BAD_CONFIG,
    /* Worth trying again. */
    TENON_TRANSIENT,
    /* Not something that this side does. */
    TENON_UNSUPPORTED,
    /* Not granted. */
    TENON_DENIED,
    /* A limit was reached; the message names it. */
    TENON_LIMIT,
    /* A defect. */
    TENON_INTERNAL,
} tenon_error_kind;

/* Fails the call. The first error of a call stays; later ones are what came of it. */
void tenon_fail(tenon_error_kind kind, const char *message, ...) TENON_FORMAT(2, 3);

/* Says what was being done, if something has failed: called again further out, it comes before what was said. */
void tenon_context(const char *doing, ...) TENON_FORMAT(1, 2);

/* Whether something has failed in this call. */
bool tenon_failed(void);

/* The kind of what has failed; TENON_INTERNAL if nothing has. */
tenon_error_kind tenon_failed_kind(void);

/* The message of what has failed; "" if nothing has. Belongs to the call. */
const char *tenon_failed_message(void);

/* Forgets what has failed, to go on without it. */
void tenon_forgive(void);

/* The name of a kind in the contract: `bad-data`. */
const char *tenon_kind_name(tenon_error_kind kind);

/* Ends the call, and this sandbox, for a defect that nothing can go on from. The error is `internal` and has the message,
 * where it was, and the functions that led there. assert() and abort() do the same. */
#define tenon_panic(...) tenon_panic_at(__FILE__, __LINE__, __func__, __VA_ARGS__)

/* What tenon_panic calls. Without a file, the message is all that is said. */
__attribute__((__noreturn__)) void tenon_panic_at(const char *file, int line, const char *function, const char *message, ...)
    TENON_FORMAT(4, 5);

#ifdef __cplusplus
}
#endif

#endif
