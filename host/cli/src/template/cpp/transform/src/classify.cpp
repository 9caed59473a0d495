// Tells large orders from small ones.
#include <tenon.hpp>

// What the job file says under `config`.
struct Classify {
    double large_from;
};

TENON_CONFIG(Classify,
    TENON_KEY(Classify, large_from, "Amount from which an order is large.", .otherwise = "100"))

static tenon::Batch classify(tenon::Batch batch, const Classify *config)
{
    auto amounts = batch.column<double>("amount");    // this column crosses, no other
    tenon::TextBuilder sizes(amounts.size());
    for (std::size_t row = 0; row < amounts.size(); row++) {
        std::optional<double> amount = amounts[row];
        if (!amount) {
            sizes.push(std::nullopt);
            continue;
        }
        if (*amount < 0)
            tenon_reject(row, "the amount is negative");
        sizes.push(*amount < config->large_from ? "small" : "large");
    }
    // What fails above, say for want of the column, needs no check: the call fails with it.
    return batch.with("size", sizes.finish()).without_rejected();
}

TENON_TRANSFORM(classify, Classify, .doc = "Adds the column `size`; orders below nothing are rejected.")
