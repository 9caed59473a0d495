// Tenon transforms in C++: columns as ranges of optionals, batches as values, over the C header.
//
//     #include <tenon.hpp>
//
//     struct Classify {
//         double large_from;
//     };
//     TENON_CONFIG(Classify, TENON_KEY(Classify, large_from, "Amount from which an order is large.", .otherwise = "100"))
//
//     static tenon::Batch classify(tenon::Batch batch, const Classify *config)
//     {
//         auto amounts = batch.column<double>("amount");
//         tenon::TextBuilder sizes(amounts.size());
//         for (std::optional<double> amount : amounts)
//             sizes.push(!amount ? std::nullopt : std::optional<std::string_view>(*amount < config->large_from ? "small" : "large"));
//         return batch.with("size", sizes.finish());
//     }
//     TENON_TRANSFORM(classify, Classify, .doc = "Tells large orders from small ones.")
//
// The two rules of tenon.h hold: an error stays, and what the SDK gives belongs to the call. Exceptions are off.
#ifndef TENON_HPP
#define TENON_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon.h"

namespace tenon {

// Steps through rows, for `for`.
template <class View>
class RowIterator {
public:
    RowIterator(const View *view, std::size_t row) : view_(view), row_(row) {}
    auto operator*() const { return (*view_)[row_]; }
    RowIterator &operator++()
    {
        ++row_;
        return *this;
    }
    bool operator!=(const RowIterator &other) const { return row_ != other.row_; }

private:
    const View *view_;
    std::size_t row_;
};

namespace detail {
template <class T>
struct Fixed;

#define TENON_CPP_FIXED(type, view, name) \
    template <> \
    struct Fixed<type> { \
        using View = view; \
        static View read(tenon_batch *batch, const char *column) { return tenon_read_##name(batch, column); } \
        static tenon_column *make(std::size_t rows, type **values) { return tenon_new_##name(rows, values); } \
    };
TENON_CPP_FIXED(std::int8_t, tenon_int8s, int8)
TENON_CPP_FIXED(std::int16_t, tenon_int16s, int16)
TENON_CPP_FIXED(std::int32_t, tenon_int32s, int32)
TENON_CPP_FIXED(std::int64_t, tenon_int64s, int64)
TENON_CPP_FIXED(std::uint8_t, tenon_uint8s, uint8)
TENON_CPP_FIXED(std::uint16_t, tenon_uint16s, uint16)
TENON_CPP_FIXED(std::uint32_t, tenon_uint32s, uint32)
TENON_CPP_FIXED(std::uint64_t, tenon_uint64s, uint64)
TENON_CPP_FIXED(float, tenon_float32s, float32)
TENON_CPP_FIXED(double, tenon_float64s, float64)
#undef TENON_CPP_FIXED
} // namespace detail

// A column of fixed width, by whichever view tenon.h gives of it: `tenon::Values(tenon_read_timestamp(batch, "at"))`.
template <class View>
class Values {
public:
    using Value = std::remove_cv_t<std::remove_pointer_t<decltype(View::values)>>;

    explicit Values(View view) : view_(view) {}

    std::size_t size() const { return view_.rows; }
    bool is_null(std::size_t row) const { return TENON_IS_NULL(view_, row); }
    std::optional<Value> operator[](std::size_t row) const
    {
        return is_null(row) ? std::nullopt : std::optional<Value>(view_.values[row]);
    }
    // All values, where they crossed to; those of nulls are unspecified.
    std::span<const Value> values() const { return {view_.values, view_.rows}; }
    auto begin() const { return RowIterator(this, 0); }
    auto end() const { return RowIterator(this, size()); }

private:
    View view_;
};

// A column of numbers. Dates, timestamps, decimals and the like are Values.
template <class T>
class Column : public Values<typename detail::Fixed<T>::View> {
public:
    using Values<typename detail::Fixed<T>::View>::Values;
};

// A column of booleans.
template <>
class Column<bool> {
public:
    explicit Column(tenon_bools view) : view_(view) {}

