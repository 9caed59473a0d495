//! Memory of a call.

const std = @import("std");
const c = @import("c.zig");

/// Memory that belongs to the call, and in the `open` of a function with state to the state: it is freed when the function
/// has answered, all at once. Where the sandbox has no more, the call ends with a `limit` error that names the limit.
pub const allocator: std.mem.Allocator = .{ .ptr = undefined, .vtable = &.{
    .alloc = allocate,
    .resize = std.mem.Allocator.noResize,
    .remap = std.mem.Allocator.noRemap,
    .free = std.mem.Allocator.noFree,
} };

/// Memory that stays until it is freed, as `malloc` has it.
pub const lasting: std.mem.Allocator = .{ .ptr = undefined, .vtable = &.{
    .alloc = allocateLasting,
    .resize = std.mem.Allocator.noResize,
    .remap = std.mem.Allocator.noRemap,
    .free = freeLasting,
} };

/// What tenon_alloc and malloc align to.
const aligned = 16;

fn allocate(_: *anyopaque, length: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    if (alignment.toByteUnits() > aligned) return null;
    return @ptrCast(c.tenon_alloc(length));
}

extern fn malloc(bytes: usize) ?[*]u8;
extern fn free(memory: ?[*]u8) void;

fn allocateLasting(_: *anyopaque, length: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    if (alignment.toByteUnits() > aligned) return null;
    return malloc(length);
}

fn freeLasting(_: *anyopaque, slice: []u8, _: std.mem.Alignment, _: usize) void {
    free(slice.ptr);
}

/// A text that belongs to the call.
pub fn print(comptime format: []const u8, arguments: anytype) [:0]const u8 {
    // A format that is a text already needs no code for formatting.
    if (@typeInfo(@TypeOf(arguments)).@"struct".field_names.len == 0 and comptime std.mem.findAny(u8, format, "{}") == null)
        return format ++ "";
    return std.fmt.allocPrintSentinel(allocator, format, arguments, 0) catch @panic("a message could not be formatted");
}

/// A number in as few digits as mean it and no other. `print` does so too, with tables of 15 KB.
pub fn digits(number: f64) [:0]const u8 {
    return std.mem.span(c.tenon_format("%g", number));
}

/// Texts as the C SDK takes lists of them.
pub fn list(texts: []const [:0]const u8) c.TextList {
    const items = allocator.alloc([*:0]const u8, texts.len) catch @panic("out of memory");
    for (items, texts) |*to, from| to.* = from.ptr;
    return .{ .items = items.ptr, .count = items.len };
}
