//! What a run offers besides data. Everything is empty or denied unless the job grants it.

const std = @import("std");
const c = @import("c.zig");
const failure = @import("failure.zig");
const memory = @import("memory.zig");

const Error = failure.Error;

/// How much a message matters.
pub const Level = c.Level;
/// A point in time: seconds since the Unix epoch, and nanoseconds of the second that has begun.
pub const Instant = c.Instant;

/// Writes to the run's log. In a plugin, `std.log` does so too.
pub fn log(level: Level, comptime message: []const u8, arguments: anytype) void {
    c.tenon_log(level, "%s", memory.print(message, arguments).ptr);
}

/// What `std_options.logFn` in the root of a program has to be for `std.log` to reach the run's log; the build of a plugin
/// does that.
pub fn logFn(
    comptime level: std.log.Level,
    comptime scope: @EnumLiteral(),
    comptime message: []const u8,
    arguments: anytype,
) void {
    const scoped = if (scope == .default) message else "(" ++ @tagName(scope) ++ ") " ++ message;
    log(switch (level) {
        .err => .@"error",
        .warn => .warn,
        .info => .info,
        .debug => .debug,
    }, scoped, arguments);
}

/// Adds to a counter of the run's metrics.
pub fn count(metric: [:0]const u8, amount: f64) void {
    c.tenon_count(metric.ptr, amount);
}

/// A job parameter by name.
pub fn parameter(name: [:0]const u8) ?[:0]const u8 {
    return std.mem.span(c.tenon_parameter(name.ptr) orelse return null);
}

/// A secret; a `denied` error unless the job was granted it.
pub fn secret(name: [:0]const u8) Error![:0]const u8 {
    return std.mem.span(c.tenon_secret(name.ptr) orelse return error.Failed);
}

/// The run's clock.
pub fn now() Instant {
    return c.tenon_now();
}

/// Fills memory with random bytes. At most 64 KiB.
pub fn random(bytes: []u8) Error!void {
    if (!c.tenon_random(bytes.ptr, bytes.len)) return error.Failed;
}

/// Values kept between runs of this job.
pub const state = struct {
    /// A value, if there is one.
    pub fn get(key: [:0]const u8) Error!?[]const u8 {
        const value = c.tenon_state_get(key.ptr);
        if (value.data == null) return if (c.tenon_failed()) error.Failed else null;
        return value.slice();
    }

    /// Sets a value.
    pub fn put(key: [:0]const u8, value: []const u8) Error!void {
        if (!c.tenon_state_put(key.ptr, value.ptr, value.len)) return error.Failed;
    }

    /// Removes a value, if it is there.
    pub fn delete(key: [:0]const u8) Error!void {
        if (!c.tenon_state_delete(key.ptr)) return error.Failed;
    }
};