    std::size_t size() const { return view_.rows; }
    bool is_null(std::size_t row) const { return TENON_IS_NULL(view_, row); }
    std::optional<bool> operator[](std::size_t row) const
    {
        return is_null(row) ? std::nullopt : std::optional<bool>(tenon_bool_at(view_, row));
    }
    auto begin() const { return RowIterator(this, 0); }
    auto end() const { return RowIterator(this, size()); }

private:
    tenon_bools view_;
};

// A column of text or bytes in any layout.
template <>
class Column<std::string_view> {
public:
    explicit Column(tenon_strings view) : view_(view) {}

    std::size_t size() const { return view_.rows; }
    bool is_null(std::size_t row) const { return TENON_IS_NULL(view_, row); }
    std::optional<std::string_view> operator[](std::size_t row) const
    {
        if (is_null(row))
            return std::nullopt;
        tenon_text text = tenon_at(&view_, row);
        return std::string_view(text.data, text.length);
    }
    auto begin() const { return RowIterator(this, 0); }
    auto end() const { return RowIterator(this, size()); }

private:
    tenon_strings view_;
};

// Which of all items a row of lists has.
struct Items {
    std::size_t from;
    std::size_t to;
};

// A column of lists or maps: their items are a column of their own.
class Lists {
public:
    explicit Lists(tenon_lists view) : view_(view) {}

    std::size_t size() const { return view_.rows; }
    bool is_null(std::size_t row) const { return TENON_IS_NULL(view_, row); }
    std::optional<Items> operator[](std::size_t row) const
    {
        return is_null(row) ? std::nullopt : std::optional<Items>(items_of(row));
    }
    // Where a row's items are; a null may have some too, which mean nothing.
    Items items_of(std::size_t row) const { return {tenon_items_from(&view_, row), tenon_items_to(&view_, row)}; }
    // The items of all rows, one after the other, for a tenon_as_ function; NULL where the column couldn't be read.
    const tenon_column *items() const { return view_.items; }
    auto begin() const { return RowIterator(this, 0); }
    auto end() const { return RowIterator(this, size()); }

private:
    tenon_lists view_;
};

// A new column of numbers, or of another type of fixed width: zero until they are set.
template <class T>
class Builder {
public:
    explicit Builder(std::size_t rows) { column_ = detail::Fixed<T>::make(rows, &values_); }
    // With the type, name and metadata of a field, whose values have to be as wide as T.
    Builder(std::size_t rows, const tenon_field *like) : like_(like)
    {
        if (tenon_width_of(like) != sizeof(T))
            tenon_panic("a value of `%s`, which is %s, has %zu bytes, not %zu", like->name.data, tenon_type_name(like),
                tenon_width_of(like), sizeof(T));
        void *values;
        column_ = tenon_new_fixed(like->format.data, rows, &values);
        values_ = static_cast<T *>(values);
    }

    void set(std::size_t row, std::optional<T> value)
    {
        if (value)
            values_[row] = *value;
        else
            tenon_set_null(column_, row);
    }
    T *values() { return values_; }
    tenon_column *finish() { return like_ == nullptr ? column_ : tenon_like(column_, like_); }

private:
    const tenon_field *like_ = nullptr;
    tenon_column *column_;
    T *values_;
};

// A new column of booleans: false until they are set, each once.
template <>
class Builder<bool> {
public:
    explicit Builder(std::size_t rows) : column_(tenon_new_bool(rows)) {}

    void set(std::size_t row, std::optional<bool> value)
    {
        if (!value)
            tenon_set_null(column_, row);
        else if (*value)
            tenon_set_true(column_, row);
    }
    tenon_column *finish() { return column_; }

private:
    tenon_column *column_;
};

// Collects texts, or bytes, row by row.
class TextBuilder {
public:
    explicit TextBuilder(std::size_t rows) : builder_(tenon_build_text(rows)) {}

