/* Columns with children, there and back. */
#include <string.h>

#include <tenon/testing.h>

TENON_TEST(lists_are_made_and_read)
{
    int32_t *ends;
    tenon_column *lists = tenon_new_list(3, &ends, tenon_test_texts(4, "a", "b", NULL, "c"));
    ends[0] = 2, ends[1] = 2, ends[2] = 4;
    tenon_set_null(lists, 1);
    tenon_batch *batch = tenon_test_batch(1, "tags", lists);
    TENON_CHECK(tenon_text_is(tenon_schema_of(batch)->columns[0][1].name, "item"));
    tenon_lists read = tenon_read_list(batch, "tags");
    TENON_CHECK(read.rows == 3 && TENON_IS_NULL(read, 1) && !TENON_IS_NULL(read, 2));
    TENON_CHECK(tenon_items_from(&read, 2) == 2 && tenon_items_to(&read, 2) == 4);
    tenon_strings items = tenon_as_text(read.items);
    TENON_CHECK(items.rows == 4 && tenon_text_is(tenon_at(&items, 3), "c") && TENON_IS_NULL(items, 2));
}

TENON_TEST(structs_are_made_and_read_to_any_depth)
{
    int32_t *ends;
    tenon_column *lists = tenon_new_list(2, &ends, tenon_test_int64s(3, 1, TENON_NULL, 3));
    ends[0] = 1, ends[1] = 3;
    tenon_named members[] = {
        {"name", tenon_test_texts(2, "Ada", "Bob")}, {"marks", lists}, {"age", tenon_test_int64s(2, 36, TENON_NULL)}};
    tenon_column *people = tenon_new_struct(members, 3);
    TENON_CHECK(people->field->children == 3 && people->field->descendants == 4 && people->node_count == 5);
    tenon_batch *batch = tenon_test_batch(2, "person", people, "id", tenon_test_int64s(2, 1, 2));
    tenon_column *read = tenon_read(batch, "person");
    tenon_int64s age = tenon_as_int64(tenon_member(read, "age"));
    TENON_CHECK(age.rows == 2 && age.values[0] == 36 && TENON_IS_NULL(age, 1));
    tenon_lists marks = tenon_as_list(tenon_child(read, 1));
    TENON_CHECK(marks.rows == 2 && tenon_as_int64(marks.items).values[2] == 3);
    TENON_CHECK(tenon_read_int64(batch, "id").values[1] == 2);
    TENON_CHECK(tenon_member(read, "size") == NULL);
    TENON_CHECK(strstr(tenon_failed_message(), "has no member `size`") != NULL);
}

TENON_TEST(what_is_no_list_says_so)
{
    tenon_batch *batch = tenon_test_batch(1, "id", tenon_test_int64s(1, 1));
    TENON_CHECK(tenon_read_list(batch, "id").rows == 0);
    TENON_CHECK(strcmp(tenon_failed_message(), "column `id` is int64, not a list") == 0);
}

TENON_TEST(members_of_other_lengths_are_refused)
{
    tenon_named members[] = {{"a", tenon_test_int64s(1, 1)}, {"b", tenon_test_int64s(2, 1, 2)}};
    TENON_CHECK(tenon_new_struct(members, 2) == NULL && tenon_failed_kind() == TENON_BAD_DATA);
}
