//! Reads orders, tells large ones from small ones, and writes both with what was rejected.

const tenon = @import("tenon");

/// What `classify` is applied with.
const Classify = struct {
    large_from: f64,

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

/// The job: the host plans and runs it, `classify` in sandboxes of its own.
fn run() !void {
    const orders = try tenon.Frame.read("data/orders.csv");
    const classified = try orders.apply("classify", "{\"large_from\": 100}");
    _ = try classified.write("{\"url\": \"out/classified.csv\", \"mode\": \"overwrite\"}");
    const rejected = try classified.rejected();
    _ = try rejected.write("{\"url\": \"out/rejected.ndjson\", \"mode\": \"overwrite\"}");
}

comptime {
    tenon.register(.{
        tenon.transform("classify", classify, .{ .doc = "Adds the column `size`; orders below nothing are rejected." }),
    });
    tenon.job(run);
}

test "orders are classified and written" {
    const testing = @import("std").testing;
    const amounts = tenon.columnOf(f64, &.{ 20, 250, -1 });
    tenon.testing.source("data/orders.csv", try tenon.Batch.init(&.{.{ "amount", amounts }}));
    try tenon.testing.job();
    const sizes = try tenon.testing.written("out/classified.csv").?.column([]const u8, "size");
    try testing.expectEqual(2, sizes.len());
    try testing.expectEqualStrings("large", sizes.get(1).?);
    const because = try tenon.testing.written("out/rejected.ndjson").?.column([]const u8, "rejected_because");
    try testing.expectEqualStrings("the amount is negative", because.get(0).?);
}
