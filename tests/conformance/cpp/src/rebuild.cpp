// Every column value by value.
#include <string_view>
#include <vector>

#include <tenon.hpp>

// Columns of fixed width: numbers, dates, times, decimals, intervals.
template <class View>
static tenon_column *fixed(View view)
{
    tenon::Values<View> read(view);
    if (tenon_failed())
        return nullptr;
    tenon::Builder<typename tenon::Values<View>::Value> made(read.size(), view.field);
    std::size_t row = 0;
    for (auto value : read)
        made.set(row++, value);
    return made.finish();
}

static tenon_column *flags(tenon_bools view)
{
    tenon::Column<bool> read(view);
    if (tenon_failed())
        return nullptr;
    tenon::Builder<bool> made(read.size());
    std::size_t row = 0;
    for (std::optional<bool> value : read)
        made.set(row++, value);
    return tenon_like(made.finish(), view.field);
}

// Text and bytes of every layout, and dictionaries of them.
static tenon_column *texts(tenon_strings view)
{
    tenon::Column<std::string_view> read(view);
    if (tenon_failed())
        return nullptr;
    tenon::TextBuilder made(read.size());
    for (std::optional<std::string_view> value : read)
        made.push(value);
    return made.finish_like(view.field);
}

static tenon_column *rebuilt(const tenon_column *column);

// Lists, views of lists and maps: items are numbered by 32 bits.
static tenon_column *lists(const tenon_column *column)
{
    tenon::Lists read(tenon_as_list(column));
    if (tenon_failed())
        return nullptr;
    std::int32_t *ends;
    tenon_column *made = tenon_new_list(read.size(), &ends, rebuilt(read.items()));
    if (made == nullptr)
        return nullptr;
    for (std::size_t row = 0; row < read.size(); row++) {
        ends[row] = static_cast<std::int32_t>(read.items_of(row).to);
        if (!read[row])
            tenon_set_null(made, row);
    }
    return tenon_like(made, column->field);
}

static tenon_column *structs(const tenon_column *column)
{
    std::vector<tenon_named> members;
    for (std::size_t position = 0; position < column->field->children; position++) {
        tenon_column *member = tenon_child(column, position);
        if (tenon_failed())
            return nullptr;
        members.push_back({member->field->name.data, rebuilt(member)});
    }
    tenon_column *made = tenon_failed() ? nullptr : tenon_new_struct(members.data(), members.size());
    if (made == nullptr)
        return nullptr;
    struct {
        const std::uint8_t *validity;
    } present{tenon_validity(column)};
    for (std::size_t row = 0; row < tenon_column_rows(column); row++) {
        if (TENON_IS_NULL(present, row))
            tenon_set_null(made, row);
    }
    return tenon_like(made, column->field);
}

static tenon_column *rebuilt(const tenon_column *column)
{
    const tenon_field *field = column->field;
    tenon_type type = tenon_type_of(field);
    switch (type) {
    case TENON_TYPE_TEXT: return texts(tenon_as_text(column));
    case TENON_TYPE_BYTES:
    case TENON_TYPE_FIXED_BYTES: return texts(tenon_as_bytes(column));
    default: break;
    }
    if (!field->dictionary) {
        std::string_view format(field->format.data, field->format.length);
        switch (type) {
        case TENON_TYPE_NULL: return tenon_like(tenon_new_null(tenon_column_rows(column)), field);
        case TENON_TYPE_BOOL: return flags(tenon_as_bool(column));
        case TENON_TYPE_NESTED:
            if (format == "+l" || format == "+vl" || format == "+m")
                return lists(column);
            if (format == "+s")
                return structs(column);
            break;
#define CASE(name, values, view, column_type) \
    case column_type: return fixed(tenon_as_##name(column));
            TENON_FIXED_TYPES(CASE)
#undef CASE
        default: break;
        }
    }
    tenon_fail(
        TENON_UNSUPPORTED, "column `%s` of format `%s` has no typed access", field->name.data, field->format.data);
    return nullptr;
}

static tenon::Batch rebuild(tenon::Batch batch, const tenon_no_config *)
{
    const tenon_schema *schema = batch.schema();
    std::vector<tenon_column *> columns;
    for (std::size_t position = 0; position < schema->column_count && !tenon_failed(); position++) {
        tenon_column *column = batch.raw(position);
        columns.push_back(column == nullptr ? nullptr : rebuilt(column));
    }
    return tenon_failed() ? tenon::Batch(nullptr) : tenon::Batch::build(schema, batch.rows(), columns);
}
TENON_TRANSFORM(rebuild, tenon_no_config, .doc = "Reads every column value by value and builds the batch anew.")
