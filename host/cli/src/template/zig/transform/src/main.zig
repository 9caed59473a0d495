//! Tells large orders from small ones.

const tenon = @import("tenon");

/// What the job file says under `config`.
const Classify = struct {
    large_from: f64 = 100,

    pub const docs = .{ .large_from = "Amount from which an order is large." };
};

fn classify(batch: tenon.Batch, config: Classify) !tenon.Batch {
    const amounts = try batch.column(f64, "amount"); // this column crosses, no other
    const sizes = tenon.TextBuilder.init(amounts.len());
    for (0..amounts.len()) |row| {
        const amount = amounts.get(row) orelse {
            sizes.push(null);
            continue;
        };
        if (amount < 0) tenon.reject(row, "the amount is negative", .{});
        sizes.push(if (amount < config.large_from) "small" else "large");
    }
    return (try batch.with("size", sizes.finish())).withoutRejected();
}

comptime {
    tenon.register(.{
        tenon.transform("classify", classify, .{ .doc = "Adds the column `size`; orders below nothing are rejected." }),
    });
}

test "sizes are told and negative amounts rejected" {
    const testing = @import("std").testing;
    const orders = try tenon.Batch.init(&.{.{ "amount", tenon.columnOf(f64, &.{ 20, 250, -1, null }) }});
    const output = try tenon.testing.run("classify", "{\"large_from\": 100}", orders);
    const sizes = try output.batches[0].column([]const u8, "size");
    try testing.expectEqual(3, sizes.len());
    try testing.expectEqualStrings("small", sizes.get(0).?);
    try testing.expectEqualStrings("large", sizes.get(1).?);
    try testing.expectEqual(null, sizes.get(2));
    try testing.expectEqual(2, output.rejected[0].row);
    try testing.expectEqualStrings("the amount is negative", output.rejected[0].reason());
}
