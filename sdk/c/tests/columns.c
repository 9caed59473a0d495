/* Columns of every kind, there and back. */
#include <string.h>

#include <tenon/testing.h>

#define ROUND_TRIP(name, type, view, column_type) \
    static void round_trip_##name(const char *format) \
    { \
        void *made; \
        tenon_column *column = tenon_new_fixed(format, 9, &made); \
        type *values = made; \
        memset(values, 0x11, 9 * sizeof *values); \
        tenon_set_null(column, 2); \
        tenon_set_null(column, 8); \
        tenon_set_null(column, 8); \
        tenon_batch *batch = tenon_test_batch(1, "c", column); \
        view read = tenon_read_##name(batch, "c"); \
        TENON_CHECK(read.rows == 9 && tenon_type_of(read.field) == column_type); \
        TENON_CHECK(memcmp(read.values, values, 9 * sizeof *values) == 0); \
        TENON_CHECK(TENON_IS_NULL(read, 2) && TENON_IS_NULL(read, 8) && !TENON_IS_NULL(read, 0)); \
        TENON_CHECK(tenon_read(batch, "c")->nodes[0].nulls == 2); \
        uint32_t rows[] = {8, 3, 3}; \
        view taken = tenon_read_##name(tenon_take(batch, rows, 3), "c"); \
        TENON_CHECK(taken.rows == 3 && TENON_IS_NULL(taken, 0) && !TENON_IS_NULL(taken, 2)); \
    }
TENON_FIXED_TYPES(ROUND_TRIP)

TENON_TEST(columns_of_fixed_width_survive)
{
    round_trip_int8("c"), round_trip_int16("s"), round_trip_int32("i"), round_trip_int64("l");
    round_trip_uint8("C"), round_trip_uint16("S"), round_trip_uint32("I"), round_trip_uint64("L");
    round_trip_float16("e"), round_trip_float32("f"), round_trip_float64("g");
    round_trip_date("tdD"), round_trip_date_millis("tdm");
    round_trip_time32("tts"), round_trip_time32("ttm"), round_trip_time64("ttu"), round_trip_time64("ttn");
    round_trip_timestamp("tsu:UTC"), round_trip_duration("tDn");
    round_trip_decimal32("d:9,2,32"), round_trip_decimal64("d:18,-3,64");
    round_trip_decimal128("d:38,10"), round_trip_decimal256("d:76,4,256");
    round_trip_months("tiM"), round_trip_day_millis("tiD"), round_trip_month_day_nanos("tin");
}

TENON_TEST(booleans_survive)
{
    tenon_column *column = tenon_new_bool(10);
    tenon_set_true(column, 9);
    tenon_set_null(column, 1);
    tenon_bools read = tenon_read_bool(tenon_test_batch(1, "c", column), "c");
    TENON_CHECK(read.rows == 10 && tenon_bool_at(read, 9) && !tenon_bool_at(read, 0));
    TENON_CHECK(TENON_IS_NULL(read, 1) && !TENON_IS_NULL(read, 9));
}

static tenon_text_builder *words(void)
{
    tenon_text_builder *builder = tenon_build_text(0);
    tenon_push(builder, "red");
    tenon_push(builder, "");
    tenon_append(builder, "abandoned", 9);
    tenon_push_null(builder);
    tenon_append(builder, "gre", 3);
    tenon_append(builder, "en", 2);
    tenon_end_row(builder);
    tenon_push(builder, "red");
    return builder;
}

static void check_words(tenon_strings read)
{
    static const char *const expected[] = {"red", "", NULL, "green", "red"};
    TENON_CHECK(read.rows == 5);
    for (size_t row = 0; row < read.rows; row++) {
        TENON_CHECK(TENON_IS_NULL(read, row) == (expected[row] == NULL));
        if (expected[row] != NULL)
            TENON_CHECK(tenon_text_is(tenon_at(&read, row), expected[row]));
    }
}

static tenon_field field(const char *format, bool dictionary)
{
    tenon_field field = {
        .name = tenon_text_of("c"), .format = tenon_text_of(format), .nullable = true, .dictionary = dictionary};
    field.children = field.descendants = dictionary;
    return field;
}

TENON_TEST(text_survives_in_every_layout)
{
    static const char *const formats[] = {"u", "U", "vu"};
    for (size_t i = 0; i < 3; i++) {
        tenon_field like = field(formats[i], false);
        tenon_batch *batch = tenon_test_batch(1, "c", tenon_strings_like(words(), &like));
        TENON_CHECK(tenon_text_is(tenon_schema_of(batch)->columns[0]->format, formats[i]));
        check_words(tenon_read_text(batch, "c"));
    }
    check_words(tenon_read_bytes(tenon_test_batch(1, "c", tenon_bytes_column(words())), "c"));
}

