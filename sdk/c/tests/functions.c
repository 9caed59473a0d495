/* Functions, as the host calls them. */
#include <string.h>

#include <tenon/testing.h>

typedef struct {
    const char *column;
    int64_t limit;
    double ratio;
    bool flag;
    tenon_text_list names;
    tenon_integer_list numbers;
} Settings;

TENON_CONFIG(Settings,
    TENON_KEY(Settings, column, "A \"column\"."),
    TENON_KEY(Settings, limit, "A limit.", .otherwise = "-5"),
    TENON_KEY(Settings, ratio, "A ratio.", .otherwise = "0.1"),
    TENON_KEY(Settings, flag, "A flag.", .otherwise = "true"),
    TENON_KEY(Settings, names, "Names.", .otherwise = "[]"),
    TENON_KEY(Settings, numbers, "Numbers.", .otherwise = "[1, 2]"))

static Settings seen;

static tenon_batch *settings(tenon_batch *batch, const Settings *config)
{
    seen = *config;
    tenon_log(TENON_INFO, "%s %lld %s", config->column, (long long)config->limit,
        config->names.count == 0 ? "" : config->names.items[0]);
    return batch;
}
TENON_TRANSFORM(settings, Settings, .doc = "Keeps its configuration.", .reads = "a")

static tenon_batch *numbers(void)
{
    return tenon_test_batch(1, "a", tenon_test_int64s(3, 1, TENON_NULL, 3));
}

TENON_TEST(a_configuration_becomes_a_struct)
{
    const char *json = "{\"column\": \"\\u00e9\\ud83d\\ude00\\n\", \"limit\": 9223372036854775807, \"names\": [\"x\"]}";
    TENON_CHECK(tenon_test_run("settings", json, numbers()) != NULL);
    TENON_CHECK(seen.limit == INT64_MAX && seen.ratio == 0.1 && seen.flag && seen.numbers.count == 2);
    TENON_CHECK(tenon_test_logged("\xc3\xa9\xf0\x9f\x98\x80\n 9223372036854775807 x"));
}

static const char *failure(const char *function, const char *config)
{
    tenon_forgive();
    TENON_CHECK(tenon_test_run(function, config, numbers()) == NULL && tenon_failed_kind() == TENON_BAD_CONFIG);
    return tenon_failed_message();
}

#define FAILS(config, message) TENON_CHECK(strcmp(failure("settings", config), message) == 0)

TENON_TEST(what_does_not_fit_is_named)
{
    FAILS("", "the configuration lacks `column`: expected a text");
    FAILS("{\"column\": 3}", "the configuration doesn't fit at `column`: expected a text, found 3");
    FAILS("{\"column\": \"a\", \"limit\": 1.5}", "the configuration doesn't fit at `limit`: expected an integer, found 1.5");
    FAILS("{\"column\": \"a\", \"limit\": 9223372036854775808}",
        "the configuration doesn't fit at `limit`: expected an integer, found 9223372036854775808");
    FAILS("{\"column\": \"a\", \"names\": [\"x\", 1]}",
        "the configuration doesn't fit at `names[1]`: expected a text, found 1");
    FAILS("{\"column\": \"a\", \"flag\": \"yes\"}",
        "the configuration doesn't fit at `flag`: expected true or false, found \"yes\"");
    FAILS("{\"colum\": \"a\"}",
        "the configuration has an unknown key `colum`; the keys are column, limit, ratio, flag, names, numbers");
    FAILS("[]", "the configuration is a list; expected an object");
    FAILS("{\"column\": \"a\",}", "the configuration isn't JSON: a key is missing, at byte 15");
    FAILS("{\"column\": \"a\"} x", "the configuration isn't JSON: there is more after its end, at byte 16");
    FAILS("{\"limit\": 01}", "the configuration isn't JSON: a value is none of JSON's, at byte 12");
    TENON_CHECK(strcmp(failure("nowhere", "{}"), "there is no function `nowhere`; the functions are count, late, positive, "
                                                 "settings, twice") == 0);
}

