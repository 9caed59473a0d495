//! What a function answers with when something goes wrong.

const std = @import("std");
const c = @import("c.zig");
const memory = @import("memory.zig");

/// Something has failed: what, the SDK keeps for the answer of the call. Every other error of a function becomes
/// `internal`, with its name; `OutOfMemory` becomes `limit`.
pub const Error = error{Failed};

/// What a caller can do about an error.
pub const Kind = c.ErrorKind;

/// Fails the call: `return tenon.fail(.bad_data, "row {d} is wrong", .{row})`. The first error of a call stays.
pub fn fail(kind: Kind, comptime message: []const u8, arguments: anytype) Error {
    c.tenon_fail(kind, "%s", memory.print(message, arguments).ptr);
    return error.Failed;
}

/// Says what was being done when a call failed: `errdefer tenon.context("reading the tariff", .{})`.
pub fn context(comptime doing: []const u8, arguments: anytype) void {
    c.tenon_context("%s", memory.print(doing, arguments).ptr);
}

/// What has failed in this call, if something has.
pub fn failure() ?struct { kind: Kind, message: [:0]const u8 } {
    if (!c.tenon_failed()) return null;
    return .{ .kind = c.tenon_failed_kind(), .message = std.mem.span(c.tenon_failed_message()) };
}

/// Forgets what has failed, to go on without it.
pub fn forgive() void {
    c.tenon_forgive();
}

/// The name of a kind in the contract: `bad-data`.
pub fn kindName(kind: Kind) [:0]const u8 {
    return std.mem.span(c.tenon_kind_name(kind));
}

/// Keeps what a function of the user's failed with.
pub fn note(failed: anyerror) void {
    switch (failed) {
        error.Failed => if (!c.tenon_failed()) c.tenon_fail(.internal, "error.Failed"),
        error.OutOfMemory => c.tenon_fail(.limit, "out of memory"),
        else => c.tenon_fail(.internal, "error.%s", @errorName(failed).ptr),
    }
}
