/* What a run offers besides data. Everything is empty or denied unless the job grants it. */
#ifndef TENON_HOST_H
#define TENON_HOST_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How much a message matters. */
typedef enum tenon_level {
    /* Each step of an algorithm. */
    TENON_TRACE,
    /* For whoever develops the plugin. */
    TENON_DEBUG,
    /* For whoever runs the job. */
    TENON_INFO,
    /* Something looks wrong, the run goes on. */
    TENON_WARN,
    /* Something failed. */
    TENON_ERROR,
} tenon_level;

/* A point in time. */
typedef struct tenon_instant {
    /* Since the Unix epoch. */
    int64_t seconds;
    /* Of the second that has begun. */
    uint32_t nanoseconds;
} tenon_instant;

/* Writes to the run's log. printf goes there too, as `info`, and what is written to stderr, as `warn`. */
void tenon_log(tenon_level level, const char *message, ...) TENON_FORMAT(2, 3);

/* Adds to a counter of the run's metrics. */
void tenon_count(const char *metric, double amount);

/* A job parameter by name; NULL if there is none. */
const char *tenon_parameter(const char *name);

/* A secret; NULL and a `denied` error unless the job was granted it. */
const char *tenon_secret(const char *name);

/* The run's clock. */
tenon_instant tenon_now(void);

/* Fills memory with random bytes. At most 64 KiB. */
bool tenon_random(void *bytes, size_t count);

/* A value kept between runs of this job; its data are NULL if there is none. */
tenon_text tenon_state_get(const char *key);

/* Sets a value. */
bool tenon_state_put(const char *key, const void *value, size_t size);

/* Removes a value, if it is there. */
bool tenon_state_delete(const char *key);

#ifdef __cplusplus
}
#endif

#endif
