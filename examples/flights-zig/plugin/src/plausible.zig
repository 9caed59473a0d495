//! What can't be true of a flight.

const std = @import("std");
const tenon = @import("tenon");

/// Faster than any airliner with the wind behind it, in miles per hour over the ground.
const too_fast = 700;

/// The figures of one flight, as far as they are known.
pub const Flight = struct {
    /// Minutes behind schedule.
    departure_delay: ?i64 = null,
    arrival_delay: ?i64 = null,
    /// Minutes.
    air_time: ?i64 = null,
    /// Miles between the airports.
    distance: ?i64 = null,

    /// Why it can't have been like that; null if it can.
    pub fn impossible(self: Flight) ?[]const u8 {
        if (self.arrival_delay != null and self.departure_delay == null) return "it arrived, but never left";
        const minutes = self.air_time orelse return null;
        if (minutes <= 0) return tenon.print("{d} minutes in the air", .{minutes});
        const miles = self.distance orelse return null;
        if (miles <= 0) return tenon.print("{d} miles between its airports", .{miles});
        const speed = @divTrunc(miles *| 60, minutes);
        if (speed <= too_fast) return null;
        return tenon.print("{d} miles in {d} minutes are {d} mph, above {d}", .{ miles, minutes, speed, too_fast });
    }
};

test "impossible flights are told apart" {
    const testing = std.testing;
    var flight: Flight = .{ .departure_delay = 0, .arrival_delay = 0, .air_time = 227, .distance = 1400 };
    try testing.expectEqual(null, flight.impossible());
    flight.air_time = 65;
    flight.distance = 762;
    try testing.expectEqualStrings("762 miles in 65 minutes are 703 mph, above 700", flight.impossible().?);
    flight.distance = std.math.maxInt(i64);
    try testing.expect(flight.impossible() != null);
    flight.air_time = -5;
    try testing.expectEqualStrings("-5 minutes in the air", flight.impossible().?);
    const ghost: Flight = .{ .arrival_delay = 3 };
    try testing.expectEqualStrings("it arrived, but never left", ghost.impossible().?);
}