TENON_TEST(the_schema_of_a_configuration_has_its_docs_and_defaults)
{
    const char *schema = tenon_test_config_schema("settings");
    TENON_CHECK(strstr(schema, "\"column\":{\"description\":\"A \\\"column\\\".\",\"type\":\"string\"}") != NULL);
    TENON_CHECK(strstr(schema, "\"required\":[\"column\"],\"additionalProperties\":false") != NULL);
    TENON_CHECK(strstr(schema, "\"default\":[1, 2]") != NULL);
}

TENON_TEST(a_column_that_is_to_be_read_must_be_there)
{
    tenon_batch *other = tenon_test_batch(1, "b", tenon_test_int64s(1, 1));
    TENON_CHECK(tenon_test_run("settings", "{\"column\": \"a\"}", other) == NULL);
    TENON_CHECK(strcmp(tenon_failed_message(), "there is no column `a`; the columns are b") == 0);
}

static tenon_batch *positive(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    tenon_int64s values = tenon_read_int64(batch, "a");
    for (size_t row = 0; row < values.rows; row++) {
        if (TENON_IS_NULL(values, row) || values.values[row] < 2) {
            tenon_reject(row, "row %zu is %s", row, "small");
            tenon_reject(row, "again");
        }
    }
    tenon_count("seen", (double)values.rows);
    return tenon_without_rejected(batch);
}
TENON_TRANSFORM(positive, tenon_no_config)

TENON_TEST(rows_are_refused_once)
{
    tenon_output *output = tenon_test_run("positive", "{}", numbers());
    TENON_CHECK(output->rejected_count == 2 && output->rejected[1].row == 1);
    TENON_CHECK(strcmp(output->rejected[0].reason, "row 0 is small") == 0);
    TENON_CHECK(tenon_rows(output->batches[0]) == 1 && tenon_test_counter("seen") == 3);
}

static tenon_batch *late(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    tenon_batch *kept = tenon_slice(batch, 0, tenon_rows(batch) < 2 ? tenon_rows(batch) : 2);
    tenon_release(batch);
    tenon_reject(0, "the first");
    return tenon_without_rejected(kept);
}
TENON_TRANSFORM(late, tenon_no_config)

TENON_TEST(rejected_rows_are_left_out_of_no_other_batch_than_the_input)
{
    TENON_CHECK(tenon_test_run("late", "{}", numbers()) == NULL && tenon_failed_kind() == TENON_BAD_CONFIG);
    TENON_CHECK(strstr(tenon_failed_message(), "has 2 rows, but the function was given 3, ") != NULL);
    TENON_CHECK(strstr(tenon_failed_message(), "before filtering") != NULL);
    tenon_forgive();
    tenon_output *output = tenon_test_run("late", "{}", tenon_slice(numbers(), 0, 2));
    TENON_CHECK(output != NULL && output->batch_count == 1 && tenon_rows(output->batches[0]) == 1);
    /* What the call before was given is forgotten. */
    TENON_CHECK(tenon_rows(tenon_without_rejected(numbers())) == 3);
}

static tenon_batch *twice(tenon_batch *batch, const tenon_no_config *config)
{
    (void)config;
    tenon_emit(batch);
    return batch;
}
TENON_TRANSFORM(twice, tenon_no_config)

TENON_TEST(a_batch_may_be_answered_with_twice)
{
    tenon_output *output = tenon_test_run("twice", "{}", numbers());
    TENON_CHECK(output->batch_count == 2 && tenon_rows(output->batches[0]) == 3 && tenon_rows(output->batches[1]) == 3);
}

typedef struct {
    int64_t rows;
    tenon_batch *first;
} Count;

static void count_open(Count *count, const tenon_no_config *config, const tenon_schema *input)
{
    (void)config, (void)input;
    count->rows = 0;
}

