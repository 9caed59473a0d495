// Transforms row by row, which the language benchmark times.
#include <tenon.h>

typedef struct {
    const char *column;
} Column;

TENON_CONFIG(Column, TENON_KEY(Column, column, "Its name."))

static char kept(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '\0';
}

static tenon_batch *clean(tenon_batch *batch, const Column *config)
{
    tenon_strings texts = tenon_read_text(batch, config->column);
    tenon_text_builder *cleaned = tenon_build_text(texts.rows);
    for (size_t row = 0; row < texts.rows; row++) {
        tenon_text text = TENON_IS_NULL(texts, row) ? (tenon_text){"", 0} : tenon_at(&texts, row);
        char *letters = tenon_alloc(text.length + 1);
        size_t count = 0;
        for (size_t i = 0; i < text.length; i++) {
            char letter = kept(text.data[i]);
            if (letter != '\0')
                letters[count++] = letter;
        }
        if (count == 0)
            tenon_push_null(cleaned);
        else
            tenon_push_text(cleaned, (tenon_text){letters, count});
    }
    return tenon_with(batch, config->column, tenon_text_column(cleaned));
}
TENON_TRANSFORM(clean, Column,
    .doc = "Texts in upper case, with nothing but the letters and digits of ASCII; null where nothing is left.")

static const char *size_of(double amount)
{
    if (amount < 0)
        return "refund";
    if (amount < 10)
        return "small";
    return amount < 100 ? "medium" : "large";
}

static tenon_batch *branch(tenon_batch *batch, const Column *config)
{
    tenon_float64s amounts = tenon_read_float64(batch, config->column);
    tenon_text_builder *sizes = tenon_build_text(amounts.rows);
    for (size_t row = 0; row < amounts.rows; row++)
        tenon_push(sizes, TENON_IS_NULL(amounts, row) ? "unknown" : size_of(amounts.values[row]));
    return tenon_with(batch, "size", tenon_text_column(sizes));
}
TENON_TRANSFORM(branch, Column, .doc = "Adds the column `size`, which tells amounts apart.")
