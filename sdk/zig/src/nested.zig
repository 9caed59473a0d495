//! Columns with children: lists, structs, maps.

const c = @import("c.zig");
const failure = @import("failure.zig");
const memory = @import("memory.zig");
const Named = @import("batch.zig").Named;

const Error = failure.Error;

/// A child of a column: the items of a list, a member of a struct, the entries of a map, which are a struct of keys and
/// values. `tenon.view` reads it.
pub fn child(column: *const c.Column, position: usize) Error!*c.Column {
    return c.tenon_child(column, position) orelse error.Failed;
}

/// The member of a struct by its name.
pub fn member(column: *const c.Column, name: [:0]const u8) Error!*c.Column {
    return c.tenon_member(column, name.ptr) orelse error.Failed;
}

/// Which rows of a raw column are null.
pub fn isNull(column: *const c.Column, row: usize) bool {
    const bits = c.tenon_validity(column) orelse return false;
    return bits[row >> 3] >> @intCast(row & 7) & 1 == 0;
}

/// A view of lists or maps: which of the items each row has.
pub const Lists = struct {
    /// The items of all rows, one after the other.
    items: *const c.Column,
    view: c.Lists,

    /// A view of a raw column.
    pub fn of(column: *const c.Column) Error!Lists {
        const view = c.tenon_as_list(column);
        return .{ .items = view.items orelse return error.Failed, .view = view };
    }

    /// Number of rows.
    pub fn len(self: Lists) usize {
        return self.view.rows;
    }

    /// Where a row's items begin and end among all items, or null.
    pub fn get(self: Lists, row: usize) ?struct { from: usize, to: usize } {
        if (self.view.validity) |bits| {
            if (bits[row >> 3] >> @intCast(row & 7) & 1 == 0) return null;
        }
        return .{ .from = self.begin(row), .to = self.begin(row + 1) };
    }

    fn begin(self: Lists, row: usize) usize {
        if (self.view.offsets) |offsets| return @intCast(offsets[row]);
        if (self.view.large_offsets) |offsets| return @intCast(offsets[row]);
        return row * self.view.width;
    }
};

/// A new column of lists.
pub const ListBuilder = struct {
    column: *c.Column,
    ends: []i32,

    /// A column of so many rows over these items.
    pub fn init(rows: usize, items: *const c.Column) ListBuilder {
        var ends: ?[*]i32 = null;
        const column = c.tenon_new_list(rows, &ends, items).?;
        return .{ .column = column, .ends = ends.?[0..rows] };
    }

    /// Sets where a row's items end among all items. Every row needs it, null or not.
    pub fn end(self: ListBuilder, row: usize, items: usize) void {
        self.ends[row] = @intCast(items);
    }

    /// Makes a row null.
    pub fn setNull(self: ListBuilder, row: usize) void {
        c.tenon_set_null(self.column, row);
    }

    /// The column.
    pub fn finish(self: ListBuilder) *c.Column {
        return self.column;
    }
};

/// A column of structs with these members, which must all have the same number of rows.
pub fn structOf(members: []const Named) Error!*c.Column {
    const list = memory.allocator.alloc(c.Named, members.len) catch @panic("out of memory");
    for (list, members) |*to, from| to.* = .{ .name = from[0].ptr, .column = from[1] };
    return c.tenon_new_struct(list.ptr, list.len) orelse error.Failed;
}

/// Makes a row of a new column null.
pub fn setNull(column: *c.Column, row: usize) void {
    c.tenon_set_null(column, row);
}
