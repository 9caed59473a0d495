//! The root of a plugin's program: the plugin, with panics and `std.log` on the run's log.

const std = @import("std");
const tenon = @import("tenon");

pub const panic = tenon.panic;
pub const std_options: std.Options = .{ .logFn = tenon.logFn };

comptime {
    _ = @import("plugin");
}
