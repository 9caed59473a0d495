//! Columns of text and bytes.

const c = @import("c.zig");
const failure = @import("failure.zig");

const Error = failure.Error;

/// Stands for bytes where a column's type is asked for; `[]const u8` stands for text.
pub const Bytes = struct {};

/// Text or bytes in any layout: offsets of 32 or 64 bits, views, a fixed length, dictionaries of these.
pub const Strings = struct {
    view: c.Strings,

    pub fn ofText(column: *const c.Column) Error!Strings {
        return checked(c.tenon_as_text(column));
    }

    pub fn ofBytes(column: *const c.Column) Error!Strings {
        return checked(c.tenon_as_bytes(column));
    }

    fn checked(view: c.Strings) Error!Strings {
        return if (view.field == null) error.Failed else .{ .view = view };
    }

    /// The column's name and type.
    pub fn field(self: Strings) *const c.Field {
        return self.view.field.?;
    }

    /// Number of rows.
    pub fn len(self: Strings) usize {
        return self.view.rows;
    }

    /// A row's text or bytes, where they crossed to, or null.
    pub fn get(self: *const Strings, row: usize) ?[]const u8 {
        const view = &self.view;
        if (view.validity) |bits| {
            if (bits[row >> 3] >> @intCast(row & 7) & 1 == 0) return null;
        }
        const value = if (view.indices == null) row else c.tenon_index_at(view, row);
        var start = value * view.width;
        var end = start + view.width;
        if (view.offsets) |offsets| {
            start = @intCast(offsets[value]);
            end = @intCast(offsets[value + 1]);
        } else if (view.large_offsets) |offsets| {
            start = @intCast(offsets[value]);
            end = @intCast(offsets[value + 1]);
        }
        return if (start == end) "" else view.data.?[start..end];
    }
};

/// Collects texts or bytes row by row.
pub const Builder = struct {
    builder: *c.TextBuilder,

    /// A builder; `rows` is how many are expected.
    pub fn init(rows: usize) Builder {
        return .{ .builder = c.tenon_build_text(rows) };
    }

    /// Adds a row.
    pub fn push(self: Builder, text: ?[]const u8) void {
        if (text) |there| {
            self.append(there);
            self.endRow();
        } else {
            c.tenon_push_null(self.builder);
        }
    }

    /// Appends to the row that has begun.
    pub fn append(self: Builder, text: []const u8) void {
        const builder = self.builder;
        if (builder.capacity - builder.length < text.len) c.tenon_reserve(builder, text.len);
        if (text.len != 0) @memcpy(builder.data.?[builder.length..][0..text.len], text);
        builder.length += text.len;
    }

    /// Ends a row: its text is what was appended since the last one ended.
    pub fn endRow(self: Builder) void {
        c.tenon_end_row(self.builder);
    }

    /// The column, of text.
    pub fn finish(self: Builder) *c.Column {
        return c.tenon_text_column(self.builder);
    }

    /// The column, of bytes.
    pub fn finishBytes(self: Builder) *c.Column {
        return c.tenon_bytes_column(self.builder);
    }

    /// The column, with the name, type and metadata of a field: text or bytes in any layout, or a dictionary of them.
    pub fn finishLike(self: Builder, like: *const c.Field) Error!*c.Column {
        return c.tenon_strings_like(self.builder, like) orelse error.Failed;
    }
};