    void push(std::optional<std::string_view> text)
    {
        if (!text) {
            tenon_push_null(builder_);
            return;
        }
        append(*text);
        end_row();
    }
    // Appends to the row that has begun.
    void append(std::string_view text) { tenon_append(builder_, text.data(), text.size()); }
    void end_row() { tenon_end_row(builder_); }
    tenon_column *finish() { return tenon_text_column(builder_); }
    // As bytes.
    tenon_column *finish_bytes() { return tenon_bytes_column(builder_); }
    // With the type, name and metadata of a field: text or bytes in any layout, or a dictionary of them.
    tenon_column *finish_like(const tenon_field *field) { return tenon_strings_like(builder_, field); }

private:
    tenon_text_builder *builder_;
};

// A batch of rows, which stay with the host: a handle, copied freely. Every operation gives a new one.
class Batch {
public:
    Batch(tenon_batch *batch) : batch_(batch) {}
    operator tenon_batch *() const { return batch_; }

    // A batch of these columns.
    static Batch of(std::initializer_list<tenon_named> columns) { return tenon_batch_of(columns.begin(), columns.size()); }
    // A batch of this schema, with a column for each of its fields.
    static Batch build(const tenon_schema *schema, std::size_t rows, std::span<tenon_column *const> columns)
    {
        if (columns.size() == schema->column_count)
            return tenon_build(schema, rows, columns.data());
        tenon_fail(TENON_INTERNAL, "a schema of %zu columns was given %zu", schema->column_count, columns.size());
        return nullptr;
    }
    // The rows of all parts, which must share one schema.
    static Batch concat(std::initializer_list<tenon_batch *> parts) { return tenon_concat(parts.begin(), parts.size()); }

    std::size_t rows() const { return tenon_rows(batch_); }
    const tenon_schema *schema() const { return tenon_schema_of(batch_); }

    // Reads a column: of a number, bool, or std::string_view for text.
    template <class T>
    Column<T> column(const char *name) const
    {
        if constexpr (std::is_same_v<T, bool>)
            return Column<T>(tenon_read_bool(batch_, name));
        else if constexpr (std::is_same_v<T, std::string_view>)
            return Column<T>(tenon_read_text(batch_, name));
        else
            return Column<T>(detail::Fixed<T>::read(batch_, name));
    }
    Column<std::string_view> bytes(const char *name) const
    {
        return Column<std::string_view>(tenon_read_bytes(batch_, name));
    }
    Lists lists(const char *name) const { return Lists(tenon_read_list(batch_, name)); }
    // A column of any type as it crosses, for a tenon_as_ function.
    tenon_column *raw(std::size_t position) const { return tenon_read_at(batch_, position); }

    Batch with(const char *name, tenon_column *column) const { return tenon_with(batch_, name, column); }
    Batch with(std::initializer_list<tenon_named> columns) const
    {
        return tenon_with_columns(batch_, columns.begin(), columns.size());
    }
    Batch select(tenon_text_list names) const { return tenon_select(batch_, names); }
    Batch select(std::initializer_list<const char *> names) const { return select(tenon_list_of(names)); }
    Batch slice(std::size_t offset, std::size_t length) const { return tenon_slice(batch_, offset, length); }
    Batch take(std::span<const std::uint32_t> rows) const { return tenon_take(batch_, rows.data(), rows.size()); }
    Batch without_rejected() const { return tenon_without_rejected(batch_); }

    // Computed by the host, by SQL expressions.
    Batch eval(tenon_text_list expressions) const { return tenon_eval(batch_, expressions); }
    Batch eval(std::initializer_list<const char *> expressions) const { return eval(tenon_list_of(expressions)); }
    Batch with_expression(const char *name, const char *expression) const
    {
        return tenon_with_expression(batch_, name, expression);
    }
    Batch filter(const char *predicate) const { return tenon_filter(batch_, predicate); }

private:
    tenon_batch *batch_;
};

} // namespace tenon

#endif
