//! Registrations of aircraft, as painted on their tails.

const std = @import("std");
const tenon = @import("tenon");

/// It in upper case, without spaces around it; null if nothing is left.
pub fn clean(text: []const u8) !?[]const u8 {
    const trimmed = std.mem.trim(u8, text, &std.ascii.whitespace);
    if (trimmed.len == 0) return null;
    return try std.ascii.allocUpperString(tenon.allocator, trimmed);
}

/// Whether the United States would issue it: N and one to five digits or letters, beginning with a digit.
pub fn isAmerican(tail_number: []const u8) bool {
    if (tail_number.len < 2 or tail_number.len > 6) return false;
    if (tail_number[0] != 'N' or !std.ascii.isDigit(tail_number[1])) return false;
    for (tail_number[2..]) |char| {
        if (!std.ascii.isDigit(char) and !std.ascii.isUpper(char)) return false;
    }
    return true;
}

test "tail numbers are cleaned and checked" {
    try std.testing.expectEqualStrings("N14228", (try clean(" n14228\t")).?);
    try std.testing.expectEqual(null, try clean(" \n"));
    for ([_][]const u8{ "N14228", "N619AA" }) |one| try std.testing.expect(isAmerican(one));
    for ([_][]const u8{ "D942DN", "N", "N123456", "NABC" }) |one| try std.testing.expect(!isAmerican(one));
}
