// Reads orders, tells large ones from small ones, and writes both with what was rejected.
#include <tenon.hpp>

// What `classify` is applied with.
struct Classify {
    double large_from;
};

TENON_CONFIG(Classify,
    TENON_KEY(Classify, large_from, "Amount from which an order is large."))

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

// The job: the host plans and runs it, `classify` in sandboxes of its own.
static void run()
{
    tenon_frame *orders = tenon_frame_read("data/orders.csv");
    tenon_frame *classified = tenon_frame_apply(orders, "classify", R"({"large_from": 100})");
    tenon_frame_write(classified, R"({"url": "out/classified.csv", "mode": "overwrite"})", nullptr);
    tenon_frame_write(tenon_frame_rejected(classified), R"({"url": "out/rejected.ndjson", "mode": "overwrite"})", nullptr);
}

TENON_JOB(run)
