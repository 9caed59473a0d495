// Whatever can go wrong.
#include <string.h>

#include <tenon.h>

#include "conformance.h"

typedef struct {
    const char *kind;
    const char *message;
} Fail;

TENON_CONFIG(Fail, TENON_KEY(Fail, kind, "The error's kind."), TENON_KEY(Fail, message, "What it says."))

static tenon_batch *fail(tenon_batch *batch, const Fail *config)
{
    if (probing(batch))
        return batch;
    for (int kind = TENON_BAD_DATA; kind <= TENON_INTERNAL; kind++) {
        if (strcmp(tenon_kind_name((tenon_error_kind)kind), config->kind) == 0)
            tenon_fail((tenon_error_kind)kind, "%s", config->message);
    }
    if (!tenon_failed())
        tenon_fail(TENON_BAD_CONFIG, "`%s` is no kind of error", config->kind);
    return batch;
}
TENON_TRANSFORM(fail, Fail, .doc = "Fails as it is told.")

#define APART __attribute__((__noinline__))

APART static void inner(void)
{
    tenon_panic("raised on purpose");
}

APART static void middle(void)
{
    inner();
}

APART static void outer(void)
{
    middle();
}

static tenon_batch *raise(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    if (!probing(batch))
        outer();
    return batch;
}
TENON_TRANSFORM(raise, tenon_no_config, .doc = "Panics, three calls deep.")

static tenon_batch *lie(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    if (probing(batch))
        return batch;
    void *values;
    return tenon_with(batch, "unannounced", tenon_new_fixed("l", tenon_rows(batch), &values));
}
TENON_TRANSFORM(lie, tenon_no_config, .doc = "Makes a column that it didn't announce.")

static tenon_batch *memory(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    while (!probing(batch))
        memset(tenon_alloc(1 << 20), 1, 1 << 20);
    return batch;
}
TENON_TRANSFORM(memory, tenon_no_config, .doc = "Allocates without end.")

static tenon_batch *spin(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    for (volatile bool on = !probing(batch); on;)
        continue;
    return batch;
}
TENON_TRANSFORM(spin, tenon_no_config, .doc = "Loops without end.")
