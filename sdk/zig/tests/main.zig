//! Tests of the SDK: functions, called as the host calls them.

const std = @import("std");
const tenon = @import("tenon");

const expect = std.testing.expect;
const expectEqual = std.testing.expectEqual;
const expectEqualStrings = std.testing.expectEqualStrings;

const Settings = struct {
    column: [:0]const u8,
    limit: i64 = -5,
    ratio: f64 = 0.1,
    flag: bool = true,
    quoted: []const u8 = "a \"b\"",
    names: []const [:0]const u8 = &.{ "x", "y" },
    numbers: []const i64 = &.{},

    pub const docs = .{ .column = "A column." };
};

var seen: Settings = undefined;

fn settings(batch: tenon.Batch, config: Settings) tenon.Batch {
    seen = config;
    tenon.log(.info, "{s} {d}", .{ config.column, config.limit });
    std.debug.assert(config.names.len != 0);
    return batch;
}

fn positive(batch: tenon.Batch) !?tenon.Batch {
    const values = try batch.column(i64, "a");
    for (0..values.len()) |row| {
        if ((values.get(row) orelse 0) < 2) tenon.reject(row, "row {d} is small", .{row});
    }
    tenon.count("seen", @floatFromInt(values.len()));
    return try batch.withoutRejected();
}

fn late(batch: tenon.Batch) !tenon.Batch {
    const kept = try batch.slice(0, @min(batch.rows(), 2));
    tenon.reject(0, "the first", .{});
    return kept.withoutRejected();
}

fn foreign(_: tenon.Batch) !tenon.Batch {
    return error.Unexpected;
}

const Count = struct {
    rows: i64 = 0,

    pub fn open(_: tenon.NoConfig, input: tenon.Schema) !Count {
        _ = try input.find("a");
        return .{};
    }

    pub fn output(_: *Count, _: tenon.Schema) tenon.Schema {
        return tenon.Schema.empty().with("rows", "l");
    }

    pub fn process(count: *Count, batch: tenon.Batch) void {
        count.rows += @intCast(batch.rows());
    }

    pub fn finish(count: *Count) !tenon.Batch {
        return tenon.Batch.init(&.{.{ "rows", tenon.columnOf(i64, &.{count.rows}) }});
    }
};

comptime {
    tenon.register(.{
        tenon.transform("settings", settings, .{ .doc = "Keeps its configuration.", .reads = &.{"a"} }),
        tenon.transform("positive", positive, .{}),
        tenon.transform("late", late, .{}),
        tenon.transform("foreign", foreign, .{}),
        tenon.stateful("count", Count, .{}),
    });
}

fn numbers() !tenon.Batch {
    tenon.testing.reset();
    return tenon.Batch.init(&.{.{ "a", tenon.columnOf(i64, &.{ 1, null, 3 }) }});
}

test "a configuration becomes a struct" {
    _ = try tenon.testing.run("settings", "{\"column\": \"c\", \"limit\": 7, \"numbers\": [1, 2]}", try numbers());
    try expectEqual(7, seen.limit);
    try expectEqual(0.1, seen.ratio);
    try expect(seen.flag and seen.numbers.len == 2 and seen.numbers[1] == 2);
    try expectEqualStrings("a \"b\"", seen.quoted);
    try expectEqualStrings("y", seen.names[1]);
    try expect(tenon.testing.logged("c 7"));
    const schema = tenon.testing.configSchema("settings").?;
    try expect(std.mem.find(u8, schema, "\"default\":[\"x\",\"y\"]") != null);
    try expect(std.mem.find(u8, schema, "\"required\":[\"column\"]") != null);
}

test "what does not fit is named" {
    try std.testing.expectError(error.Failed, tenon.testing.run("settings", "{\"limit\": 7}", try numbers()));
    try expectEqualStrings("the configuration lacks `column`: expected a text", tenon.failed().?.message);
    try expectEqual(tenon.Kind.bad_config, tenon.failed().?.kind);
}

test "rows are refused" {
    const output = try tenon.testing.run("positive", "{}", try numbers());
    try expectEqual(2, output.rejected.len);
    try expectEqualStrings("row 1 is small", output.rejected[1].reason());
    try expectEqual(1, output.batches[0].rows());
    try expectEqual(3, tenon.testing.counter("seen"));
}

test "rejected rows are left out of no other batch than the input" {
    try std.testing.expectError(error.Failed, tenon.testing.run("late", "{}", try numbers()));
    try expectEqual(tenon.Kind.bad_config, tenon.failed().?.kind);
    const message = tenon.failed().?.message;
    try expect(std.mem.find(u8, message, "has 2 rows, but the function was given 3, ") != null);
    try expect(std.mem.find(u8, message, "before filtering") != null);
    const two = try (try numbers()).slice(0, 2);
    const output = try tenon.testing.run("late", "{}", two);
    try expectEqual(1, output.batches[0].rows());
}

