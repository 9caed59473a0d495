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
