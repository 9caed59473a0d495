//! Columns, typed: views over the bytes that crossed, and new ones.

const std = @import("std");
const c = @import("c.zig");
const failure = @import("failure.zig");
const text = @import("text.zig");

const Error = failure.Error;

/// A field: name, format string of the Arrow C data interface, children.
pub const Field = c.Field;
/// A column as it crosses: nodes and buffers. For types without typed access, and what `Batch.with` takes.
pub const RawColumn = c.Column;
/// How a column is read.
pub const Type = c.Type;

/// Days since the Unix epoch.
pub const Date = extern struct { days: i32 };
/// Milliseconds since the Unix epoch, of a date.
pub const DateMillis = extern struct { milliseconds: i64 };
/// Since midnight, in seconds or milliseconds: `unit`.
pub const Time32 = extern struct { value: i32 };
/// Since midnight, in microseconds or nanoseconds: `unit`.
pub const Time64 = extern struct { value: i64 };
/// Since the Unix epoch: `unit`, `zone`.
pub const Timestamp = extern struct { value: i64 };
/// A span of time: `unit`.
pub const Duration = extern struct { value: i64 };
/// Integers scaled by a power of ten: `decimal`.
pub const Decimal32 = extern struct { value: i32 };
/// As `Decimal32`, of 64 bits.
pub const Decimal64 = extern struct { value: i64 };
/// As `Decimal32`, of 128 bits.
pub const Decimal128 = extern struct { value: i128 };
/// As `Decimal32`, of 256 bits, little-endian, in two's complement.
pub const Decimal256 = extern struct { words: [4]u64 };
/// A span of months.
pub const Months = extern struct { months: i32 };
/// A span of days and milliseconds.
pub const DayMillis = extern struct { days: i32, milliseconds: i32 };
/// A span of months, days and nanoseconds.
pub const MonthDayNanos = extern struct { months: i32, days: i32, nanoseconds: i64 };

/// The types of fixed width: what they are in Zig, how they are read, and their formats where these have no parameters.
pub const fixed_types = .{
    .{ i8, Type.int8, "c" },                  .{ i16, Type.int16, "s" },
    .{ i32, Type.int32, "i" },                .{ i64, Type.int64, "l" },
    .{ u8, Type.uint8, "C" },                 .{ u16, Type.uint16, "S" },
    .{ u32, Type.uint32, "I" },               .{ u64, Type.uint64, "L" },
    .{ f16, Type.float16, "e" },              .{ f32, Type.float32, "f" },
    .{ f64, Type.float64, "g" },              .{ Date, Type.date, "tdD" },
    .{ DateMillis, Type.date_millis, "tdm" }, .{ Time32, Type.time32, "" },
    .{ Time64, Type.time64, "" },             .{ Timestamp, Type.timestamp, "" },
    .{ Duration, Type.duration, "" },         .{ Decimal32, Type.decimal32, "" },
    .{ Decimal64, Type.decimal64, "" },       .{ Decimal128, Type.decimal128, "" },
    .{ Decimal256, Type.decimal256, "" },     .{ Months, Type.months, "tiM" },
    .{ DayMillis, Type.day_millis, "tiD" },   .{ MonthDayNanos, Type.month_day_nanos, "tin" },
};

fn entryOf(comptime T: type) usize {
    inline for (fixed_types, 0..) |entry, position| {
        if (entry[0] == T) return position;
    }
    @compileError("no column is of " ++ @typeName(T) ++ "; there are bool, i8 to i64, u8 to u64, f16 to f64, []const u8 " ++
        "for text, tenon.Bytes, tenon.Date, tenon.Timestamp and so on");
}

/// What a column of `T` is read as: `Values(T)` of a fixed width, `Bools`, or `Strings` for `[]const u8` and `Bytes`.
pub fn View(comptime T: type) type {
    return switch (T) {
        bool => Bools,
        []const u8, text.Bytes => text.Strings,
        else => Values(T),
    };
}

/// A view of a raw column.
pub fn view(comptime T: type, column: *const RawColumn) Error!View(T) {
    const found = typeOf(column.field);
    const fits = switch (T) {
        bool => found == .bool,
        []const u8 => found == .text,
        text.Bytes => found == .bytes or found == .fixed_bytes,
        else => found == fixed_types[comptime entryOf(T)][1],
    };
    if (!fits or (column.field.dictionary and View(T) != text.Strings)) return mismatch(column.field, comptime nameOf(T));
    return switch (T) {
        bool => Bools.of(column),
        []const u8 => text.Strings.ofText(column),
        text.Bytes => text.Strings.ofBytes(column),
        else => Values(T).of(column),
    };
}

/// A type as one writes it.
fn nameOf(comptime T: type) [:0]const u8 {
    const name = @typeName(T);
    const start = if (std.mem.findScalarLast(u8, name, '.')) |dot| dot + 1 else return name;
    return "tenon." ++ name[start..];
}

/// The error of a type that doesn't fit the column. Formatted by the C SDK, as every plugin has this in it.
fn mismatch(field: *const Field, wanted: [:0]const u8) Error {
    const found = typeOf(field);
    var accessor: [:0]const u8 = "rawColumn";
    inline for (fixed_types) |entry| {
        if (found == entry[1] and !field.dictionary) accessor = "column(" ++ comptime nameOf(entry[0]) ++ ", ..)";
    }
    if (found == .bool and !field.dictionary) accessor = "column(bool, ..)";
    if (found == .text) accessor = "column([]const u8, ..)";
    if (found == .bytes or found == .fixed_bytes) accessor = "column(tenon.Bytes, ..)";
    const message = "column `%s` is %s, not %s; read it with `%s`";
    c.tenon_fail(.bad_config, message, field.name.terminated().ptr, c.tenon_type_name(field), wanted.ptr, accessor.ptr);
    return error.Failed;
}