static const tenon_schema *count_output(Count *count, const tenon_schema *input)
{
    (void)count;
    return tenon_schema_with(input, "a", "l");
}

static tenon_batch *count_process(Count *count, tenon_batch *batch)
{
    if (count->first == NULL)
        count->first = tenon_keep(batch);
    count->rows += (int64_t)tenon_rows(batch);
    return NULL;
}

static tenon_batch *count_finish(Count *count)
{
    int64_t *values;
    tenon_column *column = tenon_new_int64(tenon_rows(count->first), &values);
    for (size_t row = 0; row < tenon_rows(count->first); row++)
        values[row] = count->rows;
    return tenon_with(count->first, "a", column);
}
TENON_STATEFUL(count, tenon_no_config, Count, .doc = "Counts.")

TENON_TEST(state_and_batches_are_kept_between_calls)
{
    TENON_CHECK(tenon_test_open("count", "{}", numbers()) != NULL);
    TENON_CHECK(tenon_test_process(numbers())->batch_count == 0);
    TENON_CHECK(tenon_test_process(numbers())->batch_count == 0);
    tenon_output *output = tenon_test_finish();
    TENON_CHECK(output->batch_count == 1 && tenon_read_int64(output->batches[0], "a").values[2] == 6);
}

TENON_TEST(an_error_stays_and_has_its_context)
{
    tenon_fail(TENON_TRANSIENT, "the %s is away", "server");
    tenon_fail(TENON_INTERNAL, "later");
    tenon_context("asking");
    TENON_CHECK(tenon_failed_kind() == TENON_TRANSIENT && strcmp(tenon_failed_message(), "the server is away") == 0);
    tenon_forgive();
    TENON_CHECK(!tenon_failed());
}

TENON_TEST(the_run_offers_what_was_set)
{
    tenon_test_set_parameter("year", "2013");
    tenon_test_set_secret("key", "pepper");
    tenon_test_set_now((tenon_instant){7, 8});
    TENON_CHECK(strcmp(tenon_parameter("year"), "2013") == 0 && tenon_parameter("month") == NULL);
    TENON_CHECK(strcmp(tenon_secret("key"), "pepper") == 0 && tenon_now().seconds == 7);
    TENON_CHECK(tenon_secret("other") == NULL && tenon_failed_kind() == TENON_DENIED);
    tenon_forgive();
    TENON_CHECK(tenon_state_get("runs").data == NULL && tenon_state_put("runs", "1", 1));
    TENON_CHECK(tenon_text_is(tenon_state_get("runs"), "1") && tenon_state_delete("runs"));
    TENON_CHECK(tenon_state_get("runs").data == NULL);
    unsigned char bytes[16];
    TENON_CHECK(tenon_random(bytes, sizeof bytes) && !tenon_failed());
}

TENON_TEST(what_the_host_computes_is_given)
{
    tenon_test_answer(tenon_test_batch(1, "total", tenon_test_float64s(2, 1.5, __builtin_nan(""))));
    tenon_float64s total = tenon_read_float64(tenon_with_expression(numbers(), "total", "a * 1.5"), "total");
    TENON_CHECK(total.rows == 2 && total.values[0] == 1.5 && TENON_IS_NULL(total, 1));
    TENON_CHECK(tenon_filter(numbers(), "a > 1") == NULL && tenon_failed_kind() == TENON_UNSUPPORTED);
    TENON_CHECK(strcmp(tenon_quote("a\"b"), "\"a\"\"b\"") == 0);
}

TENON_TEST(messages_are_formatted)
{
    const char *text = tenon_format("%d %lld %zu %x %c %% %.2s %g %g %g %g", -3, 1LL << 40, (size_t)7, 255u, 'c', "abc",
        0.1, 1234567.0, 1e-7, -2.5);
    TENON_CHECK(strcmp(text, "-3 1099511627776 7 ff c % ab 0.1 1234567 1e-7 -2.5") == 0);
}
