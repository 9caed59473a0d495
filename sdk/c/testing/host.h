/* The stand-in for the host: batches in memory. */
#ifndef TENON_TESTING_HOST_H
#define TENON_TESTING_HOST_H

#include <tenon/testing.h>

#include "../src/internal.h"

/* A batch of the host. */
typedef struct host_batch {
    const tenon_schema *schema;
    uint32_t rows;
    tenon_column **columns;
    /* Handles on it. */
    size_t handles;
} host_batch;

/* The batch behind a handle. */
host_batch *host_batch_of(int32_t handle);
/* A handle on a batch. */
int32_t host_handle(host_batch *batch);

/* Fails a call of the host. */
bool host_fail(tenon_etl_errors_error_t *error, tenon_error_kind kind, const char *message);

/* The rows of columns of one type, picked one by one: `parts[i]` is the column and `rows[i]` the row of the i-th. NULL if
 * the type has children, which the stand-in cannot pick. */
tenon_column *host_pick(tenon_column *const *columns, const uint32_t *parts, const uint32_t *rows, size_t count);

/* The result of the next program; NULL if none was given. */
host_batch *host_next_answer(void);
void host_add_answer(int32_t handle);

void host_services_reset(void);
void host_frames_reset(void);

#endif