fn isNull(validity: ?[*]const u8, row: usize) bool {
    const bits = validity orelse return false;
    return bits[row >> 3] >> @intCast(row & 7) & 1 == 0;
}

/// Values of one width, where they crossed to.
pub fn Values(comptime T: type) type {
    return struct {
        const Self = @This();

        /// A null's value is unspecified.
        values: []const T,
        validity: ?[*]const u8,
        field: *const Field,

        fn of(column: *const RawColumn) Error!Self {
            const first = c.tenon_values(column, fixed_types[comptime entryOf(T)][1]) orelse return error.Failed;
            const values: [*]const T = @ptrCast(@alignCast(first));
            return .{
                .values = values[0..c.tenon_column_rows(column)],
                .validity = c.tenon_validity(column),
                .field = column.field,
            };
        }

        /// Number of rows.
        pub fn len(self: Self) usize {
            return self.values.len;
        }

        /// A row's value, or null.
        pub fn get(self: Self, row: usize) ?T {
            return if (isNull(self.validity, row)) null else self.values[row];
        }
    };
}

/// Booleans, as bits.
pub const Bools = struct {
    bits: [*]const u8,
    rows: usize,
    validity: ?[*]const u8,
    field: *const Field,

    fn of(column: *const RawColumn) Error!Bools {
        const first = c.tenon_values(column, .bool) orelse return error.Failed;
        return .{
            .bits = @ptrCast(first),
            .rows = c.tenon_column_rows(column),
            .validity = c.tenon_validity(column),
            .field = column.field,
        };
    }

    /// Number of rows.
    pub fn len(self: Bools) usize {
        return self.rows;
    }

    /// A row's value, or null.
    pub fn get(self: Bools, row: usize) ?bool {
        if (isNull(self.validity, row)) return null;
        return self.bits[row >> 3] >> @intCast(row & 7) & 1 == 1;
    }
};

/// A new column of fixed width: its values are zero until they are set.
pub fn Builder(comptime T: type) type {
    return struct {
        const Self = @This();

        values: []T,
        column: *RawColumn,

        /// A column of a type without parameters.
        pub fn init(rows: usize) Self {
            const format = comptime fixed_types[entryOf(T)][2];
            if (format.len == 0) @compileError("a column of " ++ @typeName(T) ++ " needs its format: use initFormat or initLike");
            return initFormat(format, rows);
        }

        /// A column of this format: `tsu:UTC`, `d:38,10`.
        pub fn initFormat(format: [:0]const u8, rows: usize) Self {
            var made: ?*anyopaque = null;
            const column = c.tenon_new_fixed(format.ptr, rows, &made);
            const values: [*]T = @ptrCast(@alignCast(made.?));
            return .{ .values = values[0..rows], .column = column };
        }

        /// A column with the name, type and metadata of another.
        pub fn initLike(field: *const Field, rows: usize) Self {
            const self = initFormat(field.format.terminated(), rows);
            _ = c.tenon_like(self.column, field);
            return self;
        }

        /// Sets a row.
        pub fn set(self: Self, row: usize, value: ?T) void {
            if (value) |there| self.values[row] = there else c.tenon_set_null(self.column, row);
        }

        /// The column.
        pub fn finish(self: Self) *RawColumn {
            return self.column;
        }
    };
}

/// A new column of booleans: false until they are set.
pub const BoolBuilder = struct {
    column: *RawColumn,

    /// A column of so many rows.
    pub fn init(rows: usize) BoolBuilder {
        return .{ .column = c.tenon_new_bool(rows) };
    }

    /// Sets a row, once.
    pub fn set(self: BoolBuilder, row: usize, value: ?bool) void {
        if (value == null) c.tenon_set_null(self.column, row);
        if (value orelse false) c.tenon_set_true(self.column, row);
    }

    /// The column.
    pub fn finish(self: BoolBuilder) *RawColumn {
        return self.column;
    }
};

/// A column of values, some of which may be null: of numbers, `bool` or texts.
pub fn columnOf(comptime T: type, values: []const ?T) *RawColumn {
    if (T == []const u8) {
        const builder = text.Builder.init(values.len);
        for (values) |value| builder.push(value);
        return builder.finish();
    }
    const builder = if (T == bool) BoolBuilder.init(values.len) else Builder(T).init(values.len);
    for (values, 0..) |value, row| builder.set(row, value);
    return builder.finish();
}

/// A column of nothing but nulls, without a type.
pub fn nulls(rows: usize) *RawColumn {
    return c.tenon_new_null(rows);
}

/// Gives a new column the name, type and metadata of a field of the same layout.
pub fn like(column: *RawColumn, field: *const Field) *RawColumn {
    return c.tenon_like(column, field);
}

/// How a field's column is read.
pub fn typeOf(field: *const Field) Type {
    return c.tenon_type_of(field);
}

/// How many of the unit of a time, timestamp or duration make a second.
pub fn unit(field: *const Field) u32 {
    return c.tenon_unit_of(field);
}

/// The zone of a timestamp; empty without one.
pub fn zone(field: *const Field) []const u8 {
    return c.tenon_zone_of(field).slice();
}

/// The digits of a decimal, in all and after the point.
pub fn decimal(field: *const Field) struct { precision: c_int, scale: c_int } {
    var precision: c_int = 0;
    var scale: c_int = 0;
    c.tenon_decimal_of(field, &precision, &scale);
    return .{ .precision = precision, .scale = scale };
}
