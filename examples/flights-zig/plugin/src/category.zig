//! What became of a flight.

const std = @import("std");

/// From which delay, in minutes, a flight counts as what.
pub const Thresholds = struct {
    late_after: i64 = 15,
    very_late_after: i64 = 120,

    pub const docs = .{
        .late_after = "Minutes behind schedule up to which an arrival still counts as on time.",
        .very_late_after = "Minutes behind schedule after which an arrival counts as very late.",
    };

    /// The category of a flight with these delays, in minutes; null where it didn't leave or arrive.
    pub fn category(self: Thresholds, departure_delay: ?i64, arrival_delay: ?i64) []const u8 {
        const delay = arrival_delay orelse return if (departure_delay == null) "cancelled" else "diverted";
        if (delay < 0) return "early";
        if (delay <= self.late_after) return "on time";
        return if (delay <= self.very_late_after) "late" else "very late";
    }
};

test "every flight has a category" {
    const thresholds: Thresholds = .{};
    for ([_]struct { ?i64, []const u8 }{
        .{ -1, "early" },
        .{ 0, "on time" },
        .{ 15, "on time" },
        .{ 16, "late" },
        .{ 120, "late" },
        .{ 121, "very late" },
        .{ null, "diverted" },
    }) |case| try std.testing.expectEqualStrings(case[1], thresholds.category(0, case[0]));
    try std.testing.expectEqualStrings("cancelled", thresholds.category(null, null));
}
