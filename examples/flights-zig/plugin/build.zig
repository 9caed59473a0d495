//! `tenon build` builds the plugin; `zig build test` runs the tests in src/ on this machine, once `tenon build` has put the
//! SDK into .tenon/sdk.

const std = @import("std");
const sdk = @import(".tenon/sdk/zig/build.zig");

pub fn build(b: *std.Build) void {
    const tests = sdk.addTests(b, .{
        .root = b.path("src/main.zig"),
        .zig_sdk = b.path(".tenon/sdk/zig"),
        .c_sdk = b.path(".tenon/sdk/c"),
    });
    const run = b.addRunArtifact(tests);
    // Whoever asks for tests wants to see them run, also where nothing has changed.
    run.has_side_effects = true;
    b.step("test", "Runs the tests").dependOn(&run.step);
}
