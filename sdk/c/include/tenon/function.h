/* The functions of a component. */
#ifndef TENON_FUNCTION_H
#define TENON_FUNCTION_H

#include "batch.h"
#include "config.h"
#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function, as TENON_TRANSFORM and TENON_STATEFUL describe it. */
typedef struct tenon_function {
    const char *name;
    const tenon_key *keys;
    size_t key_count;
    size_t config_size;
    /* A function of a batch. */
    tenon_batch *(*transform)(tenon_batch *batch, const void *config);
    /* Or one that keeps something between batches. */
    size_t state_size;
    void (*open)(void *state, const void *config, const tenon_schema *input);
    const tenon_schema *(*output)(void *state, const tenon_schema *input);
    tenon_batch *(*process)(void *state, tenon_batch *batch);
    tenon_batch *(*finish)(void *state);

    /* What it does, in Markdown; the first line is its summary. */
    const char *doc;
    /* Columns that it reads, separated by commas: "id, name". NULL means all. */
    const char *reads;
    /* One value per row, usable in SQL: answers with a batch of one column. */
    bool scalar;

    struct tenon_function *next;
} tenon_function;

/* Adds a function to the component's. */
void tenon_register(tenon_function *function);

/* Defined by languages without constructors: registers their functions. Called before anything else. */
__attribute__((__weak__)) void tenon_register_all(void);

/* Makes a function of the component:
 *
 *     static tenon_batch *mask(tenon_batch *batch, const Mask *config);
 *     TENON_TRANSFORM(mask, Mask, .doc = "Hides a column.", .reads = "name")
 *
 * What it takes beyond the function and its configuration (tenon_no_config for none) are `.doc`, `.reads` and `.scalar`, in
 * this order. Its output's columns are those that it makes of a batch without rows. */
#define TENON_TRANSFORM(function, Config, ...) TENON_TRANSFORM_AS(function, #function, Config __VA_OPT__(, ) __VA_ARGS__)

/* As TENON_TRANSFORM, under a name that isn't the C function's: `double` can be none. */
#define TENON_TRANSFORM_AS(function, called, Config, ...) \
    static tenon_batch *tenon_call_##function(tenon_batch *tenon_batch_, const void *tenon_config_) \
    { \
        return function(tenon_batch_, (const Config *)tenon_config_); \
    } \
    static tenon_function tenon_function_##function = { \
        .name = called, \
        .keys = tenon_keys_of_##Config, \
        .key_count = tenon_key_count_of_##Config, \
        .config_size = sizeof(Config), \
        .transform = tenon_call_##function, \
        __VA_ARGS__}; \
    TENON_AT_START(function)

/* Makes a function that keeps a `State`, zeroed at first, between the batches of a partition. Given `number`, these are
 * its parts:
 *
 *     static void number_open(State *state, const Config *config, const tenon_schema *input);
 *     static const tenon_schema *number_output(State *state, const tenon_schema *input);      the columns of its output
 *     static tenon_batch *number_process(State *state, tenon_batch *batch);
 *     static tenon_batch *number_finish(State *state);                                        after the last batch
 *
 * `config` stays as long as the state. A part that answers with NULL has no batch (more). */
#define TENON_STATEFUL(function, Config, State, ...) \
    static void tenon_open_##function(void *state, const void *config, const tenon_schema *input) \
    { \
        function##_open((State *)state, (const Config *)config, input); \
    } \
    static const tenon_schema *tenon_output_##function(void *state, const tenon_schema *input) \
    { \
        return function##_output((State *)state, input); \
    } \
    static tenon_batch *tenon_process_##function(void *state, tenon_batch *batch) \
    { \
        return function##_process((State *)state, batch); \
    } \
    static tenon_batch *tenon_finish_##function(void *state) \
    { \
        return function##_finish((State *)state); \
    } \
    static tenon_function tenon_function_##function = { \
        .name = #function, \
        .keys = tenon_keys_of_##Config, \
        .key_count = tenon_key_count_of_##Config, \
        .config_size = sizeof(Config), \
        .state_size = sizeof(State), \
        .open = tenon_open_##function, \
        .output = tenon_output_##function, \
        .process = tenon_process_##function, \
        .finish = tenon_finish_##function, \
        __VA_ARGS__}; \
    TENON_AT_START(function)

/* Registers before anything is called. */
#define TENON_AT_START(function) \
    __attribute__((__constructor__)) static void tenon_register_##function(void) \
    { \
        tenon_register(&tenon_function_##function); \
    }

/* Answers with one batch more, before the one that the function returns. */
void tenon_emit(tenon_batch *batch);

/* Refuses a row of the batch that was given to the function: it goes to the job's reject sink with this reason. The function
 * leaves the row out of its output, for example with tenon_without_rejected. A row is refused once; the first reason stays. */
void tenon_reject(size_t row, const char *reason, ...) TENON_FORMAT(2, 3);

/* The rows that were not refused in this call; for a batch that still has the rows of the input, in their order. One with
 * another number of rows is `bad-config`. */
tenon_batch *tenon_without_rejected(tenon_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
