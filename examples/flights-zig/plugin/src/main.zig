//! The transform of the flights job: says what became of each flight, cleans its tail number, and refuses rows that can't be
//! true.

const std = @import("std");
const tenon = @import("tenon");

const Thresholds = @import("category.zig").Thresholds;
const Flight = @import("plausible.zig").Flight;
const tail_number = @import("tail_number.zig");

/// The category of each flight. What can't be true is refused.
fn categories(batch: tenon.Batch, thresholds: Thresholds) !*tenon.RawColumn {
    const departed = try batch.column(i64, "dep_delay");
    const arrived = try batch.column(i64, "arr_delay");
    const air_time = try batch.column(i64, "air_time");
    const distance = try batch.column(i64, "distance");
    const found = tenon.TextBuilder.init(arrived.len());
    for (0..arrived.len()) |row| {
        const flight: Flight = .{
            .departure_delay = departed.get(row),
            .arrival_delay = arrived.get(row),
            .air_time = air_time.get(row),
            .distance = distance.get(row),
        };
        if (flight.impossible()) |reason| tenon.reject(row, "{s}", .{reason});
        found.push(thresholds.category(flight.departure_delay, flight.arrival_delay));
    }
    return found.finish();
}

/// The tail numbers, cleaned. What the United States don't issue is refused.
fn tailNumbers(batch: tenon.Batch) !*tenon.RawColumn {
    const read = try batch.column([]const u8, "tailnum");
    const cleaned = tenon.TextBuilder.init(read.len());
    for (0..read.len()) |row| {
        const cleaned_one = if (read.get(row)) |text| try tail_number.clean(text) else null;
        cleaned.push(cleaned_one);
        const painted = cleaned_one orelse continue;
        if (!tail_number.isAmerican(painted))
            tenon.reject(row, "{s} is no tail number of the United States: N and one to five digits or letters", .{painted});
    }
    return cleaned.finish();
}

fn categorise(batch: tenon.Batch, thresholds: Thresholds) !tenon.Batch {
    if (thresholds.very_late_after < thresholds.late_after)
        return tenon.fail(.bad_config, "very_late_after ({d} minutes) is less than late_after ({d} minutes)", .{
            thresholds.very_late_after,
            thresholds.late_after,
        });
    const output = try batch.withColumns(&.{
        .{ "delay_category", try categories(batch, thresholds) },
        .{ "tailnum", try tailNumbers(batch) },
    });
    return output.withoutRejected();
}

comptime {
    tenon.register(.{
        tenon.transform("categorise", categorise, .{
            .doc = "Adds `delay_category` and cleans `tailnum`.\n\n" ++
                "`delay_category` is `cancelled`, `diverted`, `early`, `on time`, `late` or `very late`. `tailnum` becomes upper " ++
                "case without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one " ++
                "faster than any airliner, one that arrived but never left, one with a tail number that the United States " ++
                "don't issue.",
            .reads = &.{ "dep_delay", "arr_delay", "tailnum", "air_time", "distance" },
        }),
    });
}

fn flights() !tenon.Batch {
    return tenon.Batch.init(&.{
        .{ "dep_delay", tenon.columnOf(i64, &.{ 2, null, 4, -3, 0 }) },
        .{ "arr_delay", tenon.columnOf(i64, &.{ 11, null, 20, -18, 150 }) },
        .{ "tailnum", tenon.columnOf([]const u8, &.{ " n14228", null, "N24211", "D942DN", "N668DN" }) },
        .{ "air_time", tenon.columnOf(i64, &.{ 227, null, 65, 183, 116 }) },
        .{ "distance", tenon.columnOf(i64, &.{ 1400, 1416, 762, 1576, 762 }) },
    });
}

test "flights are categorised, cleaned and refused" {
    const testing = std.testing;
    const output = try tenon.testing.run("categorise", "{}", try flights());
    const category = try output.batches[0].column([]const u8, "delay_category");
    try testing.expectEqual(3, category.len());
    for ([_][]const u8{ "on time", "cancelled", "very late" }, 0..) |expected, row|
        try testing.expectEqualStrings(expected, category.get(row).?);
    const cleaned = try output.batches[0].column([]const u8, "tailnum");
    try testing.expectEqualStrings("N14228", cleaned.get(0).?);
    try testing.expectEqual(null, cleaned.get(1));
    try testing.expectEqual(2, output.rejected.len);
    try testing.expectEqual(3, output.rejected[1].row);
    try testing.expectStringStartsWith(output.rejected[1].reason(), "D942DN is no tail number");
}

test "thresholds must be in order" {
    tenon.testing.reset();
    const run = tenon.testing.run("categorise", "{\"late_after\": 30, \"very_late_after\": 20}", try flights());
    try std.testing.expectError(error.Failed, run);
    const message = tenon.failed().?.message;
    try std.testing.expectEqualStrings("very_late_after (20 minutes) is less than late_after (30 minutes)", message);
}

test {
    _ = @import("category.zig");
    _ = @import("plausible.zig");
    _ = tail_number;
}
