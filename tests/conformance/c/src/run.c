// What the run offers: log, counters, parameters, secrets, clock, random bytes, state.
#include <tenon.h>

#include "conformance.h"

typedef struct {
    const char *parameter;
    const char *secret;
} Host;

TENON_CONFIG(Host, TENON_KEY(Host, parameter, "Name of a parameter."), TENON_KEY(Host, secret, "Name of a secret."))

static tenon_column *repeated(const char *text, size_t rows)
{
    tenon_text_builder *column = tenon_build_text(rows);
    for (size_t row = 0; row < rows; row++)
        tenon_push(column, text);
    return tenon_text_column(column);
}

static tenon_column *repeated_number(int64_t number, size_t rows)
{
    int64_t *values;
    tenon_column *column = tenon_new_int64(rows, &values);
    for (size_t row = 0; row < rows; row++)
        values[row] = number;
    return column;
}

static void log_levels(void)
{
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};
    for (int level = TENON_TRACE; level <= TENON_ERROR; level++)
        tenon_log((tenon_level)level, "a line of %s", levels[level]);
}

static int64_t year_now(void)
{
    int64_t days = tenon_now().seconds / 86400, year = 1970;
    for (;; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (days < 365 + leap)
            return year;
        days -= 365 + leap;
    }
}

static tenon_batch *host(tenon_batch *batch, const Host *config)
{
    size_t rows = tenon_rows(batch);
    const char *secret = NULL;
    unsigned char random[16] = {0};
    int64_t drawn = 0;
    if (!probing(batch)) {
        log_levels();
        tenon_count("conformance.rows", (double)rows);
        secret = tenon_secret(config->secret);
        if (tenon_failed()) {
            secret = tenon_kind_name(tenon_failed_kind());
            tenon_forgive();
        }
        drawn = tenon_random(random, sizeof random) ? sizeof random : 0;
    }
    tenon_named columns[] = {
        {"parameter", repeated(tenon_parameter(config->parameter), rows)},
        {"secret", repeated(secret, rows)},
        {"year", repeated_number(year_now(), rows)},
        {"random", repeated_number(drawn, rows)},
    };
    return tenon_with_columns(batch, columns, 4);
}
TENON_TRANSFORM(host, Host, .doc = "Calls everything that a run offers.")

typedef struct {
    // 0 until the first batch.
    int64_t runs;
} State;

static void state_open(State *state, const tenon_no_config *config, const tenon_schema *input)
{
    (void)state, (void)config, (void)input;
}

static void add_run(State *state)
{
    tenon_text kept = tenon_state_get("runs");
    int64_t runs_before = 0;
    for (size_t i = 0; i < kept.length; i++)
        runs_before = runs_before * 10 + (kept.data[i] - '0');
    state->runs = runs_before + 1;
    const char *runs = tenon_format("%lld", (long long)state->runs);
    tenon_state_put("runs", runs, tenon_text_of(runs).length);
}

static const tenon_schema *state_output(State *state, const tenon_schema *input)
{
    (void)state;
    return tenon_schema_with(input, "runs", "l");
}

static tenon_batch *state_process(State *state, tenon_batch *batch)
{
    if (state->runs == 0)
        add_run(state);
    return tenon_with(batch, "runs", repeated_number(state->runs, tenon_rows(batch)));
}

static tenon_batch *state_finish(State *state)
{
    (void)state;
    return NULL;
}
TENON_STATEFUL(state, tenon_no_config, State, .doc = "Counts its sandboxes in the job's state.")

typedef struct {
    int64_t rows;
} Count;

static void count_rows_open(Count *count, const tenon_no_config *config, const tenon_schema *input)
{
    (void)count, (void)config, (void)input;
}

static const tenon_schema *count_rows_output(Count *count, const tenon_schema *input)
{
    (void)count, (void)input;
    return tenon_schema_with(tenon_schema_empty(), "rows", "l");
}

static tenon_batch *count_rows_process(Count *count, tenon_batch *batch)
{
    count->rows += (int64_t)tenon_rows(batch);
    return NULL;
}

static tenon_batch *count_rows_finish(Count *count)
{
    tenon_named rows = {"rows", repeated_number(count->rows, 1)};
    return tenon_batch_of(&rows, 1);
}
TENON_STATEFUL(count_rows, tenon_no_config, Count, .doc = "Counts the rows of its partition.")
