// Functions row by row, over typed columns.
#include <string>

#include <tenon.hpp>

struct One {
    const char *column;
};
TENON_CONFIG(One, TENON_KEY(One, column, "Its name."))

static tenon::Batch twice(tenon::Batch batch, const One *config)
{
    auto numbers = batch.column<std::int64_t>(config->column);
    tenon::Builder<std::int64_t> doubled(numbers.size());
    for (std::size_t row = 0; row < numbers.size(); row++) {
        auto number = numbers[row];
        // Unsigned, so that what is too large wraps.
        doubled.set(row, number ? std::optional(static_cast<std::int64_t>(2 * static_cast<std::uint64_t>(*number))) : number);
    }
    return batch.with(config->column, doubled.finish());
}
TENON_TRANSFORM_AS(twice, "double", One, .doc = "Doubles a column.")

static std::string cleaned(std::string_view text)
{
    std::string letters;
    for (char c : text) {
        if (c >= 'a' && c <= 'z')
            letters += static_cast<char>(c - 'a' + 'A');
        else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            letters += c;
    }
    return letters;
}

static tenon::Batch clean(tenon::Batch batch, const One *config)
{
    auto texts = batch.column<std::string_view>(config->column);
    tenon::TextBuilder made(texts.size());
    for (std::optional<std::string_view> text : texts) {
        std::string letters = cleaned(text.value_or(""));
        made.push(letters.empty() ? std::nullopt : std::optional<std::string_view>(letters));
    }
    return batch.with(config->column, made.finish());
}
TENON_TRANSFORM(
    clean, One, .doc = "Texts in upper case, with nothing but the letters and digits of ASCII; null where nothing is left.")

static std::string_view size_of(std::optional<double> amount)
{
    if (!amount)
        return "unknown";
    if (*amount < 0)
        return "refund";
    if (*amount < 10)
        return "small";
    return *amount < 100 ? "medium" : "large";
}

static tenon::Batch branch(tenon::Batch batch, const One *config)
{
    auto amounts = batch.column<double>(config->column);
    tenon::TextBuilder sizes(amounts.size());
    for (std::optional<double> amount : amounts)
        sizes.push(size_of(amount));
    return batch.with("size", sizes.finish());
}
TENON_TRANSFORM(branch, One, .doc = "Adds the column `size`, which tells amounts apart.")

struct Reject {
    const char *column;
    const char *reason;
};
TENON_CONFIG(Reject, TENON_KEY(Reject, column, "Says which rows are good."),
    TENON_KEY(Reject, reason, "Why the others are not."))

static tenon::Batch reject(tenon::Batch batch, const Reject *config)
{
    std::size_t row = 0;
    for (std::optional<bool> good : batch.column<bool>(config->column)) {
        if (!good.value_or(false))
            tenon_reject(row, "%s", config->reason);
        row++;
    }
    return batch.without_rejected();
}
TENON_TRANSFORM(reject, Reject, .doc = "Rejects rows whose column is false or null.")

static tenon::Batch greet(tenon::Batch arguments, const tenon_no_config *)
{
    tenon::Column<std::string_view> names(tenon_as_text(arguments.raw(0)));
    tenon::TextBuilder greetings(names.size());
    for (std::optional<std::string_view> name : names) {
        if (!name) {
            greetings.push(std::nullopt);
            continue;
        }
        greetings.append("Hello, ");
        greetings.append(*name);
        greetings.end_row();
    }
    return tenon::Batch::of({{"greeting", greetings.finish()}});
}
TENON_TRANSFORM(greet, tenon_no_config, .doc = "Greets by name.", .scalar = true)
