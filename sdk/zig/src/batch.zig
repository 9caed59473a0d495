//! Batches: handles on rows that stay in the host's memory.

const c = @import("c.zig");
const views = @import("column.zig");
const failure = @import("failure.zig");
const memory = @import("memory.zig");

const Error = failure.Error;

/// The columns of a batch.
pub const Schema = struct {
    raw: *const c.Schema,

    /// A schema without columns, to begin with.
    pub fn empty() Schema {
        return .{ .raw = c.tenon_schema_empty() };
    }

    /// Each column's field; the children of one follow it in memory.
    pub fn columns(self: Schema) []const *const views.Field {
        return self.raw.columns[0..self.raw.column_count];
    }

    /// The column of this name.
    pub fn find(self: Schema, name: [:0]const u8) Error!*const views.Field {
        return c.tenon_find(self.raw, name.ptr) orelse error.Failed;
    }

    /// A schema with one column more, or one replaced where the name is taken.
    pub fn with(self: Schema, name: [:0]const u8, format: [:0]const u8) Schema {
        return .{ .raw = c.tenon_schema_with(self.raw, name.ptr, format.ptr) };
    }
};

/// A column with the name that it is to have.
pub const Named = struct { [:0]const u8, *views.RawColumn };

/// An immutable batch of rows. Only columns that are read, and new ones, cross the boundary. It belongs to the call.
pub const Batch = struct {
    raw: *c.Batch,

    fn of(raw: ?*c.Batch) Error!Batch {
        return .{ .raw = raw orelse return error.Failed };
    }

    /// A batch of these columns, which must all have the same number of rows.
    pub fn init(columns: []const Named) Error!Batch {
        const list = named(columns);
        return of(c.tenon_batch_of(list.ptr, list.len));
    }

    /// A batch of this schema. The host checks every column in full.
    pub fn build(of_schema: Schema, row_count: usize, columns: []const *views.RawColumn) Error!Batch {
        return of(c.tenon_build(of_schema.raw, row_count, columns.ptr));
    }

    /// The rows of all parts, which must share one schema.
    pub fn concat(parts: []const Batch) Error!Batch {
        // A Batch is its handle and nothing else.
        return of(c.tenon_concat(@ptrCast(parts.ptr), parts.len));
    }

    /// Number of rows.
    pub fn rows(self: Batch) usize {
        return c.tenon_rows(self.raw);
    }

    /// The columns' names and types.
    pub fn schema(self: Batch) Schema {
        return .{ .raw = c.tenon_schema_of(self.raw) };
    }

    /// Reads one column: it crosses, no other. `T` is bool, i8 to i64, u8 to u64, f16 to f64, []const u8 for text,
    /// tenon.Bytes, tenon.Date, tenon.Timestamp and so on.
    pub fn column(self: Batch, comptime T: type, name: [:0]const u8) Error!views.View(T) {
        return views.view(T, try self.rawColumn(name));
    }

    /// Reads a column of any type as it crosses.
    pub fn rawColumn(self: Batch, name: [:0]const u8) Error!*views.RawColumn {
        return c.tenon_read(self.raw, name.ptr) orelse error.Failed;
    }

    /// Reads the column at a position as it crosses.
    pub fn rawAt(self: Batch, position: usize) Error!*views.RawColumn {
        return c.tenon_read_at(self.raw, position) orelse error.Failed;
    }

    /// The batch with a column added, or replaced where the name is taken. The others don't move.
    pub fn with(self: Batch, name: [:0]const u8, added: *views.RawColumn) Error!Batch {
        return self.withColumns(&.{.{ name, added }});
    }

    /// As `with`, for several columns.
    pub fn withColumns(self: Batch, columns: []const Named) Error!Batch {
        const list = named(columns);
        return of(c.tenon_with_columns(self.raw, list.ptr, list.len));
    }

    /// The named columns, in that order. Nothing is copied.
    pub fn select(self: Batch, names: []const [:0]const u8) Error!Batch {
        return of(c.tenon_select(self.raw, memory.list(names)));
    }

    /// Rows `offset` to `offset + length`. Nothing is copied.
    pub fn slice(self: Batch, offset: usize, length: usize) Error!Batch {
        return of(c.tenon_slice(self.raw, offset, length));
    }

    /// The rows at these positions, in this order; a position may repeat.
    pub fn take(self: Batch, positions: []const u32) Error!Batch {
        return of(c.tenon_take(self.raw, positions.ptr, positions.len));
    }

    /// Another handle on the same rows.
    pub fn share(self: Batch) Batch {
        return .{ .raw = c.tenon_share(self.raw) };
    }

    /// The batch, beyond this call: until `release`, or the end of the sandbox.
    pub fn keep(self: Batch) Batch {
        return .{ .raw = c.tenon_keep(self.raw) };
    }

    /// Gives back what `keep` kept, or any batch early.
    pub fn release(self: Batch) void {
        c.tenon_release(self.raw);
    }

    /// One column per SQL expression, computed by the host: `amount * rate as total`. No byte crosses.
    pub fn eval(self: Batch, expressions: []const [:0]const u8) Error!Batch {
        return of(c.tenon_eval(self.raw, memory.list(expressions)));
    }

    /// The batch with a column that the host computes by a SQL expression.
    pub fn withExpression(self: Batch, name: [:0]const u8, expression: [:0]const u8) Error!Batch {
        return of(c.tenon_with_expression(self.raw, name.ptr, expression.ptr));
    }

    /// The rows for which a boolean SQL expression is true.
    pub fn filter(self: Batch, predicate: [:0]const u8) Error!Batch {
        return of(c.tenon_filter(self.raw, predicate.ptr));
    }

    /// The rows that were not rejected in this call; for a batch that still has the rows of the input, in their order. One
    /// with another number of rows is `bad-config`.
    pub fn withoutRejected(self: Batch) Error!Batch {
        return of(c.tenon_without_rejected(self.raw));
    }
};

fn named(columns: []const Named) []const c.Named {
    const list = memory.allocator.alloc(c.Named, columns.len) catch @panic("out of memory");
    for (list, columns) |*to, from| to.* = .{ .name = from[0].ptr, .column = from[1] };
    return list;
}
