// The C++ header.
#include <string>

#include <tenon.hpp>
#include <tenon/testing.h>

struct Classify {
    double large_from;
    const char *currency;
};
TENON_CONFIG(Classify, TENON_KEY(Classify, large_from, "Amount from which an order is large.", .otherwise = "100"),
    TENON_KEY(Classify, currency, "What is added.", .otherwise = "\"EUR\""))

static tenon::Batch classify(tenon::Batch batch, const Classify *config)
{
    auto amounts = batch.column<double>("amount");
    auto names = batch.column<std::string_view>("name");
    tenon::TextBuilder sizes(amounts.size());
    tenon::Builder<bool> known(amounts.size());
    std::size_t row = 0;
    for (std::optional<double> amount : amounts) {
        if (!amount) {
            sizes.push(std::nullopt);
        } else {
            std::string size = *amount < config->large_from ? "small " : "large ";
            sizes.push(size + config->currency);
        }
        known.set(row, names[row].has_value());
        row++;
    }
    return batch.with({{"size", sizes.finish()}, {"known", known.finish()}});
}
TENON_TRANSFORM(classify, Classify, .doc = "Tells large orders from small ones.", .reads = " amount,name ")

TENON_TEST(functions_in_cpp_work)
{
    tenon_batch *orders = tenon_test_batch(
        2, "amount", tenon_test_float64s(3, 20, 250, __builtin_nan("")), "name", tenon_test_texts(3, "Ada", nullptr, "Bob"));
    tenon_output *output = tenon_test_run("classify", "{}", orders);
    TENON_CHECK(output != nullptr && output->batch_count == 1);
    tenon::Batch batch = output->batches[0];
    auto sizes = batch.column<std::string_view>("size");
    TENON_CHECK(sizes[0] == "small EUR" && sizes[1] == "large EUR" && !sizes[2]);
    auto known = batch.column<bool>("known");
    TENON_CHECK(known[0] == true && known[1] == false);
    TENON_CHECK(batch.column<std::int64_t>("nowhere").size() == 0 && tenon_failed());
}

static tenon::Batch late(tenon::Batch batch, const tenon_no_config *)
{
    tenon_reject(0, "the first");
    return tenon::Batch(tenon_slice(batch, 0, tenon_rows(batch) / 2)).without_rejected();
}
TENON_TRANSFORM(late, tenon_no_config)

TENON_TEST(rejected_rows_are_left_out_of_no_other_batch_than_the_input_in_cpp)
{
    tenon_batch *numbers = tenon_test_batch(1, "n", tenon_test_float64s(4, 1.0, 2.0, 3.0, 4.0));
    TENON_CHECK(tenon_test_run("late", "{}", numbers) == nullptr && tenon_failed_kind() == TENON_BAD_CONFIG);
    TENON_CHECK(std::string_view(tenon_failed_message()).starts_with("this batch has 2 rows, but the function was given 4, "));
}

TENON_TEST(columns_of_every_width_are_ranges_in_cpp)
{
    void *made;
    tenon_column *times = tenon_new_fixed("tsu:UTC", 3, &made);
    static_cast<std::int64_t *>(made)[2] = 77;
    tenon_set_null(times, 1);
    tenon::Batch batch = tenon_test_batch(1, "at", times);
    tenon::Values at(tenon_read_timestamp(batch, "at"));
    tenon::Builder<std::int64_t> later(at.size(), batch.schema()->columns[0]);
    std::size_t row = 0;
    for (std::optional<std::int64_t> time : at)
        later.set(row++, time ? std::optional(*time + 1) : std::nullopt);
    batch = batch.with("at", later.finish());
    TENON_CHECK(std::string_view(batch.schema()->columns[0]->format.data) == "tsu:UTC");
    tenon::Values read(tenon_read_timestamp(batch, "at"));
    TENON_CHECK(read.size() == 3 && read[0] == 1 && !read[1] && read[2] == 78);
}

TENON_TEST(lists_are_ranges_of_items_in_cpp)
{
    std::int32_t *ends;
    tenon_column *made = tenon_new_list(3, &ends, tenon_test_texts(3, "a", "b", "c"));
    ends[0] = ends[1] = 2;
    ends[2] = 3;
    tenon_set_null(made, 1);
    tenon::Batch batch = tenon_test_batch(1, "tags", made);
    tenon::Lists tags = batch.lists("tags");
    tenon::Column<std::string_view> items(tenon_as_text(tags.items()));
    std::string seen;
    for (std::optional<tenon::Items> row : tags) {
        for (std::size_t item = row ? row->from : 0; row && item < row->to; item++)
            seen += *items[item];
        seen += row ? "." : "null.";
    }
    TENON_CHECK(seen == "ab.null.c.");
}
