//! Functions over typed columns, value by value.

const std = @import("std");
const tenon = @import("tenon");
const Batch = tenon.Batch;

fn rebuildFixed(comptime T: type, column: *const tenon.RawColumn) !*tenon.RawColumn {
    const values = try tenon.view(T, column);
    const builder = tenon.Builder(T).initLike(column.field, values.len());
    for (0..values.len()) |row| builder.set(row, values.get(row));
    return builder.finish();
}

fn rebuildBools(column: *const tenon.RawColumn) !*tenon.RawColumn {
    const values = try tenon.view(bool, column);
    const builder = tenon.BoolBuilder.init(values.len());
    for (0..values.len()) |row| builder.set(row, values.get(row));
    return tenon.like(builder.finish(), column.field);
}

fn rebuildStrings(strings: tenon.Strings) !*tenon.RawColumn {
    const builder = tenon.TextBuilder.init(strings.len());
    for (0..strings.len()) |row| builder.push(strings.get(row));
    return builder.finishLike(strings.field());
}

/// Lists, views of lists and maps: items are numbered by 32 bits.
fn rebuildLists(column: *const tenon.RawColumn) tenon.Error!*tenon.RawColumn {
    const lists = try tenon.Lists.of(column);
    const builder = tenon.ListBuilder.init(lists.len(), try rebuilt(lists.items));
    var end: usize = 0;
    for (0..lists.len()) |row| {
        if (lists.get(row)) |items| end = items.to else builder.setNull(row);
        builder.end(row, end);
    }
    return tenon.like(builder.finish(), column.field);
}

fn rebuildStructs(column: *const tenon.RawColumn) tenon.Error!*tenon.RawColumn {
    const members = tenon.allocator.alloc(tenon.Named, column.field.children) catch @panic("out of memory");
    for (members, 0..) |*member, position| {
        const child = try tenon.child(column, position);
        member.* = .{ child.field.name.terminated(), try rebuilt(child) };
    }
    const structs = try tenon.structOf(members);
    for (0..column.nodes[0].length) |row| {
        if (tenon.isNull(column, row)) tenon.setNull(structs, row);
    }
    return tenon.like(structs, column.field);
}

fn isOneOf(format: []const u8, comptime formats: []const []const u8) bool {
    inline for (formats) |one| {
        if (std.mem.eql(u8, format, one)) return true;
    }
    return false;
}

fn rebuilt(column: *const tenon.RawColumn) tenon.Error!*tenon.RawColumn {
    const kind = tenon.typeOf(column.field);
    switch (kind) {
        .text => return rebuildStrings(try tenon.view([]const u8, column)),
        .bytes, .fixed_bytes => return rebuildStrings(try tenon.view(tenon.Bytes, column)),
        else => {},
    }
    if (!column.field.dictionary) {
        if (kind == .null) return tenon.like(tenon.nulls(column.nodes[0].length), column.field);
        if (kind == .bool) return rebuildBools(column);
        const format = column.field.format.slice();
        if (isOneOf(format, &.{ "+l", "+vl", "+m" })) return rebuildLists(column);
        if (isOneOf(format, &.{"+s"})) return rebuildStructs(column);
        inline for (tenon.fixed_types) |entry| {
            if (kind == entry[1]) return rebuildFixed(entry[0], column);
        }
    }
    const field = column.field;
    return tenon.fail(.unsupported, "column `{s}` of format `{s}` has no typed access", .{ field.name.slice(), field.format.slice() });
}

pub fn rebuild(batch: Batch) !Batch {
    const schema = batch.schema();
    const columns = try tenon.allocator.alloc(*tenon.RawColumn, schema.columns().len);
    for (columns, 0..) |*column, position| column.* = try rebuilt(try batch.rawAt(position));
    return Batch.build(schema, batch.rows(), columns);
}

const Double = struct { column: [:0]const u8 };

pub fn double(batch: Batch, config: Double) !Batch {
    const values = try batch.column(i64, config.column);
    const doubled = tenon.Builder(i64).init(values.len());
    for (0..values.len()) |row| doubled.set(row, if (values.get(row)) |value| value *% 2 else null);
    return batch.with(config.column, doubled.finish());
}

const Reject = struct { column: [:0]const u8, reason: [:0]const u8 };

pub fn reject(batch: Batch, config: Reject) !Batch {
    const good = try batch.column(bool, config.column);
    for (0..good.len()) |row| {
        if (!(good.get(row) orelse false)) tenon.reject(row, "{s}", .{config.reason});
    }
    return batch.withoutRejected();
}

pub fn greet(arguments: Batch) !Batch {
    const names = try tenon.view([]const u8, try arguments.rawAt(0));
    const greetings = tenon.TextBuilder.init(names.len());
    for (0..names.len()) |row| {
        const name = names.get(row) orelse {
            greetings.push(null);
            continue;
        };
        greetings.append("Hello, ");
        greetings.push(name);
    }
    return Batch.init(&.{.{ "greeting", greetings.finish() }});
}