TENON_TEST(dictionaries_hold_each_text_once)
{
    static const char *const indices[] = {"c", "S", "i", "L"};
    for (size_t i = 0; i < 4; i++) {
        tenon_field like[] = {field(indices[i], true), field(i == 1 ? "U" : "u", false)};
        tenon_column *column = tenon_strings_like(words(), like);
        TENON_CHECK(column->nodes[0].nulls == 1 && column->nodes[1].length == 3);
        check_words(tenon_as_text(column));
    }
}

TENON_TEST(nulls_of_a_dictionarys_values_are_nulls_of_rows)
{
    tenon_field like[] = {field("c", true), field("u", false)};
    tenon_column *column = tenon_strings_like(words(), like);
    tenon_column *values = tenon_text_column(words());
    column->nodes[1] = values->nodes[0];
    memcpy(column->buffers + 2, values->buffers, 3 * sizeof(tenon_buffer));
    tenon_strings read = tenon_as_text(column);
    TENON_CHECK(!TENON_IS_NULL(read, 0) && TENON_IS_NULL(read, 2) && TENON_IS_NULL(read, 3));
}

TENON_TEST(a_dictionary_that_overflows_is_refused)
{
    tenon_text_builder *many = tenon_build_text(200);
    for (int i = 0; i < 200; i++)
        tenon_push(many, tenon_format("%d", i));
    tenon_field like[] = {field("c", true), field("u", false)};
    TENON_CHECK(tenon_strings_like(many, like) == NULL && tenon_failed_kind() == TENON_BAD_DATA);
}

TENON_TEST(bytes_of_one_length_are_checked)
{
    tenon_field like = field("w:3", false);
    tenon_text_builder *good = tenon_build_text(2);
    tenon_push(good, "abc");
    tenon_push_null(good);
    tenon_strings read = tenon_as_bytes(tenon_strings_like(good, &like));
    TENON_CHECK(read.rows == 2 && tenon_text_is(tenon_at(&read, 0), "abc") && TENON_IS_NULL(read, 1));
    tenon_field nothing = field("w:0", false);
    tenon_text_builder *empty = tenon_build_text(1);
    tenon_push(empty, "");
    TENON_CHECK(tenon_as_bytes(tenon_strings_like(empty, &nothing)).rows == 1);
    tenon_text_builder *bad = tenon_build_text(1);
    tenon_push(bad, "abcd");
    TENON_CHECK(tenon_strings_like(bad, &like) == NULL && tenon_failed_kind() == TENON_BAD_DATA);
}

TENON_TEST(a_column_of_another_type_is_named_with_its_accessor)
{
    tenon_batch *batch = tenon_test_batch(1, "name", tenon_test_texts(1, "Ada"));
    TENON_CHECK(tenon_read_int64(batch, "name").rows == 0);
    TENON_CHECK(strcmp(tenon_failed_message(), "column `name` is text, not int64; read it with `tenon_read_text`") == 0);
}

TENON_TEST(a_column_that_is_not_there_is_named_with_those_that_are)
{
    tenon_batch *batch = tenon_test_batch(2, "a", tenon_test_int64s(1, 1), "b", tenon_test_int64s(1, 2));
    TENON_CHECK(tenon_read(batch, "c") == NULL && tenon_failed_kind() == TENON_BAD_CONFIG);
    TENON_CHECK(strcmp(tenon_failed_message(), "there is no column `c`; the columns are a, b") == 0);
}

TENON_TEST(batches_are_put_together_and_cut)
{
    tenon_batch *batch = tenon_test_batch(2, "a", tenon_test_int64s(3, 1, TENON_NULL, 3), "b", tenon_test_texts(3, "x", NULL, "z"));
    tenon_batch *parts[] = {tenon_slice(batch, 1, 2), batch};
    tenon_batch *whole = tenon_concat(parts, 2);
    tenon_int64s a = tenon_read_int64(whole, "a");
    tenon_strings b = tenon_read_text(whole, "b");
    TENON_CHECK(a.rows == 5 && TENON_IS_NULL(a, 0) && a.values[1] == 3 && a.values[2] == 1);
    TENON_CHECK(TENON_IS_NULL(b, 3) && tenon_text_is(tenon_at(&b, 4), "z"));
    TENON_CHECK(tenon_schema_of(tenon_select(whole, TENON_LIST("b")))->column_count == 1);
    TENON_CHECK(tenon_slice(batch, 2, 2) == NULL && tenon_failed_kind() == TENON_BAD_CONFIG);
}

TENON_TEST(a_column_of_another_length_is_refused)
{
    tenon_batch *batch = tenon_test_batch(1, "a", tenon_test_int64s(2, 1, 2));
    TENON_CHECK(tenon_with(batch, "b", tenon_test_int64s(1, 1)) == NULL);
    TENON_CHECK(strcmp(tenon_failed_message(), "column `b` has 1 rows, but the batch has 2") == 0);
}
