/* Tests of functions, outside a sandbox: a stand-in for the host holds the rows.
 *
 *     #include <tenon/testing.h>
 *
 *     TENON_TEST(late_flights_are_late)
 *     {
 *         tenon_batch *flights = tenon_test_batch(1, "arr_delay", tenon_test_int64s(2, 40, TENON_NULL));
 *         tenon_output *output = tenon_test_run("categorise", "{\"late_after\": 15}", flights);
 *         tenon_strings category = tenon_read_text(output->batches[0], "category");
 *         TENON_CHECK(tenon_text_is(tenon_at(&category, 0), "late"));
 *     }
 *
 * Compile the tests, the functions and the SDK's `src/` and `testing/` with any C compiler, and run what comes out.
 * What the host computes (tenon_eval, tenon_filter, most of what frames do) has to be given with tenon_test_answer. */
#ifndef TENON_TESTING_H
#define TENON_TESTING_H

#include "../tenon.h"

#ifdef __cplusplus
#include <initializer_list>
#define TENON_ARRAY(type, ...) (std::initializer_list<type>{__VA_ARGS__}.begin())
extern "C" {
#else
#define TENON_ARRAY(type, ...) ((const type[]){__VA_ARGS__})
#endif

/* A row that was refused. */
typedef struct tenon_rejected {
    size_t row;
    const char *reason;
} tenon_rejected;

/* What came of a call. */
typedef struct tenon_output {
    tenon_batch **batches;
    size_t batch_count;
    /* In the order in which they were refused. */
    const tenon_rejected *rejected;
    size_t rejected_count;
} tenon_output;

/* Opens a function, gives it one batch and finishes it. NULL if it failed: tenon_failed_message says why. */
tenon_output *tenon_test_run(const char *function, const char *config, tenon_batch *batch);

/* Binds a function to its configuration and the columns of a batch; the columns of its output, or NULL. */
const tenon_schema *tenon_test_open(const char *function, const char *config, tenon_batch *like);

/* Gives the function that is open one batch. */
tenon_output *tenon_test_process(tenon_batch *batch);

/* Ends the function that is open. */
tenon_output *tenon_test_finish(void);

/* The JSON Schema of a function's configuration; NULL if there is no such function. */
const char *tenon_test_config_schema(const char *function);

/* A batch of columns: tenon_test_batch(2, "id", tenon_test_int64s(..), "name", tenon_test_texts(..)). */
tenon_batch *tenon_test_batch(size_t count, ...);

/* A null among the values of tenon_test_int64s. */
#define TENON_NULL INT64_MIN

/* A column of these int64_t: tenon_test_int64s(2, 40, TENON_NULL). */
#define tenon_test_int64s(count, ...) tenon_test_int64_column(count, TENON_ARRAY(int64_t, __VA_ARGS__))
tenon_column *tenon_test_int64_column(size_t count, const int64_t *values);

/* A column of these doubles; NAN is null. */
#define tenon_test_float64s(count, ...) tenon_test_float64_column(count, TENON_ARRAY(double, __VA_ARGS__))
tenon_column *tenon_test_float64_column(size_t count, const double *values);

/* A column of these texts; NULL is null. */
#define tenon_test_texts(count, ...) tenon_test_text_column(count, TENON_ARRAY(tenon_test_text, __VA_ARGS__))
typedef const char *tenon_test_text;
tenon_column *tenon_test_text_column(size_t count, const char *const *values);

/* Sets a job parameter. */
void tenon_test_set_parameter(const char *name, const char *value);

/* Grants a secret. */
void tenon_test_set_secret(const char *name, const char *value);

/* Sets the run's clock, which otherwise stands at the Unix epoch. */
void tenon_test_set_now(tenon_instant now);

/* Whether this was logged. */
bool tenon_test_logged(const char *message);

/* The sum of what was counted under this name. */
double tenon_test_counter(const char *metric);

/* Gives the result of the next tenon_eval or tenon_filter; given again, of the one after it. */
void tenon_test_answer(tenon_batch *batch);

/* Gives the job a source, by the place from which it reads it. */
void tenon_test_source(const char *place, tenon_batch *batch);

/* Runs the job. Queries, joins and the like are the host's: tenon_test_answer gives the result of each. */
bool tenon_test_job(void);

/* What the job wrote to a place; NULL if nothing. */
tenon_batch *tenon_test_written(const char *place);

/* Forgets all that was set, logged, counted and kept. Done before each test. */
void tenon_test_reset(void);

/* Tests, in the order in which they are written. */
typedef struct tenon_test {
    const char *name;
    void (*run)(void);
    struct tenon_test *next;
} tenon_test;

void tenon_test_register(tenon_test *test);

/* Says that a check failed. */
void tenon_test_fail(const char *file, int line, const char *what);

#define TENON_TEST(test) \
    static void test(void); \
    static tenon_test tenon_test_##test = {#test, test, NULL}; \
    __attribute__((__constructor__)) static void tenon_test_register_##test(void) { tenon_test_register(&tenon_test_##test); } \
    static void test(void)

#define TENON_CHECK(condition) ((condition) ? (void)0 : tenon_test_fail(__FILE__, __LINE__, #condition))

#ifdef __cplusplus
}
#endif

#endif