test "an error of another kind has its name" {
    try std.testing.expectError(error.Failed, tenon.testing.run("foreign", "{}", try numbers()));
    try expectEqualStrings("error.Unexpected", tenon.failed().?.message);
}

test "state is kept between batches" {
    _ = try tenon.testing.open("count", "{}", try numbers());
    _ = try tenon.testing.process(try numbers());
    try expectEqual(0, (try tenon.testing.process(try numbers())).batches.len);
    const output = try tenon.testing.finish();
    try expectEqual(6, (try output.batches[0].column(i64, "rows")).get(0).?);
}

test "columns of every kind survive" {
    _ = try numbers();
    inline for (tenon.fixed_types) |entry| {
        const formats = .{
            .time32 = "ttm",
            .time64 = "ttu",
            .timestamp = "tsu:UTC",
            .duration = "tDn",
            .decimal32 = "d:9,2,32",
            .decimal64 = "d:18,3,64",
            .decimal128 = "d:38,10",
            .decimal256 = "d:76,4,256",
        };
        const format = if (entry[2].len != 0) entry[2] else @field(formats, @tagName(entry[1]));
        const builder = tenon.Builder(entry[0]).initFormat(format, 3);
        builder.set(1, null);
        const batch = try tenon.Batch.init(&.{.{ "c", builder.finish() }});
        const values = try batch.column(entry[0], "c");
        try expectEqual(3, values.len());
        try expect(values.get(0) != null and values.get(1) == null);
        try expectEqual(entry[1], tenon.typeOf(values.field));
    }
    const texts = tenon.columnOf([]const u8, &.{ "red", null, "" });
    const flags = tenon.columnOf(bool, &.{ true, false, null });
    const batch = try tenon.Batch.init(&.{ .{ "t", texts }, .{ "f", flags } });
    const taken = try batch.take(&.{ 2, 1, 0 });
    const text = try taken.column([]const u8, "t");
    try expectEqualStrings("red", text.get(2).?);
    try expect(text.get(1) == null and text.get(0).?.len == 0);
    const flag = try taken.column(bool, "f");
    try expect(flag.get(0) == null and flag.get(1) == false and flag.get(2) == true);
}

test "lists and structs survive" {
    _ = try numbers();
    const lists = tenon.ListBuilder.init(3, tenon.columnOf(i64, &.{ 1, null, 3 }));
    lists.end(0, 2);
    lists.end(1, 2);
    lists.setNull(1);
    lists.end(2, 3);
    const names = tenon.columnOf([]const u8, &.{ "a", "b", "c" });
    const people = try tenon.structOf(&.{ .{ "name", names }, .{ "marks", lists.finish() } });
    tenon.setNull(people, 2);
    const batch = try tenon.Batch.init(&.{.{ "person", people }});
    const read = try batch.rawColumn("person");
    try expect(tenon.isNull(read, 2) and !tenon.isNull(read, 0));
    const name = try tenon.view([]const u8, try tenon.member(read, "name"));
    try expectEqualStrings("b", name.get(1).?);
    const marks = try tenon.Lists.of(try tenon.child(read, 1));
    try expect(marks.len() == 3 and marks.get(1) == null);
    try expectEqual(2, marks.get(2).?.from);
    const items = try tenon.view(i64, marks.items);
    try expectEqual(3, items.get(marks.get(2).?.to - 1).?);
    try std.testing.expectError(error.Failed, tenon.Lists.of(read));
}

test "a column of another type is named with its accessor" {
    const batch = try numbers();
    try std.testing.expectError(error.Failed, batch.column(tenon.Timestamp, "a"));
    try expectEqualStrings("column `a` is int64, not tenon.Timestamp; read it with `column(i64, ..)`", tenon.failed().?.message);
}

test "the run offers what was set" {
    tenon.testing.reset();
    tenon.testing.setParameter("year", "2013");
    tenon.testing.setSecret("key", "pepper");
    try expectEqualStrings("2013", tenon.parameter("year").?);
    try expect(tenon.parameter("month") == null);
    try expectEqualStrings("pepper", try tenon.secret("key"));
    try std.testing.expectError(error.Failed, tenon.secret("other"));
    try expectEqual(tenon.Kind.denied, tenon.failed().?.kind);
    tenon.forgive();
    try expect(try tenon.state.get("runs") == null);
    try tenon.state.put("runs", "1");
    try expectEqualStrings("1", (try tenon.state.get("runs")).?);
    var bytes: [16]u8 = undefined;
    try tenon.random(&bytes);
    tenon.testing.answer(try tenon.Batch.init(&.{.{ "total", tenon.columnOf(f64, &.{1.5}) }}));
    const total = try (try numbersKept()).withExpression("total", "a * 1.5");
    try expectEqual(1.5, (try total.column(f64, "total")).get(0).?);
}

fn numbersKept() !tenon.Batch {
    return tenon.Batch.init(&.{.{ "a", tenon.columnOf(i64, &.{1}) }});
}
